"""One person at `/users/<email>`: parse, ask, choose what to show, render."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.database import reading
from app.dates import utc_now
from app.directory.people import person_for_alias
from app.queries.people.directory import further_emails
from app.queries.people.own_keys import own_keys
from app.queries.people.person import (
    KnownPerson,
    PersonDayPoint,
    PersonUsage,
    known_person,
    person_usage,
    similar_people,
)
from app.queries.people.rank import rank_of
from app.queries.records.question import RecordQuestion, Whose
from app.queries.records.raw import raw_records, record_count
from app.queries.scope import Scope
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.ranges import ModelShare, percentage
from app.queries.sums.weekdays import by_weekday
from app.usage import normal_email
from app.web.person import figures
from app.web.request import htmx
from app.web.request.unchanged import MINUTE, known_while
from app.web.view import formatting
from app.web.view.cards import Sides, before_words, cards
from app.web.view.charted import Charted, asks_for_table
from app.web.view.frame import frame
from app.web.view.navigation import PersonDrilldown, person_path
from app.web.view.periods import Comparison, ViewedRange, viewed_range
from app.web.view.records import RecordLinks, records_files, records_link
from app.web.view.tools import TOOL_ROWS, in_several_tools, ordered_tools

LONGEST_ASKED = 200
MOST_RECORDS = 10
"""The newest records stand on the page: one looks at them, and goes on from there."""

blueprint = Blueprint("person", __name__)


@blueprint.get("/users/<path:email>", merge_slashes=False)
@known_while(MINUTE)
def page(email: str) -> ResponseReturnValue:
    """The person with this e-mail, in the range and filters of the query string."""
    now = utc_now()
    view = Charted.with_range_of(request.args, now.date(), table=asks_for_table(request.args))
    with reading():
        person = known_person(normal_email(email.replace("\0", "")))
        # Only somebody without usage can be a further e-mail of somebody else.
        if (person is None or not person.first_day) and (owner := person_for_alias(email)):
            return redirect(url_for("person.page", email=owner) + view.query().rstrip("?"), 303)
        if person is None:
            return unknown(email, view)
        context = frame(view, now) | {"person": person, "empty": "never", "keys": []}
        context["further"] = further_emails().get(person.email, ())
        if context["span"] and person.first_day:
            context |= usage_context(person, view, context)
    return htmx.answer("person/page.html", view.query(), **context)


def unknown(email: str, view: Charted) -> Response:
    """A 404 that helps to find the right person."""
    asked = email.replace("\0", "")[:LONGEST_ASKED]
    if htmx.wants_part():
        return make_response(f"Nobody with the e-mail {asked!r} was ever seen.", 404)
    context = {"asked": asked, "similar": similar_people(asked), "view": view}
    return make_response(render_template("person/unknown.html", **context), 404)


def usage_context(person: KnownPerson, view: Charted, shared: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of somebody who has usage; figures only if the scope has some."""
    # One person's page shows all of theirs: a team that travels along leads back to its people.
    viewed = viewed_range(
        view.scope._replace(teams=()),
        shared["span"],
        shared["states"],
        view.today,
        rolling=view.days is not None,
    )
    scope = viewed.scope
    keys = own_keys(person.person_id, scope)
    usage = person_usage(scope, person.person_id)
    context: dict[str, Any] = {
        "keys": keys,
        "lifetime": figures.lifetime(keys),
        "behind": PersonDrilldown(view, person.email),
        "shown": (viewed.first, viewed.last),
        "empty": "" if usage.days else empty_reason(scope),
    }
    if usage.days:
        context |= figures_context(person, viewed, usage)
        context |= records_context(view, RecordQuestion(scope, Whose(person=person.email)))
    return context


def empty_reason(scope: Scope) -> str:
    return "filtered" if scope.is_filtered else "outside"


def figures_context(person: KnownPerson, viewed: ViewedRange, usage: PersonUsage) -> dict[str, Any]:
    """Cards with their changes, chart, models, tools, weekdays and the place among others."""
    scope, start, end, open_days, compared = viewed
    points = figures.every_day(usage, start, end)
    drawn = figures.bars(points, open_days)
    shown = figures.measures(usage.days)
    by_tool = figures.by_tool(usage)
    place = rank_of(scope, shown.tokens, shown.days)
    counted_from = max(start, person.first_day or start)
    earlier = person_usage(compared.before, person.person_id).days if compared else []
    sides = sides_of(usage.days, compared, shown, earlier)
    before = figures.days_before_bars(drawn, compared, earlier)
    tokens = {tool: part.tokens for tool, part in by_tool.items()}
    chart = figures.chart(drawn, tokens, before, weekly=len(drawn) < len(points))
    return {
        "compared": compared,
        "cards": cards(figures.KINDS, sides, drawn),
        **breakdown(usage, by_tool),
        "rank": figures.rank_words(place),
        "daily": chart._replace(before=before_words(compared) if compared and before else ""),
        "weekdays": by_weekday(usage.days, counted_from, end, open_days),
        "weekdays_from": counted_from,
        "weekday_names": formatting.WEEKDAY_NAMES,
    }


def sides_of(
    days: Sequence[PersonDayPoint],
    compared: Comparison | None,
    shown: figures.Measures,
    earlier: Sequence[PersonDayPoint],
) -> Sides[figures.Measures]:
    """What the cards show and compare."""
    if compared is None:
        return Sides(shown, shown)
    settled = figures.measures(days, compared.now)
    return Sides(shown, settled, figures.measures(earlier), compared)


def breakdown(usage: PersonUsage, by_tool: dict[str, Figures]) -> dict[str, Any]:
    """Models with their shares, and the tools side by side."""
    whole = add_up(by_tool.values())
    tools = ordered_tools(by_tool)
    models = [
        ModelShare(*model, percentage(model.figures.tokens, whole.tokens)) for model in usage.models
    ]
    return {
        "figures": whole,
        "by_tool": by_tool,
        "tools": tools,
        "split": [(tool, by_tool[tool].tokens) for tool in tools],
        "tool_rows": TOOL_ROWS,
        "models": models,
        "model_count": len(models),
        "split_models": in_several_tools(models),
        "other_models": Figures(),
    }


def records_context(view: Charted, asked: RecordQuestion) -> dict[str, Any]:
    """The newest raw records; all of them have a page of their own."""
    own = view.plain().changed(teams=())
    return {
        "records": raw_records(asked, limit=MOST_RECORDS),
        "record_count": record_count(asked),
        "record_links": RecordLinks(view, person_path),
        "files": records_files(own, asked.whose),
        "all_records": records_link(own, asked.whose),
    }
