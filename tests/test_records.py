"""A person's raw records, keys, weekdays and standing agree with the bare records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from peewee import Database

from app.database import database as proxy
from app.database import reading, writing
from app.ledger import organization_for, replace_day
from app.models import ApiKey, Partition, Run
from app.queries.people.own_keys import own_keys
from app.queries.people.person import known_person, person_usage, similar_people
from app.queries.people.rank import rank_of
from app.queries.records.question import RecordQuestion, Whose
from app.queries.records.raw import raw_records
from app.queries.scope import Scope
from app.queries.sums.weekdays import by_weekday
from app.usage import DayUsage, RawActor, UsageRecord
from tests.expected import chosen, grouped, tokens
from tests.figures import by_day
from tests.filled import COMPANY_DAYS, LEAP_DAYS, MODELS, ONE_FILLED, Fact, Reader, record
from tests.tools import CLAUDE_CODE, CURSOR

FILTERS = (
    Scope(),
    Scope(tools=(CURSOR,)),
    Scope(tools=(CLAUDE_CODE, CURSOR)),
    Scope(models=("Sonnet 4.5",)),
    Scope(tools=(CURSOR,), models=("Sonnet 4.5", "gpt-5-codex")),
    Scope(models=("nothing",)),
)
RANGES = (
    (None, None),
    LEAP_DAYS,
    (date(2024, 1, 20), date(2024, 3, 3)),
    (date(2024, 2, 29), date(2024, 2, 29)),
    COMPANY_DAYS,
    (date(1999, 1, 1), date(1999, 1, 2)),
)
ADAS = RecordQuestion(Scope(), Whose(person="ada@x.example"))
SCOPES = [scope._replace(start=start, end=end) for scope in FILTERS for start, end in RANGES]


@pytest.fixture
def town_database(town: Reader) -> Iterator[Reader]:
    """The town, with its database open in one snapshot."""
    with proxy.connection_context(), reading():
        yield town


@pytest.fixture
def company_database(company: Reader) -> Iterator[Reader]:
    """The company, with its database open in one snapshot."""
    with proxy.connection_context(), reading():
        yield company


def in_scope(facts: list[Fact], scope: Scope) -> list[Fact]:
    """The facts that a scope leaves."""
    return chosen(facts, scope.start, scope.end, scope.tools, scope.models)


def check_records(reader: Reader, scope: Scope) -> None:
    """Pages of seven, laid end to end, are the bare records of each person, once each."""
    facts = grouped(in_scope(reader.facts, scope), lambda fact: fact.email)
    for email in {fact.email for fact in reader.facts if fact.email}:
        person = known_person(email)
        assert person is not None
        keys = own_keys(person.person_id, scope)
        own = facts.get(email, [])
        assert sum(key.records_in_scope for key in keys) == len(own)
        assert sum(key.tokens_in_scope for key in keys) == tokens(own)
        assert sum(key.value_nanos_in_scope for key in keys) == sum(fact.nanos or 0 for fact in own)
        asked = RecordQuestion(scope, Whose(person=email))
        found = []
        for offset in range(0, len(own) + 7, 7):
            found += raw_records(asked, limit=7, offset=offset)
        assert Counter(
            (row.day, row.tool, row.raw_model, row.model, row.tokens, row.value_nanos)
            for row in found
        ) == Counter(
            (fact.day, fact.tool, fact.raw, fact.model, fact.tokens, fact.nanos) for fact in own
        )
        assert [row.day for row in found] == sorted((row.day for row in found), reverse=True)


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_pages_of_records_are_the_bare_records(town_database: Reader, scope: Scope) -> None:
    check_records(town_database, scope)


@pytest.mark.parametrize("scope", [Scope(*COMPANY_DAYS), Scope(tools=(CURSOR,))], ids=str)
def test_records_of_the_company_are_the_bare_records(
    company_database: Reader, scope: Scope
) -> None:
    check_records(company_database, scope)


def test_keys_of_all_time_add_up_to_the_person(company_database: Reader) -> None:
    scope = Scope(date(1999, 1, 1), date(1999, 1, 2))
    by_email = grouped(company_database.facts, lambda fact: fact.email)
    for email, facts in by_email.items():
        person = known_person(email) if email else None
        if person is None:
            continue
        keys = own_keys(person.person_id, scope)
        assert sum(key.tokens for key in keys) == tokens(facts)
        assert sum(key.value_nanos for key in keys) == sum(fact.nanos or 0 for fact in facts)
        used = [key for key in keys if key.first_day]
        assert min(key.first_day for key in used) == person.first_day
        assert max(key.last_day for key in used) == person.last_day
        assert {key.tool for key in used} == {fact.tool for fact in facts}
        assert all(key.tokens_in_scope == key.records_in_scope == 0 for key in keys)


def test_a_persons_record_day_is_the_first_with_most_tokens(town_database: Reader) -> None:
    for email, facts in grouped(town_database.facts, lambda fact: fact.email).items():
        if not email:
            continue
        days = {day: tokens(group) for day, group in grouped(facts, lambda f: f.day).items()}
        record_day = min(days, key=lambda day: (-days[day], day))
        found = known_person(email)
        assert found is not None
        assert (found.record_day, found.record_tokens) == (record_day, days[record_day])
        assert (found.first_day, found.last_day) == (min(days), max(days))


def test_a_person_without_usage_has_no_days(town_database: Reader) -> None:
    found = known_person("idle@town.example")
    assert found is not None
    assert found[3:] == (None, None, None, 0, None)
    assert own_keys(found.person_id, Scope()) == []
    assert raw_records(RecordQuestion(Scope(), Whose(person="idle@town.example"))) == []


def test_nobody_is_known_by_an_unknown_address(town_database: Reader) -> None:
    assert known_person("nobody@town.example") is None


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("ada.lovelace@town.example", "ada@town.example"),
        ("underscore@town.example", "under_score@town.example"),
        ("TWIN-1@elsewhere.example", "twin-1@town.example"),
    ],
)
def test_similar_addresses_come_first(town_database: Reader, asked: str, first: str) -> None:
    assert similar_people(asked)[0] == (first, "")


@pytest.mark.parametrize("asked", ["", "@", "%", "%%%%@x", "zz@town.example", "\\", "'"])
def test_nothing_is_similar_to_nothing(town_database: Reader, asked: str) -> None:
    assert similar_people(asked) == []


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_the_standing_counts_people_with_less_a_day(town_database: Reader, scope: Scope) -> None:
    people = grouped(in_scope(town_database.facts, scope), lambda fact: fact.email)
    people.pop(None, None)
    days = {email: len({fact.day for fact in facts}) for email, facts in people.items()}
    rates = {
        email: Fraction(tokens(facts), days[email])
        for email, facts in people.items()
        if days[email] >= 2
    }
    for email, facts in people.items():
        found = rank_of(scope, tokens(facts), days[email])
        if days[email] < 2:
            assert found is None
            continue
        below = sum(1 for rate in rates.values() if rate < rates[email])
        assert found == (len(rates), below)


def test_the_standing_follows_the_data(database: Database) -> None:
    store([(0, "ada@x.example", 10), (1, "ada@x.example", 10)])
    assert stand("ada@x.example") == (1, 0)
    store([(2, "bob@x.example", 4), (3, "bob@x.example", 5)])
    assert stand("ada@x.example") == (2, 1)
    assert stand("bob@x.example") == (2, 0)


def stand(email: str) -> tuple[int, int] | None:
    """The rank of a person over all time."""
    person = known_person(email)
    assert person is not None
    usage = person_usage(Scope(), person.person_id)
    whole = sum(point.figures.tokens for point in usage.days)
    with reading():
        return rank_of(Scope(), whole, len(usage.days))


def store(rows: list[tuple[int, str, int]]) -> None:
    """Records of (day in June 2026, e-mail, tokens), each its own day."""
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    for offset, email, count in rows:
        day = date(2026, 6, 1) + timedelta(days=offset)
        put([record(day, email, *MODELS[7], count, 0, 0, 0, 0)], run)


def put(records: list[UsageRecord], run: Run, source: str = "test") -> None:
    """Store records of one day and tool."""
    usage = DayUsage(records[0].day, records, settled=True)
    organization = organization_for(records[0].tool)
    with writing():
        replace_day(organization, source, usage, run, email_domain="x.example")


@ONE_FILLED
@pytest.mark.parametrize("scope", [s for s in SCOPES if s.start], ids=str)
def test_weekdays_average_over_every_such_day(town_database: Reader, scope: Scope) -> None:
    person = known_person("ada@town.example")
    assert person is not None
    assert scope.start is not None
    everybody = in_scope(town_database.facts, scope)
    for person_id, facts in (
        (None, everybody),
        (person.person_id, [fact for fact in everybody if fact.email == person.email]),
    ):
        assert scope.end is not None
        points = by_day(scope) if person_id is None else person_usage(scope, person_id).days
        found = by_weekday(points, scope.start, scope.end)
        assert [weekday.weekday for weekday in found] == list(range(7))
        assert sum(weekday.days for weekday in found) == scope.days
        for weekday in found:
            own = [fact for fact in facts if fact.day.weekday() == weekday.weekday]
            assert weekday.figures.tokens == tokens(own)
            average = Fraction(tokens(own), weekday.days) if weekday.days else 0
            assert weekday.average_tokens == round(average)


def test_weekdays_leave_open_days_out(town_database: Reader) -> None:
    monday = date(2024, 1, 1)
    person = known_person("ada@town.example")
    assert person is not None
    usage = person_usage(Scope(monday, monday + timedelta(days=13)), person.person_id)
    found = by_weekday(usage.days, monday, monday + timedelta(days=13), {monday})
    assert [weekday.days for weekday in found] == [1, 2, 2, 2, 2, 2, 2]
    assert sum(weekday.days_used for weekday in found) == len(
        [point for point in usage.days if point.day != monday]
    )


def test_a_record_says_where_it_came_from(database: Database) -> None:
    organization = organization_for("anthropic")
    ApiKey.create(
        organization=organization,
        external_id="apikey_1",
        name="claude_code_key_ada_x1y2",
        status="archived",
    )
    run = Run.create(kind="backfill", status="ok", start_day=1, end_day=1, started_at=1)
    day = date(2026, 6, 1)
    moment = datetime(2026, 6, 1, 12, 30, 5, 250_000, UTC)
    described = record(day, "", CLAUDE_CODE, "claude-opus-4-1-20250805", 1, 2, 3, 4, 5)._replace(
        actor=RawActor(key="apikey_1", workspace="wrkspc_1"),
        at_ms=int(moment.timestamp() * 1000),
        detail='{"maxMode":true,"kind":"Usage-based"}',
        billed_nanos=None,
    )
    plain = described._replace(
        at_ms=None, detail="not json", tokens=described.tokens._replace(input=9)
    )
    usage = DayUsage(day, [plain, described], settled=True)
    with writing():
        replace_day(organization, "messages", usage, run, email_domain="x.example")
    person = known_person("ada@x.example")
    assert person is not None
    (key,) = own_keys(person.person_id, Scope())
    assert (key.rule, key.origin.key_name, key.origin.key_status) == (
        "key name",
        "claude_code_key_ada_x1y2",
        "archived",
    )
    first, second = raw_records(ADAS)
    assert (first.at, second.at) == (moment, None)
    assert first.cache_write_tokens == 5
    assert (first.source, first.run_id, first.run_kind) == ("messages", run.id, "backfill")
    assert first.detail == {"maxMode": True, "kind": "Usage-based"}
    assert second.detail == {"detail": "not json"}
    assert first.requests is None
    assert first.billed_nanos is None
    assert first.origin.workspace == "wrkspc_1"
    assert (first.origin.organization, first.owner, first.files) == ("main", "ada@x.example", ())


def test_records_of_a_source_that_does_not_count_are_left_out(database: Database) -> None:
    store([(0, "ada@x.example", 10)])
    Partition.update(counts=False).execute()
    person = known_person("ada@x.example")
    assert person is not None
    (key,) = own_keys(person.person_id, Scope())
    assert (key.tokens, key.records_in_scope, key.first_day) == (0, 0, None)
    assert raw_records(ADAS) == []
