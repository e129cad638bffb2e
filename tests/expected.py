"""What the JSON reads must answer, computed from bare facts in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from tests.filled import Fact

PARTS = {
    "inputTokens": "input",
    "outputTokens": "output",
    "cacheReadTokens": "read",
    "cacheWriteTokens": "write",
}
MONEY = {"totalCost": "nanos", "totalBilled": "billed"}
TOOLS = {"claudeCodeTokens": "claude_code", "cursorTokens": "cursor"}
"""The column of every tool in JSON; trends call it the same without "Tokens"."""


def chosen(
    facts: Sequence[Fact],
    start: date | None = None,
    end: date | None = None,
    tools: Collection[str] = (),
    models: Collection[str] = (),
    teams: Collection[str] = (),
    organizations: Collection[str] = (),
    products: Collection[str] = (),
) -> list[Fact]:
    """The facts of a range (None = open) that the filters (empty = all) leave."""
    assert not products, "no fact tells its product"
    return [
        fact
        for fact in facts
        if (start or date.min) <= fact.day <= (end or date.max)
        and (not tools or fact.tool in tools)
        and (not models or fact.model in models or (fact.raw and fact.raw in models))
        and (not teams or fact.team in teams)
        and (not organizations or is_of(fact.organization, organizations))
    ]


def is_of(slug: str, named: Collection[str]) -> bool:
    """Whether an organisation is named, as "provider:label" or by its label alone."""
    return slug in named or slug.partition(":")[2] in named


def dollars(facts: Sequence[Fact]) -> float:
    """Their value in dollars, half-even to 6 decimals."""
    return _written(sum(fact.nanos or 0 for fact in facts))


def _written(nanos: int) -> float:
    return float(Decimal(nanos).scaleb(-9).quantize(Decimal("0.000001"), ROUND_HALF_EVEN))


def money(facts: Sequence[Fact]) -> dict[str, Any]:
    """Value, what is billed (None when nobody told it of any of the usage), and how far."""
    untold = tokens([fact for fact in facts if fact.billed is None])
    billed = sum(fact.billed or 0 for fact in facts)
    unknown = untold and untold == tokens(facts) and not billed
    return {
        "totalCost": dollars(facts),
        "totalBilled": None if unknown else _written(billed),
        "unbilledTokens": untold,
    }


def tokens(facts: Sequence[Fact]) -> int:
    """All their tokens."""
    return sum(fact.tokens for fact in facts)


def figures(facts: Sequence[Fact], prefix: str = "") -> dict[str, Any]:
    """The figures that stats, pivot rows and summaries share."""
    parts = {
        f"{prefix}{name[0].upper()}{name[1:]}" if prefix else name: sum(
            getattr(fact, part) for fact in facts
        )
        for name, part in PARTS.items()
    }
    by_tool = {
        name: tokens([fact for fact in facts if fact.tool == tool]) for name, tool in TOOLS.items()
    }
    return {"totalTokens": tokens(facts), **money(facts), **parts, **by_tool}


def stats(facts: Sequence[Fact]) -> dict[str, Any]:
    """`/api/stats` without `previousPeriod`."""
    nobody = [fact for fact in facts if fact.email is None]
    return {
        **figures(facts, "total"),
        "activeUsers": len({fact.email for fact in facts} - {None}),
        "unattributed": {"totalTokens": tokens(nobody), **money(nobody)},
        "unpricedTokens": tokens([fact for fact in facts if fact.nanos is None]),
    }


def trends(facts: Sequence[Fact], start: date, end: date) -> list[dict[str, Any]]:
    """`/api/trends`, zero-filled."""
    by_day = grouped(facts, lambda fact: fact.day)
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    return [_day(day, by_day.get(day, [])) for day in days]


def _day(day: date, facts: Sequence[Fact]) -> dict[str, Any]:
    shared = figures(facts)
    return {
        "date": day.isoformat(),
        **{name.removesuffix("Tokens"): shared[name] for name in TOOLS},
        "cost": dollars(facts),
    }


def models(facts: Sequence[Fact], *, percentages: bool = True) -> list[dict[str, Any]]:
    """`/api/models`, or a person's `modelBreakdown` without the percentages."""
    rows = []
    for (tool, model), group in grouped(facts, lambda fact: (fact.tool, fact.model)).items():
        row = {"model": model, "tool": tool, "tokens": tokens(group), "cost": dollars(group)}
        if percentages:
            row["percentage"] = round(Fraction(1000 * tokens(group), tokens(facts) or 1)) / 10
        rows.append(row)
    return sorted(rows, key=lambda row: (-row["tokens"], row["model"], row["tool"]))


def pivot_rows(facts: Sequence[Fact], everything: Sequence[Fact]) -> list[dict[str, Any]]:
    """All rows of `/api/users/pivot`, most tokens first."""
    rows = [
        {**summary(email, group, everything), "avgTokensPerDay": _average(group)}
        for email, group in grouped(facts, lambda fact: fact.email).items()
        if email
    ]
    return ordered(rows, "totalTokens")


def ordered(
    rows: Sequence[dict[str, Any]],
    column: str,
    facts: Sequence[Fact] = (),
    *,
    descending: bool = True,
) -> list[dict[str, Any]]:
    """Rows by a column, ties by e-mail ascending. Money goes by the nano-dollars of `facts`."""

    def key(row: dict[str, Any]) -> Any:
        if column not in MONEY:
            return row[column]
        own = [fact for fact in facts if fact.email == row["email"]]
        return sum(getattr(fact, MONEY[column]) or 0 for fact in own)

    by_email = sorted(rows, key=lambda row: row["email"].encode())
    return sorted(by_email, key=key, reverse=descending)


def _average(facts: Sequence[Fact]) -> int:
    return round(Fraction(tokens(facts), len({fact.day for fact in facts}) or 1))


def summary(email: str, facts: Sequence[Fact], everything: Sequence[Fact]) -> dict[str, Any]:
    """One person's figures; the first and last day are those of `everything`."""
    days = [fact.day.isoformat() for fact in everything if fact.email == email]
    return {
        "email": email,
        **figures(facts),
        "firstActive": min(days, default=None),
        "lastActive": max(days, default=None),
        "daysActive": len({fact.day for fact in facts}),
    }


def pivot_totals(facts: Sequence[Fact]) -> dict[str, Any]:
    """The `totals` of the pivot: of people only."""
    people = [fact for fact in facts if fact.email]
    days = len({(fact.email, fact.day) for fact in people})
    average = round(Fraction(tokens(people), days or 1))
    return {**figures(people), "daysActive": days, "avgTokensPerDay": average}


def users(facts: Sequence[Fact], everything: Sequence[Fact]) -> list[dict[str, Any]]:
    """All rows of `/api/users`."""
    taken = ("email", "totalTokens", *MONEY, "unbilledTokens", *TOOLS, "lastActive")
    return [
        {
            **{name: row[name] for name in taken},
            "favoriteModel": _favorite([fact for fact in facts if fact.email == row["email"]]),
        }
        for row in pivot_rows(facts, everything)
    ]


def _favorite(facts: Sequence[Fact]) -> str:
    by_model = grouped(facts, lambda fact: fact.model)
    return min(by_model, key=lambda model: (-tokens(by_model[model]), model))


def person(email: str, facts: Sequence[Fact], everything: Sequence[Fact]) -> dict[str, Any]:
    """`/api/users/<email>`."""
    own = [fact for fact in facts if fact.email == email]
    by_day = grouped(own, lambda fact: fact.day)
    return {
        "summary": summary(email, own, everything),
        "modelBreakdown": models(own, percentages=False),
        "dailyUsage": [_day(day, by_day[day]) for day in sorted(by_day)],
    }


def grouped(facts: Sequence[Fact], key: Callable[[Fact], Any]) -> dict[Any, list[Fact]]:
    """Facts by a key."""
    groups: dict[Any, list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[key(fact)].append(fact)
    return dict(groups)


def exact(found: Any, wanted: Any) -> None:
    """Equal in value and in type: 1 is not 1.0, True is not 1."""
    assert found == wanted
    assert _types(found) == _types(wanted)


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _types(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_types(inner) for inner in value]
    return type(value)
