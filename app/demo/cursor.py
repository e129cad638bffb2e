"""A day of the invented company in Cursor's usage events, and its team there."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache

from app.demo.generations import Mix, cursor_mix
from app.demo.people import Employee, working_today
from app.demo.rhythm import DAY_MS, HOUR_MS, WORKING_MS, Today, repeatable_dice
from app.providers.cursor import TOOL
from app.usage import Directory, ListedMember, PriceStatus, RawActor, Tokens, UsageRecord

SERVICE_ACCOUNT = "sa_nightly_ci_agent"
SERVICE_ACCOUNT_NAME = "Nightly CI Agent"
LARGE_COMPANY = 2_000
"""People from which on the events of a day are fewer and larger, to keep the demo fast."""

_Rates = tuple[int, int, int, int]
_OTHER: _Rates = (2_000, 2_000, 200, 12_000)
_RATES: dict[str, _Rates] = {
    "default": (1_250, 1_250, 250, 6_000),
    "composer-1": (1_250, 1_250, 125, 10_000),
    "composer-2.5": (1_500, 1_500, 150, 7_500),
    "gpt-5-codex": (1_250, 1_250, 125, 10_000),
    "gpt-5.5-high": (2_500, 2_500, 250, 15_000),
    "claude-4.5-sonnet-thinking": (3_000, 3_750, 300, 15_000),
}
"""Nano-dollars for a token of input, cache write, cache read and output: plausible, invented."""


def cursor_directory(people: Sequence[Employee]) -> Directory:
    """The team's members; Cursor lists nothing else."""
    return Directory(
        members=tuple(
            ListedMember(person.cursor_id, person.email, person.name) for person in people
        )
    )


def cursor_records(
    people: Sequence[Employee], company_size: int, today: Today, seed: int
) -> list[UsageRecord]:
    """One record per event of what happened so far today."""
    dice = repeatable_dice(seed, "cursor", today.day)
    mix = cursor_mix(today.day)
    large = company_size > LARGE_COMPANY
    made = [
        record
        for person in working_today(people, today, dice)
        for record in _person_events(person, mix, large, today, dice)
    ]
    made += _nightly_events(company_size, today, dice)
    end_ms = today.start_ms + today.elapsed_ms
    if today.elapsed_ms == DAY_MS:
        return made
    return [record for record in made if record.at_ms is not None and record.at_ms < end_ms]


def _person_events(
    person: Employee, mix: Mix, large: bool, today: Today, dice: random.Random
) -> Iterator[UsageRecord]:
    count = dice.randint(1, 3) if large else 2 + int(7 * dice.random() ** 1.5)
    usual = person.cursor_millions * 1_000_000 * today.volume / (2 if large else 4)
    actor = RawActor("", person.email)
    included = today.day.day <= person.included_days
    for _ in range(count):
        luck = dice.random()
        model = mix.pick(person.taste if luck < 0.55 else dice.random())
        at_ms = today.start_ms + person.starts_ms + int(WORKING_MS * dice.random())
        tokens = int(usual * dice.lognormvariate(0, person.spread))
        if luck > 0.985:
            yield _failed_event(actor, model, at_ms, today)
            continue
        agent = f"bc-{dice.getrandbits(128):032x}" if luck > 0.96 else ""
        max_mode = luck < 0.07
        detail = _detail(included, max_mode, bool(agent), agent)
        tokens = tokens * 2 if max_mode else tokens
        yield _event(
            today,
            dice,
            actor=actor,
            model=model,
            at_ms=at_ms,
            tokens=tokens,
            included=included,
            detail=detail,
        )


def _nightly_events(company_size: int, today: Today, dice: random.Random) -> Iterator[UsageRecord]:
    """The service account works between one and four at night, weekends too."""
    actor = RawActor(SERVICE_ACCOUNT)
    mix = cursor_mix(today.day)
    for _ in range(dice.randint(3, 5 + min(company_size // 50, 20))):
        at_ms = today.start_ms + HOUR_MS + int(3 * HOUR_MS * dice.random())
        tokens = int(600_000 * today.volume * dice.lognormvariate(0, 0.5))
        detail = _detail(False, False, True, service=SERVICE_ACCOUNT_NAME)
        yield _event(
            today,
            dice,
            actor=actor,
            model=mix.pick(dice.random()),
            at_ms=at_ms,
            tokens=tokens,
            included=False,
            detail=detail,
        )


def _event(
    today: Today,
    dice: random.Random,
    *,
    actor: RawActor,
    model: str,
    at_ms: int,
    tokens: int,
    included: bool,
    detail: str,
) -> UsageRecord:
    written = int(tokens * (0.03 + 0.05 * dice.random())) if model.startswith("claude") else 0
    output = int(tokens * (0.008 + 0.014 * dice.random()))
    fresh = int(tokens * (0.05 + 0.16 * dice.random()))
    read = tokens - written - output - fresh
    rates = _RATES.get(model, _OTHER)
    value = fresh * rates[0] + written * rates[1] + read * rates[2] + output * rates[3]
    return UsageRecord(
        day=today.day,
        actor=actor,
        tool=TOOL.key,
        model=model,
        tokens=Tokens(input=fresh, cache_write_5m=written, cache_read=read, output=output),
        requests=1,
        value_nanos=value,
        billed_nanos=0 if included else value,
        price_status=PriceStatus.PROVIDER,
        at_ms=at_ms,
        detail=detail,
    )


def _failed_event(actor: RawActor, model: str, at_ms: int, today: Today) -> UsageRecord:
    detail = _detail(False, False, False, kind="Errored, Not Charged")
    return UsageRecord(
        day=today.day,
        actor=actor,
        tool=TOOL.key,
        model=model,
        tokens=Tokens(),
        requests=1,
        value_nanos=0,
        billed_nanos=0,
        price_status=PriceStatus.PROVIDER,
        at_ms=at_ms,
        detail=detail,
    )


def _detail(
    included: bool,
    max_mode: bool,
    headless: bool,
    agent: str = "",
    service: str = "",
    kind: str = "",
) -> str:
    """What the columns do not hold, as the provider's module writes it: sorted and compact."""
    rest = _constant_detail(included, max_mode, headless, service, kind)
    return f'{{"cloudAgentId":"{agent}",{rest[1:]}' if agent else rest


@lru_cache(maxsize=64)
def _constant_detail(
    included: bool, max_mode: bool, headless: bool, service: str, kind: str
) -> str:
    facts = {
        "isChargeable": not included and not kind,
        "isHeadless": headless,
        "isTokenBasedCall": True,
        "kind": kind or ("Included in Business" if included else "Usage-based"),
        "maxMode": max_mode,
    }
    if service:
        facts["serviceAccountName"] = service
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))
