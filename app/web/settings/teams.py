"""Teams from a CSV file at `/settings/people/teams`: preview, apply, and the same list as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from app.database import reading, writing
from app.dates import utc_today
from app.directory.team_file import (
    HEADINGS,
    MOST_BYTES,
    UnreadableFile,
    apply_changes,
    decoded,
    read_team_file,
)
from app.queries.people.directory import ListedPerson, listed_people
from app.web.request.guard import admin_only, record_event
from app.web.request.unchanged import known_on_primary
from app.web.settings.common import show
from app.web.view.csv_files import csv_answer, csv_text, file_name
from app.web.view.params import parse_number

SHOWN = 200
"""At most this many changes, unknown people and bad lines are shown; all are counted."""
MOST_PEOPLE = 10**6

blueprint = Blueprint("settings_teams", __name__)


@blueprint.get("/settings/people/teams")
@admin_only
@known_on_primary()
def page() -> Response:
    """The form for a file, and after an upload how many people it changed."""
    changed = parse_number(request.args.get("changed", ""), 0, MOST_PEOPLE)
    return _page(changed=changed)


@blueprint.post("/settings/people/teams")
@admin_only
def write() -> ResponseReturnValue:
    """Preview an uploaded file, or apply the text of the preview."""
    try:
        text = _text()
        if request.form.get("act") == "apply":
            return _apply(text)
        with reading():
            found = read_team_file(text)
    except UnreadableFile as error:
        return _page(error=str(error), status=422)
    return _page(found=found, text=text)


def _text() -> str:
    if "text" in request.form:
        return decoded(request.form["text"].encode("utf-8", "replace"))
    file = request.files.get("file")
    if file is None or not file.filename:
        raise UnreadableFile("Choose a CSV file first.")
    return decoded(file.stream.read(MOST_BYTES + 1))


def _apply(text: str) -> ResponseReturnValue:
    with writing():
        count = apply_changes(read_team_file(text).changes)
        record_event("teams uploaded", f"{count} people changed")
    return redirect(f"{url_for('settings_teams.page')}?changed={count}", 303)


def _page(*, status: int = 200, **context: object) -> Response:
    values = {"found": None, "text": "", "error": "", "changed": None, "shown": SHOWN} | context
    return show(
        "settings/teams.html", "", status=status, post_url=url_for("settings_teams.page"), **values
    )


@blueprint.get("/settings/people.csv")
@admin_only
def export() -> Response:
    """Everybody known as CSV, in the form that the upload takes."""
    with reading():
        people = listed_people()
    return csv_answer(_lines(people), file_name("people", utc_today().isoformat()))


def _lines(people: list[ListedPerson]) -> Iterator[str]:
    yield csv_text([list(HEADINGS)])
    for person in people:
        left = person.left.isoformat() if person.left else ""
        texts = (person.email, person.name, person.team, left)
        yield csv_text([list(texts)])
