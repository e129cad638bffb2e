"""The ledger replaces days whole, keeps twins, loses nothing, and its rollups always agree."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest
from peewee import Database, PeeweeException

from app.identity import resolve_again, store_directory
from app.ledger import Outcome, bump_data_version, hash_of, organization_for, replace_day
from app.models import Actor, DayChange, Mapping, Meta, Organization, Partition, Run, Usage
from app.queries.scope import Scope
from app.rollups import refresh_everything
from app.usage import (
    DayUsage,
    Directory,
    ListedKey,
    ListedMember,
    ListedWorkspace,
    PriceStatus,
    RawActor,
    Tokens,
    UsageRecord,
)
from tests.figures import active_people, people, totals
from tests.invented import rollup_content
from tests.tools import CLAUDE_CODE, CURSOR

DAY = date(2026, 11, 2)
DOMAIN = "example.com"


def record(
    day: date = DAY,
    *,
    key: str = "key-1",
    account: str = "",
    tool: str = CLAUDE_CODE,
    model: str = "claude-opus-5",
    tokens: int = 10,
    value: int | None = 5,
    at_ms: int | None = None,
) -> UsageRecord:
    return UsageRecord(
        day,
        RawActor(key, account, ""),
        tool,
        model,
        Tokens(input=tokens),
        1,
        value,
        None,
        PriceStatus.UNPRICED if value is None else PriceStatus.TABLE,
        at_ms,
    )


@pytest.fixture
def run(database: Database) -> Run:
    return Run.create(kind="sync", status="running", start_day=1, end_day=1, started_at=1)


@pytest.fixture
def anthropic(database: Database) -> Organization:
    return organization_for("anthropic")


def store(organization: Organization, run: Run, *records: UsageRecord, day: date = DAY, **options):
    usage = DayUsage(day, list(records), settled=True)
    return replace_day(organization, "messages", usage, run, email_domain=DOMAIN, **options)


def test_replaces_a_day_whole(anthropic: Organization, run: Run) -> None:
    assert store(anthropic, run, record(), record(key="key-2")).outcome is Outcome.NEW
    stored = store(anthropic, run, record(tokens=7))
    assert stored.outcome is Outcome.CHANGED
    assert (stored.before.tokens, stored.after.tokens) == (20, 7)
    assert totals(Scope()).figures.tokens == 7
    assert Usage.select().count() == 1


def test_keeps_identical_events_apart(anthropic: Organization, run: Run) -> None:
    twin = record(at_ms=1_790_000_000_000)
    store(anthropic, run, twin, twin)
    assert totals(Scope()).figures.tokens == 20
    assert store(anthropic, run, twin).outcome is Outcome.CHANGED
    assert totals(Scope()).figures.tokens == 10


def test_order_does_not_matter_but_number_does() -> None:
    one, two = record(), record(key="key-2")
    assert hash_of([one, two]) == hash_of([two, one])
    assert hash_of([one, one]) != hash_of([one])


def test_an_unchanged_day_only_gets_a_new_stamp(anthropic: Organization, run: Run) -> None:
    store(anthropic, run, record())
    Partition.update(fetched_at=5).execute()
    version = Meta.get().data_version
    later = Run.create(kind="sync", status="running", start_day=1, end_day=1, started_at=1)
    assert store(anthropic, later, record()).outcome is Outcome.UNCHANGED
    stamp = Partition.get()
    assert stamp.fetched_at > 5
    assert stamp.run == later
    assert Meta.get().data_version == version
    assert DayChange.select().count() == 1


def test_an_empty_day_is_remembered_as_read(anthropic: Organization, run: Run) -> None:
    assert store(anthropic, run).outcome is Outcome.NEW
    assert Partition.get().records == 0
    assert store(anthropic, run).outcome is Outcome.UNCHANGED


def test_a_day_that_became_empty_is_kept(anthropic: Organization, run: Run) -> None:
    store(anthropic, run, record())
    assert store(anthropic, run).outcome is Outcome.SUSPICIOUS
    assert totals(Scope()).figures.tokens == 10
    assert Partition.get().suspicious_at
    assert store(anthropic, run, allow_empty=True).outcome is Outcome.CHANGED
    assert totals(Scope()).figures.tokens == 0
    assert Partition.get().suspicious_at is None


def test_nothing_is_dropped_for_lack_of_key_model_or_price(
    anthropic: Organization, run: Run
) -> None:
    store(
        anthropic,
        run,
        record(key="", model="", value=None, tokens=1),
        record(key="", model="claude-nova-9", value=None, tokens=2),
        record(key="", tokens=4),
    )
    found = totals(Scope())
    assert found.figures.tokens == found.unattributed.tokens == 7
    assert found.figures.unpriced_tokens == 3
    assert found.figures.value_nanos == 5
    assert active_people(Scope()) == 0
    assert totals(Scope(models=("(unknown)",))).figures.tokens == 1


def test_a_failure_in_the_middle_leaves_the_old_day(
    anthropic: Organization, run: Run, database: Database
) -> None:
    store(anthropic, run, record(), record(key="key-2"))
    before = rollup_content()
    with pytest.raises(PeeweeException):
        store(anthropic, run, record(tokens=3), record(key="key-3", tokens=-1))
    assert rollup_content() == before
    assert Partition.get().tokens == 20
    assert Usage.select().count() == 2


def test_a_mapping_moves_usage_without_touching_it(anthropic: Organization, run: Run) -> None:
    store(anthropic, run, record(), record(key="key-2", tokens=4))
    rows = list(Usage.select().tuples())
    Mapping.create(key="key-1", email="ann@example.com", created_at=1)
    assert resolve_again(anthropic, DOMAIN) == 1
    bump_data_version()
    assert [person.email for person in people(Scope()).people] == ["ann@example.com"]
    assert totals(Scope()).unattributed.tokens == 4
    Mapping.delete().execute()
    resolve_again(anthropic, DOMAIN)
    bump_data_version()
    assert people(Scope()).people == []
    assert totals(Scope()).unattributed.tokens == 14
    assert list(Usage.select().tuples()) == rows


def test_two_keys_of_one_person_are_one_active_day(anthropic: Organization, run: Run) -> None:
    for key in ("key-1", "key-2"):
        Mapping.create(key=key, email="ann@example.com", created_at=1)
    store(anthropic, run, record(), record(key="key-2"))
    (ann,) = people(Scope()).people
    assert (ann.days, ann.figures.tokens) == (1, 20)


def directory() -> Directory:
    """Three members, of whom two share a local part; keys of every kind."""
    members = (
        ListedMember("u1", "ann.lee@example.com", "Ann"),
        ListedMember("u2", "bo@example.com", "Bo"),
        ListedMember("u3", "bo@other.example", "Bo too"),
    )
    keys = (
        ListedKey("bound", "any name", workspace_id="cc", bound_member_id="u1"),
        ListedKey("made", "any name", workspace_id="cc", creator_member_id="u2"),
        ListedKey("elsewhere", "any name", workspace_id="ws", bound_member_id="u1"),
        ListedKey("named", "claude_code_key_ann.lee_abcd"),
        ListedKey("shouted", "CLAUDE_CODE_KEY_Ann.Lee_ABCD"),
        ListedKey("nobody yet", "claude_code_key_zoe_abcd"),
        ListedKey("two of them", "claude_code_key_bo_abcd"),
        ListedKey("with_underscore", "claude_code_key_jo_ann_abcd"),
        ListedKey("almost", "claude_code_key_ann.lee"),
    )
    return Directory(
        members, keys, (ListedWorkspace("cc", "Claude Code"), ListedWorkspace("ws", "Platform"))
    )


@pytest.mark.parametrize(
    ("key", "account", "email", "rule"),
    [
        ("", "u1", "ann.lee@example.com", "account"),
        ("two of them", "u1", "ann.lee@example.com", "account"),
        ("bound", "", "ann.lee@example.com", "key owner"),
        ("made", "", "bo@example.com", "key owner"),
        ("elsewhere", "", "", ""),
        ("named", "", "ann.lee@example.com", "key name"),
        ("shouted", "", "ann.lee@example.com", "key name"),
        ("nobody yet", "", "zoe@example.com", "key name"),
        ("two of them", "", "bo@example.com", "key name"),
        ("with_underscore", "", "jo_ann@example.com", "key name"),
        ("almost", "", "", ""),
        ("not listed", "", "", ""),
        ("", "", "", ""),
        ("", "gone", "", ""),
    ],
)
def test_attributes_by_the_rules_in_their_order(
    anthropic: Organization, run: Run, key: str, account: str, email: str, rule: str
) -> None:
    store_directory(anthropic, directory())
    store(anthropic, run, record(key=key, account=account))
    assert [person.email for person in people(Scope()).people] == ([email] if email else [])
    assert Actor.get().rule == rule


def test_an_administrators_mapping_goes_before_every_rule(
    anthropic: Organization, run: Run
) -> None:
    store_directory(anthropic, directory())
    Mapping.create(key="bound", email="boss@example.com", created_at=1)
    store(anthropic, run, record(key="bound", account="u2"))
    assert [person.email for person in people(Scope()).people] == ["boss@example.com"]


def test_cursor_usage_belongs_to_its_email(run: Run) -> None:
    cursor = organization_for("cursor")
    store(cursor, run, record(key="", account="ann@example.com", tool=CURSOR))
    assert [person.email for person in people(Scope()).people] == ["ann@example.com"]


@pytest.mark.parametrize("seed", range(6))
def test_any_history_ends_with_the_truth(database: Database, run: Run, seed: int) -> None:
    """Random days, revisions and mappings against a plain dictionary."""
    dice = random.Random(seed)
    organizations = {name: organization_for(name) for name in ("anthropic", "cursor")}
    truth: dict[tuple[str, date], list[UsageRecord]] = {}
    mapping: dict[str, str] = {}
    for _ in range(40):
        if dice.random() < 0.3:
            key = f"key-{dice.randrange(4)}"
            mapping[key] = f"p{dice.randrange(3)}@example.com"
            Mapping.insert(key=key, email=mapping[key], created_at=1).on_conflict(
                conflict_target=[Mapping.key], preserve=[Mapping.email]
            ).execute()
            for organization in organizations.values():
                resolve_again(organization, DOMAIN)
            continue
        name = dice.choice(list(organizations))
        day = date(2026, 1, 25) + timedelta(days=dice.randrange(12))
        records = [random_record(dice, name, day) for _ in range(dice.randrange(5))]
        truth[name, day] = records
        store(organizations[name], run, *records, day=day, allow_empty=True)
    assert_equals_dictionary(truth, mapping)
    before = rollup_content()
    refresh_everything()
    assert rollup_content() == before


def test_a_tool_that_a_day_tells_of_no_more_leaves_nothing(
    database: Database, anthropic: Organization, run: Run
) -> None:
    cursor = organization_for("cursor")
    store(anthropic, run, record(tokens=5))
    store(cursor, run, record(tool=CURSOR, tokens=7), record(tokens=11))
    store(cursor, run, record(tool=CURSOR, tokens=13))
    found = rollup_content()
    refresh_everything()
    assert rollup_content() == found


def random_record(dice: random.Random, provider: str, day: date) -> UsageRecord:
    if provider == "cursor":
        who = {"key": "", "account": dice.choice(["", "p1@example.com", "p2@example.com"])}
        tool, models = CURSOR, ["default", "gpt-5"]
    else:
        who = {"key": dice.choice(["", "key-0", "key-1", "key-2", "key-3"])}
        tool, models = CLAUDE_CODE, ["claude-opus-5", "claude-nova-9", ""]
    return record(
        day,
        **who,
        tool=tool,
        model=dice.choice(models),
        tokens=dice.randrange(3 * 10**9),
        value=dice.choice([None, dice.randrange(10**12)]),
    )


def assert_equals_dictionary(
    truth: dict[tuple[str, date], list[UsageRecord]], mapping: dict[str, str]
) -> None:
    every = [usage for records in truth.values() for usage in records]
    for start, end in (
        (None, None),
        (date(2026, 1, 25), date(2026, 3, 3)),
        (date(2026, 2, 10), date(2026, 2, 20)),
        (date(2026, 1, 31), date(2026, 2, 1)),
    ):
        chosen = [r for r in every if (not start or r.day >= start) and (not end or r.day <= end)]
        scope = Scope(start, end)
        assert totals(scope).figures.tokens == sum(r.total_tokens for r in chosen)
        assert totals(scope).figures.value_nanos == sum(r.value_nanos or 0 for r in chosen)
        tokens: dict[str, int] = defaultdict(int)
        days: dict[str, set[date]] = defaultdict(set)
        for usage in chosen:
            email = mapping.get(usage.actor.key, "") or usage.actor.account
            tokens[email] += usage.total_tokens
            days[email].add(usage.day)
        unattributed = tokens.pop("", 0)
        assert totals(scope).unattributed.tokens == unattributed
        found = people(scope).people
        assert {person.email: person.figures.tokens for person in found} == tokens
        assert all(len(days[person.email]) == person.days for person in found)
