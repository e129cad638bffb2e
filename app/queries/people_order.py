"""People in any order: the query that sorts everybody by one column, and who matches a search."""

from __future__ import annotations

from typing import Any, NamedTuple

from peewee import JOIN, Asc, Case, Desc, ModelSelect, Select, fn

from app.database import in_byte_order
from app.models import ALL_SLICE, Person, PersonDay, Slice
from app.queries.person_sums import days_active, person_sums
from app.queries.scope import Scope, Slices
from app.usage import CLAUDE_CODE, CURSOR, normal_email

FIGURE_SORTS = {
    "totalTokens": "tokens",
    "totalCost": "value_nanos",
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadTokens": "cache_read_tokens",
    "cacheWriteTokens": "cache_write_tokens",
}
TOOL_SORTS = {"claudeCodeTokens": CLAUDE_CODE, "cursorTokens": CURSOR}
SORTS = (
    "email",
    "totalTokens",
    "totalCost",
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
MORE_SORTS = (*SORTS, "cacheShare", "topModel", "change")
"""What the page sorts by: the columns of the API, and those that only people read."""
DEFAULT_SORT = "totalTokens"
NEEDED = {"avgTokensPerDay": ["tokens"], "cacheShare": ["tokens", "cache_read_tokens"]}


class Order(NamedTuple):
    """A column of `MORE_SORTS` and its direction.

    `compared` are the days now and before between which "change" is measured.
    """

    sort: str = DEFAULT_SORT
    descending: bool = True
    compared: tuple[Scope, Scope] | None = None


def ordered(scope: Scope, slices: Slices, search: str, order: Order) -> ModelSelect:
    """Query of (id, e-mail, number of all) of people with usage; ties break by e-mail."""
    sort = order.sort
    columns = [FIGURE_SORTS[sort]] if sort in FIGURE_SORTS else NEEDED.get(sort, [])
    base = person_sums(scope, slices.whole, columns, people=matching(search)).alias("base")
    query = Select([base], [Person.id, Person.email, fn.COUNT(Person.id).over()]).join(
        Person, on=(Person.id == base.c.person_id)
    )
    query, key = _sort_key(query, base, scope, slices, order)
    direction = Desc(key) if order.descending else Asc(key)
    return query.order_by(direction, in_byte_order(Person.email))


def _sort_key(query: Any, base: Any, scope: Scope, slices: Slices, order: Order) -> tuple[Any, Any]:
    """The query, joined to what the sort needs, and the expression to order by."""
    sort = order.sort
    if sort in FIGURE_SORTS:
        return query, getattr(base.c, FIGURE_SORTS[sort])
    if sort in TOOL_SORTS:
        ids = [key for key, tool in slices.by_tool.items() if tool == TOOL_SORTS[sort]]
        return _joined_tokens(query, base, scope, ids, "tool")
    if sort in ("firstActive", "lastActive"):
        edge = fn.MIN if sort == "firstActive" else fn.MAX
        return query, edge_day(edge, Person.id)
    if sort in ("daysActive", "avgTokensPerDay"):
        return _by_days(query, base, scope, slices, average=sort == "avgTokensPerDay")
    if sort == "cacheShare":
        return query, _share(base.c.cache_read_tokens, base.c.tokens)
    if sort == "topModel":
        top = top_models(scope, slices, matching_ids=None).alias("top")
        joined = query.join(top, JOIN.LEFT_OUTER, on=(top.c.person_id == base.c.person_id))
        return joined, in_byte_order(fn.LOWER(top.c.name))
    if sort == "change" and order.compared:
        return _by_change(query, base, slices, *order.compared)
    return query, in_byte_order(Person.email)


def _joined_tokens(
    query: Any, base: Any, scope: Scope, slice_ids: Any, name: str
) -> tuple[Any, Any]:
    sums = person_sums(scope, slice_ids or [0], ["tokens"]).alias(name)
    joined = query.join(sums, JOIN.LEFT_OUTER, on=(sums.c.person_id == base.c.person_id))
    return joined, fn.COALESCE(sums.c.tokens, 0)


def _by_change(query: Any, base: Any, slices: Slices, now: Scope, before: Scope) -> tuple[Any, Any]:
    query, now_tokens = _joined_tokens(query, base, now, slices.whole, "now")
    query, tokens_before = _joined_tokens(query, base, before, slices.whole, "before")
    return query, now_tokens - tokens_before


def _by_days(
    query: Any, base: Any, scope: Scope, slices: Slices, *, average: bool
) -> tuple[Any, Any]:
    active = days_active(scope, slices.whole, None).alias("active")
    query = query.join(active, on=(active.c.person_id == base.c.person_id))
    if average:
        return query, _rounded(base.c.tokens, active.c.days)
    return query, active.c.days


def _share(part: Any, whole: Any) -> Any:
    """An exact enough ratio: equal shares give equal numbers, no whole gives nothing of it."""
    return Case(None, [(whole > 0, part.cast("DOUBLE PRECISION") / whole)], 0)


def _rounded(tokens: Any, days: Any) -> Any:
    """`tokens_per_day` in SQL integers: ties are those of the figure that people see."""
    whole = tokens / days
    twice_the_rest = (tokens - whole * days) * 2
    odd = whole - whole / 2 * 2 == 1
    up = (twice_the_rest > days) | ((twice_the_rest == days) & odd)
    return whole + Case(None, [(up, 1)], 0)


def top_models(scope: Scope, slices: Slices, matching_ids: Any) -> Select:
    """Query of (person_id, name): the display model with most tokens, ties by name.

    `matching_ids` narrows to persons: a list of ids, a subquery, or None for everybody.
    """
    sums = person_sums(
        scope, list(slices.by_model) or [0], ["tokens"], people=matching_ids, by_slice=True
    ).alias("sums")
    tokens = fn.SUM(sums.c.tokens)
    place = fn.ROW_NUMBER().over(
        partition_by=[sums.c.person_id], order_by=[tokens.desc(), in_byte_order(Slice.name)]
    )
    ranked = (
        Select([sums], [sums.c.person_id, Slice.name.alias("name"), place.alias("place")])
        .join(Slice, on=(Slice.id == sums.c.slice_id))
        .group_by(sums.c.person_id, Slice.name)
        .alias("ranked")
    )
    return Select([ranked], [ranked.c.person_id, ranked.c.name]).where(ranked.c.place == 1)


def edge_day(edge: Any, person_id: Any) -> ModelSelect:
    """The first (`fn.MIN`) or last (`fn.MAX`) day of a person, of all time and unfiltered."""
    return PersonDay.select(edge(PersonDay.day)).where(
        (PersonDay.slice == ALL_SLICE) & (PersonDay.person_id == person_id)
    )


def matching(search: str) -> ModelSelect | None:
    """Ids of the persons whose e-mail holds the words; % _ and \\ are literal."""
    wanted = normal_email(search)
    return Person.select(Person.id).where(Person.email.contains(wanted)) if wanted else None
