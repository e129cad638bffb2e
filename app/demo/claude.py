"""A day of the invented company in Anthropic's Messages report, and its directory there."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.demo.generations import (
    HAIKU,
    OPUSES,
    SONNETS,
    UNPRICED_MODEL,
    UNPRICED_SINCE,
    claude_mix,
)
from app.demo.people import Employee, invented_id, working_today
from app.demo.rhythm import DAY_MS, WORKING_MS, Today, repeatable_dice
from app.pricing import Conditions, value_nanos
from app.providers.anthropic import TOOL
from app.usage import (
    Directory,
    ListedKey,
    ListedMember,
    ListedWorkspace,
    PriceStatus,
    RawActor,
    Tokens,
    UsageRecord,
)

_MILLION = 1_000_000
_LARGEST_DAY = 60 * _MILLION
_BATCH_DETAIL = '{"service_tier":"batch"}'
_CI_TOKENS_PER_PERSON = 240_000


class SharedKeys(NamedTuple):
    """Keys that no person owns, and the workspaces of all keys."""

    claude_code: str
    platform: str
    research: str
    ci: str
    evaluation: str
    notebooks: str

    @classmethod
    def invented(cls, seed: int) -> SharedKeys:
        """Ids for a company."""
        dice = repeatable_dice(seed, "shared keys")
        workspaces = [invented_id("wrkspc", dice) for _ in range(3)]
        return cls(*workspaces, *(invented_id("apikey", dice) for _ in range(3)))


def claude_directory(people: Sequence[Employee], shared: SharedKeys) -> Directory:
    """Members, their keys of Claude Code, the keys of nobody, and three workspaces."""
    owned = (
        ListedKey(
            id=key,
            name=name,
            status="active",
            workspace_id=shared.claude_code,
            bound_member_id=person.anthropic_id if person.owner_listed else "",
            creator_member_id=person.anthropic_id if person.owner_listed else "",
        )
        for person in people
        for key, name in person.keys
    )
    creator = people[len(people) // 2].anthropic_id if people else ""
    return Directory(
        members=tuple(
            ListedMember(person.anthropic_id, person.email, person.name) for person in people
        ),
        keys=(
            *owned,
            ListedKey(shared.ci, "ci-review-bot", "active", shared.platform),
            ListedKey(shared.evaluation, "eval-harness", "active", shared.platform),
            ListedKey(
                shared.notebooks,
                "notebook-experiments",
                "active",
                shared.research,
                creator_member_id=creator,
            ),
        ),
        workspaces=(
            ListedWorkspace(shared.claude_code, "Claude Code"),
            ListedWorkspace(shared.platform, "Platform"),
            ListedWorkspace(shared.research, "Research"),
        ),
    )


def claude_records(
    people: Sequence[Employee], shared: SharedKeys, company_size: int, today: Today, seed: int
) -> list[UsageRecord]:
    """One record per key, workspace, model and service tier, of what happened so far today."""
    dice = repeatable_dice(seed, "anthropic", today.day)
    made = [
        record
        for person in working_today(people, today, dice)
        for record in _person_records(person, shared.claude_code, today, dice)
    ]
    made += _console_records(people, today, dice)
    made += _shared_records(shared, company_size, today, dice)
    return [record for record in made if record.total_tokens]


def _person_records(
    person: Employee, workspace: str, today: Today, dice: random.Random
) -> Iterator[UsageRecord]:
    second_key = len(person.keys) > 1 and dice.random() < 0.3
    actor = RawActor(person.keys[second_key][0], "", workspace)
    tokens = person.claude_millions * today.volume * dice.lognormvariate(0, person.spread)
    whole = int(tokens * _MILLION)
    if whole > _LARGEST_DAY:
        whole = int(_LARGEST_DAY * dice.uniform(0.7, 1))
    passed = today.passed(person.starts_ms, WORKING_MS)
    for model, share in _models_of(person, today, dice):
        parts = _parts(int(whole * share), passed, person.hour_cache, dice)
        yield _record(today, actor, model, parts)


def _models_of(person: Employee, today: Today, dice: random.Random) -> list[tuple[str, float]]:
    """(model, share of the day's tokens): one or both families, Haiku for the small steps."""
    opus = claude_mix(OPUSES, today.day).pick(person.taste)
    sonnet = claude_mix(SONNETS, today.day).pick(person.taste)
    mainly, second = (opus, sonnet) if dice.random() < person.opus else (sonnet, opus)
    aside = 0.05 + 0.35 * dice.random() if dice.random() < 0.3 else 0.0
    small = 0.01 + 0.04 * dice.random() if dice.random() < 0.55 else 0.0
    tried = 0.1 + 0.2 * dice.random() if dice.random() < 0.3 else 0.0
    if not person.explorer or today.day < UNPRICED_SINCE:
        tried = 0.0
    shares = [(mainly, 1 - aside - small - tried)]
    shares += [(second, aside), (HAIKU, small), (UNPRICED_MODEL, tried)]
    return [(model, share) for model, share in shares if share]


def _console_records(
    people: Sequence[Employee], today: Today, dice: random.Random
) -> Iterator[UsageRecord]:
    """The Console's workbench has no key: a member's own try, and a row that names nobody."""
    model = claude_mix(SONNETS, today.day).pick(0.6)
    members = [person.anthropic_id for person in people if person.joined <= today.ordinal]
    accounts = ["", dice.choice(members) if members else ""]
    for account in accounts:
        happens, whole = dice.random() < 0.25 * today.at_work, dice.randrange(40_000, 900_000)
        parts = _parts(whole, today.passed(0, DAY_MS), False, dice)
        if happens:
            yield _record(today, RawActor("", account), model, parts)


def _shared_records(
    shared: SharedKeys, company_size: int, today: Today, dice: random.Random
) -> Iterator[UsageRecord]:
    """The review bot works every day, most of it in batches; experiments come and go."""
    sonnet, opus = (claude_mix(family, today.day).pick(0.5) for family in (SONNETS, OPUSES))
    pace = today.volume * (1 if today.is_working_day() else 0.3)
    reviews = company_size * _CI_TOKENS_PER_PERSON * pace * dice.uniform(0.8, 1.2)
    ci = RawActor(shared.ci, "", shared.platform)
    experiment = RawActor(shared.notebooks, "", shared.research)
    evaluation = RawActor(shared.evaluation, "", shared.platform)
    planned = (
        (ci, sonnet, reviews * 0.7, "batch", True),
        (ci, HAIKU, reviews * 0.25, "batch", True),
        (ci, sonnet, reviews * 0.05, "standard", True),
        (experiment, sonnet, dice.uniform(0.5, 9) * _MILLION, "standard", dice.random() < 0.4),
        (evaluation, opus, dice.uniform(2, 25) * _MILLION, "standard", dice.random() < 0.2),
        (evaluation, HAIKU, dice.uniform(1, 6) * _MILLION, "standard", dice.random() < 0.2),
    )
    for actor, model, tokens, tier, happens in planned:
        parts = _parts(int(tokens), today.passed(0, DAY_MS), False, dice)
        if happens and (actor == ci or today.is_working_day()):
            yield _record(today, actor, model, parts, tier)


def _parts(whole: int, passed: int, hour_cache: bool, dice: random.Random) -> Tokens:
    """`whole` tokens by kind.

    `passed` is how many thousandths of them have been used so far.
    """
    written = int(whole * (0.05 + 0.03 * dice.random()))
    output = int(whole * (0.007 + 0.007 * dice.random()))
    fresh = int(whole * (0.012 + 0.04 * dice.random()))
    read = whole - written - output - fresh
    long = written * 3 // 4 if hour_cache else 0
    tokens = Tokens(fresh, written - long, long, read, output)
    return Tokens._make(part * passed // 1000 for part in tokens)


def _record(
    today: Today,
    actor: RawActor,
    model: str,
    tokens: Tokens,
    tier: str = "standard",
) -> UsageRecord:
    value = value_nanos(model, today.day, tokens, Conditions(service_tier=tier))
    status = PriceStatus.UNPRICED if value is None else PriceStatus.TABLE
    detail = _BATCH_DETAIL if tier == "batch" else ""
    return UsageRecord(
        day=today.day,
        actor=actor,
        tool=TOOL.key,
        model=model,
        tokens=tokens,
        requests=None,
        value_nanos=value,
        billed_nanos=None,
        price_status=status,
        detail=detail,
    )
