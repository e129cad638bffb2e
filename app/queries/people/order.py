"""People in any order: everybody sorted by one column, and who matches a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from app.database import database
from app.queries.people.directory import people_found
from app.queries.people.everybody import Everybody, amounts
from app.queries.people.known import Known, known_people
from app.queries.remembered import remembered
from app.queries.scope import NO_SLICE, Scope, its_days, slices_of
from app.queries.sums.persons import person_sums
from app.tools import TOOLS

FIGURE_SORTS = {
    "totalTokens": "tokens",
    "totalCost": "value_nanos",
    "totalBilled": "billed_nanos",
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadTokens": "cache_read_tokens",
    "cacheWriteTokens": "cache_write_tokens",
}
TOOL_SORTS = {tool.tokens_column: tool.key for tool in TOOLS}
SORTS = (
    "email",
    "totalTokens",
    "totalCost",
    "totalBilled",
    *TOOL_SORTS,
    "inputTokens",
    "outputTokens",
    "cacheReadTokens",
    "cacheWriteTokens",
    "firstActive",
    "lastActive",
    "daysActive",
    "avgTokensPerDay",
)
MORE_SORTS = (*SORTS, "name", "team", "cacheShare", "topModel", "change")
"""What the page sorts by: the columns of the API, and those that only people read."""
DEFAULT_SORT = "totalTokens"
PLACED: dict[str, Callable[[Known], tuple[bool, str]]] = {
    "name": lambda person: (not person.name, person.name.lower()),
    "team": lambda person: (not person.team, person.team.lower()),
}
"""Where words put a person: those who have none come after all who have."""
BYTES_A_NAME = 100


class PeopleOrder(NamedTuple):
    """A column of `MORE_SORTS` and its direction.

    `compared` are the days now and before between which "change" is measured. Within the order
    the people of `first_team` go before all others.
    """

    sort: str = DEFAULT_SORT
    descending: bool = True
    compared: tuple[Scope, Scope] | None = None
    first_team: str = ""


def matching(found: Everybody, search: str) -> list[int] | None:
    """The places of the people whom the words find; None, for all, without words."""
    wanted = people_found(search)
    if wanted is None:
        return None
    return [place for place, key in enumerate(found.ids) if key in wanted]


def ordered(
    found: Everybody, places: Sequence[int] | None, scope: Scope, order: PeopleOrder
) -> Sequence[int]:
    """The places in the order asked for; ties break by e-mail, as they come."""
    chosen = range(len(found.ids)) if places is None else places
    if order.sort == "email":
        placed = chosen[::-1] if order.descending else chosen
    else:
        keys = _keys(found, scope, order)
        placed = sorted(chosen, key=keys.__getitem__, reverse=order.descending)
    if not order.first_team:
        return placed
    known = known_people()
    return sorted(placed, key=lambda place: known[found.ids[place]].team != order.first_team)


def _keys(found: Everybody, scope: Scope, order: PeopleOrder) -> Sequence[Any]:
    """What to order by, in the order of `found`."""
    sort, ids = order.sort, found.ids
    if sort in FIGURE_SORTS:
        return found.column(FIGURE_SORTS[sort])
    if sort in TOOL_SORTS:
        return found.column("tokens", TOOL_SORTS[sort])
    if sort in ("firstActive", "lastActive"):
        known, edge = known_people(), "first_day" if sort == "firstActive" else "last_day"
        return [getattr(known[key], edge) for key in ids]
    if sort in PLACED:
        known = known_people()
        return [PLACED[sort](known[key]) for key in ids]
    if sort == "daysActive":
        return found.days
    if sort == "topModel":
        names = every_top_model(scope)
        return [names.get(key, "").lower() for key in ids]
    if sort == "change" and order.compared:
        now, before = (tokens_by_person(one) for one in order.compared)
        return [now.get(key, 0) - before.get(key, 0) for key in ids]
    return _ratios(found, average=sort == "avgTokensPerDay")


def _ratios(found: Everybody, *, average: bool) -> Sequence[float]:
    tokens = found.column("tokens")
    if average:
        return [tokens_per_day(*pair) for pair in zip(tokens, found.days, strict=True)]
    # Equal shares give equal numbers: a division is rounded as the exact ratio would be.
    read = found.column("cache_read_tokens")
    return [part / whole if whole else 0 for part, whole in zip(read, tokens, strict=True)]


def tokens_per_day(tokens: int, days: int) -> int:
    """Exact tokens / days, rounded half-even; 0 for no days."""
    if not days:
        return 0
    whole, rest = divmod(tokens, days)
    return whole + (2 * rest > days or (2 * rest == days and whole % 2 == 1))


def tokens_by_person(scope: Scope) -> dict[int, int]:
    """Tokens of everybody with usage in the scope, by id."""
    return amounts(scope, "tokens")


@remembered(lambda found: BYTES_A_NAME * len(found), days=its_days)
def every_top_model(scope: Scope) -> dict[int, str]:
    """The display model with most tokens of everybody, by id; remembered."""
    return top_models(scope, None)


def top_models(scope: Scope, ids: Sequence[int] | None) -> dict[int, str]:
    """The display model with most tokens of these persons (None: of everybody), ties by name."""
    names = {key: name for key, (_, name) in slices_of(scope).by_model.items()}
    sums = person_sums(scope, [*names] or [NO_SLICE], ("tokens",), people=ids, by_slice=True)
    found: dict[int, dict[str, int]] = {}
    for person_id, slice_id, tokens, _ in database.execute(sums).fetchall():
        mine, name = found.setdefault(person_id, {}), names[slice_id]
        mine[name] = mine.get(name, 0) + tokens
    return {person_id: _most_used(mine) for person_id, mine in found.items()}


def _most_used(tokens: dict[str, int]) -> str:
    most = max(tokens.values())
    return min(name for name, number in tokens.items() if number == most)
