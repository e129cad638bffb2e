"""Teams, names and leaving days from a CSV file: what it would change, then the change."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from app.database import writing
from app.dates import day_number
from app.directory.people import (
    LONGEST_NAME,
    LONGEST_TEAM,
    BadPerson,
    checked_day,
    checked_text,
    forget_empty_teams,
    team_named,
)
from app.formulas import unguarded
from app.identity import BadEmail, aliases, checked_email
from app.ledger import bump_data_version
from app.models import Person
from app.queries.people.directory import ListedPerson, listed_people

MOST_BYTES = 300_000
MOST_LINES = 20_000
COLUMNS = {
    "email": "email",
    "e-mail": "email",
    "email address": "email",
    "team": "team",
    "department": "team",
    "name": "name",
    "display name": "name",
    "left": "left",
    "left on": "left",
}
"""Headings as people write them, in lower case, and what they mean."""
HEADINGS = ("email", "name", "team", "left")
DELIMITERS = (",", ";", "\t")


class UnreadableFile(ValueError):
    """A file that is refused whole; the message says why and what to upload instead."""


class BadLine(NamedTuple):
    """A line that cannot be taken, and why."""

    line: int
    value: str
    message: str


class Values(NamedTuple):
    """What can be said of a person in a file."""

    name: str
    team: str
    left: date | None


class PersonChange(NamedTuple):
    """What a file changes of one person."""

    email: str
    before: Values
    after: Values


class TeamFile(NamedTuple):
    """What a file would do: changes, people it leaves as they are, people unknown here."""

    changes: list[PersonChange]
    unchanged: int
    unknown: list[str]
    bad: list[BadLine]
    new_teams: list[str]


def decoded(content: bytes) -> str:
    """The text of an uploaded file. Raises `UnreadableFile`."""
    if len(content) > MOST_BYTES:
        raise UnreadableFile(
            f"The file is larger than {MOST_BYTES // 1000} kB: upload it in parts."
        )
    marks = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    encoding = next((name for mark, name in marks if content.startswith(mark)), "utf-8-sig")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableFile(
            "This is not a text file in UTF-8: save the table as CSV (UTF-8)."
        ) from None
    if "\0" in text:
        raise UnreadableFile("This is not a text file: save the table as CSV (UTF-8).")
    return text


def read_team_file(text: str) -> TeamFile:
    """What a file would change now. Raises `UnreadableFile`; bad lines are told one by one."""
    rows = _rows(text)
    _, heading = next(rows, (0, []))
    columns = _columns(heading)
    known = {person.email: person for person in listed_people()}
    own = aliases()
    wanted: dict[str, Values] = {}
    unknown: dict[str, None] = {}
    bad: list[BadLine] = []
    for line, cells in rows:
        try:
            named = _named(cells, columns)
            email = checked_email(named["email"])
            email = own.get(email, email)
            if email not in known:
                unknown[email] = None
                continue
            values = _values(named, known[email])
            if wanted.setdefault(email, values) != values:
                bad.append(BadLine(line, email[:80], "An earlier line says otherwise."))
        except (BadEmail, BadPerson, _BadRow) as error:
            bad.append(BadLine(line, ",".join(cells)[:80], str(error)))
    return _compared(known, wanted, list(unknown), bad)


class _BadRow(ValueError):
    """A row that does not fit the heading."""


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not empty."""
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if reader.line_num > MOST_LINES:
                raise UnreadableFile(f"The file has more than {MOST_LINES:,} lines.")
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise UnreadableFile(
            f"Line {reader.line_num}: this is not CSV ({error}). Check the quotation marks."
        ) from None


def _columns(heading: list[str]) -> list[str]:
    columns = [COLUMNS.get(cell.strip().lower(), "") for cell in heading]
    named = [column for column in columns if column]
    if "email" not in named or len(named) < 2 or len(set(named)) < len(named):
        raise UnreadableFile(
            "The first line must name the columns, once each: email, and team (or department), "
            "name or left. Download the list to see how it looks."
        )
    return columns


def _named(cells: list[str], columns: list[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise _BadRow(f"Cells in the line: {len(cells)}; in the heading: {len(columns)}.")
    return {
        column: unguarded(cell.strip())
        for column, cell in zip(columns, cells, strict=True)
        if column
    }


def _values(named: dict[str, str], person: ListedPerson) -> Values:
    """What the line says; what it has no column for stays as it is."""
    values = Values(person.name, person.team, person.left)
    if "name" in named:
        values = values._replace(name=checked_text(named["name"], LONGEST_NAME, "A display name"))
    if "team" in named:
        team = checked_text(named["team"], LONGEST_TEAM, "The name of a team")
        values = values._replace(team=team)
    if "left" in named:
        values = values._replace(left=checked_day(named["left"]))
    return values


def _compared(
    known: dict[str, ListedPerson],
    wanted: dict[str, Values],
    unknown: list[str],
    bad: list[BadLine],
) -> TeamFile:
    teams = {person.team.lower(): person.team for person in known.values() if person.team}
    new: dict[str, str] = {}
    changes = []
    for email, after in sorted(wanted.items()):
        person = known[email]
        before = Values(person.name, person.team, person.left)
        if after.team:
            key = after.team.lower()
            after = after._replace(team=teams.get(key) or new.setdefault(key, after.team))
        if after != before:
            changes.append(PersonChange(email, before, after))
    used = {change.after.team for change in changes}
    new_teams = sorted(name for name in new.values() if name in used)
    return TeamFile(changes, len(wanted) - len(changes), unknown, bad, new_teams)


def apply_changes(changes: Iterable[PersonChange]) -> int:
    """Write the changes of a file in one transaction; how many persons they changed."""
    with writing():
        count = 0
        for change in changes:
            name, team, left = change.after
            values = {
                Person.name: name,
                Person.team: team_named(team),
                Person.left_day: day_number(left) if left else None,
            }
            count += Person.update(values).where(Person.email == change.email).execute()
        forget_empty_teams()
        if count:
            bump_data_version()
    return count
