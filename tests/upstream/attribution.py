"""Who a record of the invented company belongs to, by the rules of the contract.

In this order: the mapping of an administrator; the member behind the row's account, or
behind a key bound to a member in the workspace "Claude Code" (as its principal or, without
any, as its creator); the name pattern of the key; nobody. A Cursor record belongs to its e-mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.upstream.company import Company
from tests.upstream.directory import CLAUDE_CODE_WORKSPACE, Key

KEY_NAME = re.compile(r"claude_code_key_(?P<local>[a-z0-9.\-]+)_[a-z0-9]+", re.IGNORECASE)


class Attribution:
    """The rules over a company's directory as it is now, people who left included."""

    def __init__(
        self, company: Company, email_domain: str, mappings: Mapping[str, str] | None
    ) -> None:
        self.domain = email_domain
        self.mapped = {key: tidy(email) for key, email in (mappings or {}).items()}
        self.keys = {key.id: key for key in company.keys}
        members = [person for person in company.people if person.anthropic_id]
        self.member = {str(one.anthropic_id): tidy(one.email) for one in members}
        self.by_local: dict[str, list[str]] = {}
        for email in self.member.values():
            self.by_local.setdefault(email.partition("@")[0], []).append(email)

    def person(self, key: str | None, account: str | None) -> str | None:
        """The e-mail of the person behind an Anthropic record, None for nobody."""
        if key in self.mapped:
            return self.mapped[key]
        if account in self.member:
            return self.member[account]
        listed = self.keys.get(key or "")
        if listed is None:
            return None
        return self._bound(listed) or self._named(listed)

    def person_of_event(self, email: str | None, service_account: str | None) -> str | None:
        """The e-mail of the person behind a Cursor event, None for nobody."""
        return self.mapped.get(service_account or "") or tidy(email or "") or None

    def suggestion(self, key: str) -> str | None:
        """The creator of a key, to be proposed and never applied."""
        listed = self.keys.get(key)
        return self.member.get(listed.created_by or "") if listed else None

    def _bound(self, key: Key) -> str | None:
        if key.workspace_id != CLAUDE_CODE_WORKSPACE:
            return None
        behind = key.service_account or key.principal or key.created_by
        return self.member.get(behind or "")

    def _named(self, key: Key) -> str | None:
        match = KEY_NAME.fullmatch(key.name)
        if not match:
            return None
        local = match["local"].lower()
        candidates = self.by_local.get(local, [])
        return candidates[0] if len(candidates) == 1 else f"{local}@{self.domain}"


def tidy(email: str) -> str:
    """An address as it is compared: trimmed and lower-case."""
    return email.strip().lower()
