"""Links to raw records: whose are meant, as the query string of `/records` says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from app.queries.records.question import ANYBODYS, Ownership, Whose
from app.tools import TOOL_KEYS
from app.usage import normal_email
from app.web.view.params import LONGEST_TEXT, encoded, parse_texts, plain_text
from app.web.view.state import View

MOST_KEYS = 60
"""A link names no more keys than this: some servers take no longer addresses."""


def whose_arguments(whose: Whose) -> list[tuple[str, str]]:
    """Whose records are meant, as arguments; none for everybody's."""
    pairs = [("owner", whose.owner), ("person", whose.person)]
    pairs += [("shared", name) for name in whose.shared]
    told = [pair for pair in pairs if pair[1]]
    # The empty names are those of usage without any key, and of the default workspace.
    told += [("key", key) for key in whose.keys]
    return told if whose.workspace is None else [*told, ("workspace", whose.workspace)]


def parse_whose(args: MultiDict[str, str]) -> Whose:
    """Whose records a query string asks for."""
    keys = [plain_text(key, LONGEST_TEXT) for key in args.getlist("key")]
    workspace = args.get("workspace")
    return Whose(
        owner=plain_text(args.get("owner", "")),
        person=normal_email(plain_text(args.get("person", ""), LONGEST_TEXT)),
        shared=parse_texts(args, "shared"),
        keys=tuple(dict.fromkeys(keys)),
        workspace=None if workspace is None else plain_text(workspace, LONGEST_TEXT),
    )


def nobodys(label: str, keys: Sequence[str]) -> Whose | None:
    """Whose the records of a line of nobody are: see `nobody_heading`; None: no link says it."""
    if label:
        return Whose(shared=(label,))
    if not keys:
        return Whose(owner=Ownership.NONE)
    return Whose(keys=tuple(keys)) if len(keys) <= MOST_KEYS else None


def records_query(view: View, whose: Whose = ANYBODYS, **changes: Any) -> str:
    """The query of the records of a view's range and filters, changed; "" for the default."""
    pairs = [*view.plain().changed(**changes).arguments(), *whose_arguments(whose)]
    return f"?{encoded(pairs)}" if pairs else ""


def records_link(view: View, whose: Whose = ANYBODYS, **changes: Any) -> str:
    """The page of these records."""
    return url_for("records.page") + records_query(view, whose, **changes)


def records_files(view: View, whose: Whose = ANYBODYS) -> tuple[str, str]:
    """The CSV file of these records, and what it holds for programs."""
    query = records_query(view, whose)
    files = url_for("records_export.records"), url_for("records_export.metadata")
    return files[0] + query, files[1] + query


class RecordLinks:
    """Where the rows of records lead. Many lead to the same: each link is written once."""

    def __init__(self, view: View, person_path: Callable[[str], str]) -> None:
        of_view = view.plain_query()
        self.model = cache(lambda model, tool: view.query(models=(model,), tools=(tool,)))
        self.owner = cache(lambda email: person_path(email) + of_view)
        self.run = cache(lambda run: f"{url_for('status.page', run=run)}#run-{run}")


def nobodys_queries(view: View, label: str, keys: Sequence[str]) -> dict[str, str]:
    """`records_query` of a line of nobody, by tool, and of all (""); {}: no link says it."""
    whose = nobodys(label, keys)
    if whose is None:
        return {}
    by_tool = {tool: records_query(view, whose, tools=(tool,)) for tool in TOOL_KEYS}
    return {"": records_query(view, whose), **by_tool}
