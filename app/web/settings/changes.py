"""Changes of mappings that several pages offer: assign, accept all, remove, undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Response, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.current import the_config
from app.database import writing
from app.directory.mappings import (
    AUTOMATIC,
    BadOwner,
    ChangedSince,
    KeyChange,
    MappingEffect,
    Owner,
    change_mappings,
    effect_of,
    owner_named,
    undo,
)
from app.directory.typed_keys import BadKey, typed_keys
from app.queries.keys.mappings import is_known, key_names, known_emails, past_changes, undoable
from app.web.request.guard import current_user_label, record_event
from app.web.settings.common import (
    ListView,
    back_to,
    batch_number,
    is_being_typed,
    parse_list_view,
)

MOST_EMAILS = 200
MOST_PAIRS = 5000


class BadChange(Exception):
    """An act that cannot be done; the message says why."""


@dataclass(frozen=True)
class KeysView(ListView):
    """A list of keys, and what is about to happen to one of them.

    `key` is being assigned to the person `to` or shared under the name `label`; `remove` is a
    key to be given back to the automatic rules; `done` the number of the act just done.
    """

    key: str = ""
    to: str = ""
    label: str = ""
    remove: str = ""
    all: str = ""
    show: str = ""
    done: str = ""
    STAYS_ON_PAGE = frozenset({"page", "key", "to", "label", "remove", "all", "done"})


class KeyIntent(NamedTuple):
    """What is about to happen to a key: what was typed, what it would do, or why it cannot be."""

    key: str
    name: str
    typed_email: str
    typed_label: str
    owner: Owner | None
    effect: MappingEffect | None
    error: str
    emails: list[str]
    makes_person: bool = False


def intent_of(view: KeysView, error: str = "") -> KeyIntent | None:
    """The intent of a view, None while no key is chosen; no error while an address is typed."""
    key = _key_of(view.key)
    if not key:
        return None
    owner, effect = None, None
    if view.to or view.label:
        try:
            owner = owner_named(view.to, view.label)
            effect = effect_of([KeyChange(key, owner)], the_config().email_domain)
        except BadOwner as reason:
            error = error or ("" if is_being_typed(view.to) else str(reason))
    emails = known_emails("" if owner else view.to, MOST_EMAILS)
    name = key_names([key]).get(key, key)
    new = bool(owner and owner.email and not is_known(owner.email))
    return KeyIntent(
        key=key,
        name=name,
        typed_email=view.to,
        typed_label=view.label,
        owner=owner,
        effect=effect,
        error=error,
        emails=emails,
        makes_person=new,
    )


def removal_of(view: KeysView) -> KeyIntent | None:
    """What giving a key back to the automatic rules would do."""
    key = _key_of(view.remove)
    if not key:
        return None
    effect = effect_of([KeyChange(key, AUTOMATIC)], the_config().email_domain)
    name = key_names([key]).get(key, key)
    return KeyIntent(
        key=key,
        name=name,
        typed_email="",
        typed_label="",
        owner=AUTOMATIC,
        effect=effect,
        error="",
        emails=[],
    )


def _key_of(text: str) -> str:
    """The key that an address names, "" for none."""
    try:
        return typed_keys([text])[0] if text else ""
    except BadKey:
        return ""


def apply(form: MultiDict[str, str]) -> int:
    """Do what a form asks; the number of the act, 0 when nothing changed. Raises `BadChange`."""
    try:
        if form.get("act") == "undo":
            return _undo(form)
        return _change(_wanted(form))
    except (BadOwner, ChangedSince) as error:
        raise BadChange(str(error)) from None


def answer_write(endpoint: str, page: Callable[[KeysView, str], Response]) -> ResponseReturnValue:
    """Do what the form of a page asks and go back to it, or show `page` with why that cannot be."""
    view = parse_list_view(KeysView, request.form)
    try:
        done = apply(request.form)
    except BadChange as error:
        return page(view, str(error))
    return back_to(endpoint, view.still(page=view.page, done=str(done or "")))


def _wanted(form: MultiDict[str, str]) -> list[KeyChange]:
    emails = form.getlist("to")
    try:
        keys = typed_keys(form.getlist("key"))
    except BadKey as error:
        raise BadChange(f"The key {error}") from None
    if not keys:
        raise BadChange("No key was named.")
    if form.get("act") == "remove":
        return [KeyChange(key, AUTOMATIC) for key in keys]
    if form.get("act") == "all":
        if len(keys) != len(emails) or len(keys) > MOST_PAIRS:
            raise BadChange("Keys and people do not match: load the page again.")
        return [KeyChange(key, owner_named(email)) for key, email in zip(keys, emails, strict=True)]
    return [KeyChange(keys[0], owner_named(form.get("to", ""), form.get("label", "")))]


def _change(changes: Sequence[KeyChange]) -> int:
    with writing():
        batch = change_mappings(
            changes, by=current_user_label(), email_domain=the_config().email_domain
        )
        if batch:
            record_event("mapping changed", "; ".join(_describe(change) for change in changes[:5]))
    return batch


def _describe(change: KeyChange) -> str:
    return f"{change.key}: {change.owner.email or change.owner.label or 'automatic rule'}"


def _undo(form: MultiDict[str, str]) -> int:
    number = batch_number(form.get("batch", ""))
    with writing():
        batch = undo(number or 0, by=current_user_label(), email_domain=the_config().email_domain)
        record_event("mapping undone", f"change {number}")
    return batch


def done_context(view: KeysView) -> dict[str, Any]:
    """The act that was just done, for the line that offers to undo it."""
    number = batch_number(view.done)
    if not number:
        return {"done": [], "can_undo": False}
    return {"done": past_changes(MOST_PAIRS, number), "can_undo": number in undoable([number])}
