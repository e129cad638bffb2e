"""The words of the page of records: whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.queries.pivot.dimensions import DIMENSIONS, WORKSPACE
from app.queries.records.holders import Holder
from app.queries.records.question import Ownership, Whose
from app.queries.scope import is_called, organizations
from app.web.view import formatting
from app.web.view.record_words import organization_name

OWNERS: dict[str, str] = {
    Ownership.PEOPLE: "people",
    Ownership.TEAMLESS: "people without a team",
    Ownership.NOBODY: "no owner or shared",
    Ownership.NONE: "no owner",
}
NO_KEY = "no key"
"""What usage came through that names none."""


def subjects(whose: Whose, named: Sequence[str], holders: Sequence[Holder]) -> Iterator[str]:
    """Whose records they are: "ada@x.example", "Default workspace"; nothing for everybody's."""
    if whose.person:
        yield whose.person
    yield from (f"{label} (shared)" for label in whose.shared)
    if whose.keys:
        yield _keys_words(whose.keys, holders)
    if whose.owner:
        yield OWNERS.get(whose.owner, whose.owner)
    if whose.workspace is not None:
        yield _workspace_words(named, whose.workspace)
    else:
        yield from map(organization_name, named)


def _keys_words(keys: Sequence[str], holders: Sequence[Holder]) -> str:
    if len(keys) > 1:
        return formatting.count_of(len(keys), "key")
    name = next((one.name for one in holders if one.id == keys[0]), "")
    return name or keys[0] or NO_KEY


def _workspace_words(named: Sequence[str], workspace: str) -> str:
    """What the pivot calls a workspace; what is unknown says its own name."""
    found = [key for key, known in organizations().items() if is_called(known, named)]
    if len(found) != 1:
        return f"workspace {workspace}".strip()
    return DIMENSIONS[WORKSPACE].labels([(found[0], workspace)])[found[0], workspace]
