"""People at `/settings/people`: names, teams, who has left, and further e-mails of a person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.current import the_config
from app.database import reading, writing
from app.directory.mappings import MappingEffect
from app.directory.people import (
    BadPerson,
    change_person,
    companions,
    effect_of_merging,
    effect_of_splitting,
    merge_people,
    split_person,
)
from app.identity import BadEmail
from app.queries.keys.mappings import known_emails
from app.queries.people.directory import ListedPerson, listed_people, with_usage
from app.queries.scope import known_teams
from app.usage import normal_email
from app.web.request import htmx
from app.web.request.guard import admin_only, record_event
from app.web.request.unchanged import known_on_primary
from app.web.settings.changes import MOST_EMAILS
from app.web.settings.common import (
    ListView,
    back_to,
    is_being_typed,
    page_of,
    parse_list_view,
    show_list,
)

blueprint = Blueprint("settings_people", __name__)


@dataclass(frozen=True)
class PeopleListView(ListView):
    """The list, who is being edited, and what was just done to whom.

    `did` is "saved", "merged" (`further` into `who`) or "split" (`further` from `who`). Before
    that, `further` is about to be merged into `edit`, or `split` to be split off.
    """

    edit: str = ""
    did: str = ""
    who: str = ""
    further: str = ""
    split: str = ""
    STAYS_ON_PAGE = frozenset({"page", "edit", "did", "who", "further", "split"})


class EmailIntent(NamedTuple):
    """An e-mail about to be merged or split off: what would move, or why it cannot be.

    `along` are the further e-mails that go with it.
    """

    effect: MappingEffect | None = None
    along: tuple[str, ...] = ()
    error: str = ""


@blueprint.get("/settings/people")
@admin_only
@known_on_primary()
def page() -> Response:
    """Everybody known, a page at a time."""
    # A look at what a merge moves keeps what was typed beside it and is not saved yet.
    typed = request.args.to_dict() if htmx.wants_part() else {}
    return _page(parse_list_view(PeopleListView, request.args), typed=typed)


@blueprint.post("/settings/people")
@admin_only
def write() -> ResponseReturnValue:
    """Change one person, merge a further e-mail into a person, or split it off again."""
    view = parse_list_view(PeopleListView, request.form)
    try:
        done = _act(request.form)
    except (BadPerson, BadEmail) as error:
        if request.form.get("act") != "merge":
            view = replace(view, further="")
        return _page(view, str(error), dict(request.form))
    return back_to("settings_people.page", view.still(page=view.page, **done))


def _act(form: MultiDict[str, str]) -> dict[str, str]:
    """Do what a form asks; what to say of it. Raises `BadPerson` and `BadEmail`."""
    who, further = form.get("who", ""), form.get("further", "")
    domain = the_config().email_domain
    with writing():
        if form.get("act") == "merge":
            merge_people(who, further, email_domain=domain)
            record_event("people merged", f"{normal_email(further)} into {normal_email(who)}")
            return {"did": "merged", "who": who, "further": normal_email(further)}
        if form.get("act") == "split":
            owner = split_person(further, email_domain=domain)
            record_event("people split", f"{normal_email(further)} from {owner}")
            return {"did": "split", "who": owner, "further": normal_email(further)}
        change_person(
            who,
            name=form.get("name", ""),
            team=form.get("team", ""),
            left=form.get("left", ""),
        )
        record_event("person changed", normal_email(who))
    return {"did": "saved", "who": who}


def _page(view: PeopleListView, error: str = "", typed: dict[str, str] | None = None) -> Response:
    with reading():
        found = listed_people(view.search)
        view, rows, pages = page_of(found, view)
        merging = intent_to_merge(view)
        words = "" if merging and merging.effect else normal_email(view.further)
        context = {
            "rows": with_usage(rows),
            "pages": pages,
            "teams": known_teams(),
            "emails": known_emails(words, MOST_EMAILS) if view.edit else [],
            "merging": merging,
            "splitting": intent_to_split(view),
            "along": companions(view.further) if view.did else [],
        }
    context |= {
        "view": view,
        "typed": typed or {},
        "fields": _fields,
        "announcement": f"{len(found)} people",
        "post_url": request.path,
    }
    return show_list("settings/people.html", context, error)


def intent_to_merge(view: PeopleListView) -> EmailIntent | None:
    """What merging the e-mail of a view into the person being edited would do; None without."""
    if view.did or not (view.edit and view.further):
        return None
    try:
        effect = effect_of_merging(view.edit, view.further, email_domain=the_config().email_domain)
    except (BadPerson, BadEmail) as error:
        return None if is_being_typed(view.further) else EmailIntent(error=str(error))
    return EmailIntent(effect, tuple(companions(normal_email(view.further))))


def intent_to_split(view: PeopleListView) -> EmailIntent | None:
    """What splitting off an e-mail of the person being edited would do; None without."""
    if not (view.edit and view.split):
        return None
    try:
        effect = effect_of_splitting(view.split, email_domain=the_config().email_domain)
    except BadPerson as error:
        return EmailIntent(error=str(error))
    return EmailIntent(effect, tuple(companions(normal_email(view.split))))


def _fields(person: ListedPerson, typed: dict[str, str]) -> dict[str, str]:
    """What stands in the fields of the editor: what was typed, else what is stored."""
    stored = {
        "name": person.name,
        "team": person.team,
        "left": person.left.isoformat() if person.left else "",
    }
    return stored | {name: text for name, text in typed.items() if name in stored}
