"""The demo company is believable, always the same, and stored like real usage."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter

import pytest
from peewee import Database, fn

from app.dates import day_number, days_between
from app.demo import DemoCompany, DemoRefused, DemoResult, database_holds_usage, write_demo
from app.demo.names import invented_names, local_part
from app.demo.rhythm import repeatable_dice
from app.identity import KnownDirectory
from app.ledger import organization_for, replace_day
from app.locks import exclusive_lock
from app.models import Actor, DayChange, Meta, Organization, Partition, Person, Run, Usage
from app.providers import PROVIDERS
from app.runs import begin_run
from app.usage import DayUsage, PriceStatus, UsageRecord

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
TODAY = NOW.date()
A_TUESDAY = date(2026, 11, 17)
NAMES = tuple(provider.NAME for provider in PROVIDERS)


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return DemoCompany(212)


def month_of(company: DemoCompany, provider: str) -> list[UsageRecord]:
    days = days_between(date(2026, 10, 20), A_TUESDAY)
    return [record for day in days for record in company.day(provider, day, now=NOW).records]


def tokens_of(company: DemoCompany, day: date, provider: str = "anthropic") -> int:
    return sum(record.total_tokens for record in company.day(provider, day, now=NOW).records)


@pytest.mark.parametrize("provider", NAMES)
def test_a_day_is_the_same_in_any_range(provider: str, company: DemoCompany) -> None:
    again = DemoCompany(212)
    again.day(provider, date(2026, 3, 3), now=NOW)
    later = NOW + timedelta(days=40)
    expected = company.day(provider, A_TUESDAY, now=NOW)
    assert len(expected.records) > 50
    assert again.day(provider, A_TUESDAY, now=later) == expected
    assert again.directory(provider) == company.directory(provider)


@pytest.mark.parametrize("provider", NAMES)
def test_another_seed_is_another_company(provider: str, company: DemoCompany) -> None:
    other = DemoCompany(212, seed=2)
    assert other.directory(provider) != company.directory(provider)
    assert other.day(provider, A_TUESDAY, now=NOW) != company.day(provider, A_TUESDAY, now=NOW)


@pytest.mark.parametrize("provider", NAMES)
def test_today_only_holds_what_has_happened(provider: str, company: DemoCompany) -> None:
    moments = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (0, 6, 10, 14, 18, 23)]
    days = [company.day(provider, TODAY, now=moment) for moment in moments]
    tokens = [sum(record.total_tokens for record in day.records) for day in days]
    whole = company.day(provider, TODAY, now=NOW + timedelta(days=1))
    assert tokens[0] == 0
    assert tokens == sorted(tokens)
    assert 0 < tokens[3] < tokens[5] <= sum(record.total_tokens for record in whole.records)
    assert not any(day.settled for day in days)
    assert whole.settled


def test_no_event_lies_after_now_or_outside_its_day(company: DemoCompany) -> None:
    now_ms = NOW.timestamp() * 1000
    events = company.day("cursor", TODAY, now=NOW).records
    assert events
    assert all(event.at_ms is not None and event.at_ms < now_ms for event in events)
    whole = company.day("cursor", A_TUESDAY, now=NOW).records
    moments = [datetime.fromtimestamp((event.at_ms or 0) / 1000, UTC).date() for event in whole]
    assert set(moments) == {A_TUESDAY}


def test_a_future_day_and_one_before_the_company_are_empty(company: DemoCompany) -> None:
    tomorrow, long_ago = TODAY + timedelta(days=1), date(2024, 5, 5)
    for provider in NAMES:
        assert company.day(provider, tomorrow, now=NOW) == DayUsage(tomorrow, [], False)
        assert company.day(provider, long_ago, now=NOW) == DayUsage(long_ago, [], True)


def test_rejects_a_company_of_nobody_and_an_unknown_provider(company: DemoCompany) -> None:
    with pytest.raises(ValueError, match="at least one person, not 0"):
        DemoCompany(0)
    with pytest.raises(ValueError, match="anthropic and cursor, not 'copilot'"):
        company.day("copilot", TODAY, now=NOW)


@pytest.mark.parametrize("people", [1, 2, 5])
def test_the_smallest_companies_work(people: int) -> None:
    small = DemoCompany(people)
    for provider in NAMES:
        small.directory(provider)
        for day in days_between(date(2025, 12, 20), date(2026, 1, 10)):
            small.day(provider, day, now=NOW)


def test_every_person_has_an_address_of_their_own() -> None:
    named = invented_names(30_000, repeatable_dice("names"))
    parts = [part for _, part in named]
    assert len(set(parts)) == 30_000
    assert all(part.isascii() for part in parts)
    assert local_part("Zoë O'Brien") == "zoe.obrien"


def test_one_claude_record_per_key_workspace_model_and_tier(company: DemoCompany) -> None:
    records = company.day("anthropic", A_TUESDAY, now=NOW).records
    groups = Counter((record.actor, record.model, record.detail) for record in records)
    assert max(groups.values()) == 1


def test_claude_tokens_are_mostly_read_from_the_cache(company: DemoCompany) -> None:
    records = month_of(company, "anthropic")
    tokens = sum(record.total_tokens for record in records)
    reads = sum(record.tokens.cache_read for record in records)
    output = sum(record.tokens.output for record in records)
    assert 85 <= reads * 100 // tokens <= 93
    assert 0 <= output * 100 // tokens <= 2
    assert all(type(part) is int for record in records for part in record.tokens)


def test_weeks_and_holidays_have_their_rhythm(company: DemoCompany) -> None:
    weekday = tokens_of(company, A_TUESDAY, "cursor")
    assert tokens_of(company, date(2026, 11, 15), "cursor") < weekday / 4
    assert tokens_of(company, date(2026, 5, 1)) < tokens_of(company, date(2026, 4, 29)) / 4
    assert tokens_of(company, date(2025, 12, 2)) < tokens_of(company, A_TUESDAY) / 2


def test_models_follow_each_other(company: DemoCompany) -> None:
    def models_on(day: date) -> set[str]:
        records = company.day("anthropic", day, now=NOW).records
        return {record.model for record in records if record.actor.key}

    assert "claude-sonnet-4-5-20250929" in models_on(date(2025, 12, 2))
    assert "claude-sonnet-5-5" not in models_on(date(2026, 8, 18))
    assert {"claude-sonnet-5", "claude-sonnet-5-5"} <= models_on(date(2026, 9, 29))
    assert "claude-opus-5-5" in models_on(A_TUESDAY)


def test_only_the_new_model_has_no_price(company: DemoCompany) -> None:
    claude = month_of(company, "anthropic")
    unpriced = [record for record in claude if record.value_nanos is None]
    assert {record.model for record in unpriced} == {"claude-nova-9"}
    assert {record.price_status for record in unpriced} == {PriceStatus.UNPRICED}
    assert len({record.actor for record in unpriced}) > 1


def test_cursor_charges_some_events_and_includes_others(company: DemoCompany) -> None:
    events = month_of(company, "cursor")
    assert all(event.billed_nanos in (0, event.value_nanos) for event in events)
    billed = sum(event.billed_nanos != 0 for event in events)
    assert len(events) / 10 < billed < len(events) * 9 / 10
    for word in ('"cloudAgentId"', '"maxMode":true', '"isHeadless":true', "Nightly CI Agent"):
        assert any(word in event.detail for event in events), word


def test_most_usage_has_an_owner_and_some_has_none(company: DemoCompany) -> None:
    listed = company.directory("anthropic")
    known = KnownDirectory("other.example")
    known.members = {member.id: member.email for member in listed.members}
    known.keys = {key.id: key for key in listed.keys}
    known.claude_code_workspaces = {listed.workspaces[0].id}
    for email in known.members.values():
        known.emails_by_local_part.setdefault(email.split("@")[0], set()).add(email)
    actors = {record.actor for record in month_of(company, "anthropic")}
    resolved = {actor: known.resolve(actor) for actor in actors}
    rules = Counter(rule for _, rule in resolved.values())
    assert rules["key owner"] > 50
    assert set(rules) == {"key owner", "key name", "account", ""}
    assert {email for email, _ in resolved.values() if email} <= set(known.members.values())
    nobody = {
        known.keys[actor.key].name for actor in actors if actor.key and not resolved[actor][0]
    }
    assert nobody == {"ci-review-bot", "eval-harness", "notebook-experiments"}


def test_the_review_bot_works_every_day(company: DemoCompany) -> None:
    bot = next(key.id for key in company.directory("anthropic").keys if key.name == "ci-review-bot")
    batches = [record for record in month_of(company, "anthropic") if record.actor.key == bot]
    assert len({record.day for record in batches}) == (A_TUESDAY - date(2026, 10, 20)).days + 1
    assert any("batch" in record.detail for record in batches)


def write(people: int = 20, days: int = 30, now: datetime = NOW) -> DemoResult:
    return write_demo(
        people, days, now=now, email_domain="other.example", progress=lambda *step: None
    )


def generated(people: int, days: int) -> list[UsageRecord]:
    company = DemoCompany(people)
    return [
        record
        for day in days_between(TODAY - timedelta(days=days - 1), TODAY)
        for provider in NAMES
        for record in company.day(provider, day, now=NOW).records
    ]


def test_stores_exactly_what_was_generated_and_its_people(database: Database) -> None:
    result = write()
    records = generated(20, 30)
    assert result == DemoResult(
        20, 30, len(records), sum(record.total_tokens for record in records)
    )
    for column, figure in (
        ("cache_read_tokens", "tokens.cache_read"),
        ("output_tokens", "tokens.output"),
        ("value_nanos", "value_nanos"),
        ("billed_nanos", "billed_nanos"),
    ):
        stored = Usage.select(fn.SUM(getattr(Usage, column))).scalar()
        assert int(stored) == sum(attrgetter(figure)(record) or 0 for record in records), column
    assert Usage.select().count() == len(records)
    open_days = Partition.select(Partition.day).where(~Partition.settled).distinct().tuples()
    assert list(open_days) == [(day_number(TODAY),)]
    assert {(row.provider, row.name) for row in Organization.select()} == {
        (provider, "demo") for provider in NAMES
    }
    emails = {row.email for row in Person.select()}
    assert emails == {person.email for person in DemoCompany(20).people}
    unmapped = Actor.select().where(Actor.person.is_null() & (Actor.key != ""))
    assert "Nightly CI Agent" in {actor.label for actor in unmapped}


def test_writes_its_run_into_the_log(database: Database) -> None:
    write(days=3)
    run = Run.get()
    assert (run.kind, run.status) == ("demo", "ok")
    assert (run.start_day, run.end_day) == (20261118, 20261120)
    assert {(part.provider, part.status, part.days_done) for part in run.providers} == {
        (provider, "ok", 3) for provider in NAMES
    }


def test_written_twice_changes_nothing(database: Database) -> None:
    first = write(days=5)
    version, changes = Meta.get().data_version, DayChange.select().count()
    assert write(days=5) == first
    assert (Meta.get().data_version, DayChange.select().count()) == (version, changes)
    second = Run.select().order_by(Run.id.desc()).get()
    assert {part.days_changed for part in second.providers} == {0}
    assert sum(part.records_unchanged for part in second.providers) == first.records


def test_tells_its_progress_oldest_day_first(database: Database) -> None:
    steps: list[tuple[int, int, date]] = []
    write_demo(
        3, 4, now=NOW, email_domain="other.example", progress=lambda *step: steps.append(step)
    )
    assert steps == [(number, 4, date(2026, 11, 16 + number)) for number in (1, 2, 3, 4)]


def test_a_stopped_demo_keeps_the_days_it_finished(database: Database) -> None:
    def stop(done: int, total: int, day: date) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_demo(20, 5, now=NOW, email_domain="other.example", progress=stop)
    assert Run.get().status == "stopped"
    assert Partition.select(Partition.day).distinct().count() == 2


def test_knows_whether_the_database_holds_usage(database: Database) -> None:
    assert not database_holds_usage()
    write(days=2)
    assert database_holds_usage()


def test_refuses_a_database_with_real_usage(database: Database) -> None:
    run = begin_run("sync", A_TUESDAY, A_TUESDAY)
    day = DemoCompany(20).day("cursor", A_TUESDAY, now=NOW)
    replace_day(organization_for("cursor"), "events", day, run, email_domain="other.example")
    with pytest.raises(DemoRefused, match=r"holds real usage.*SQLITE_PATH"):
        write(days=2)
    assert Partition.select().count() == 1


def test_refuses_while_another_process_writes(database: Database) -> None:
    with exclusive_lock(database, "sync"), pytest.raises(DemoRefused, match="Try again"):
        write(days=2)
    assert not database_holds_usage()


def test_rejects_a_demo_of_no_days(database: Database) -> None:
    with pytest.raises(ValueError, match="at least one day, not 0"):
        write(days=0)
