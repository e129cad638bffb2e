"""Who an actor is: the rules of attribution, applied to the directory we keep.

An actor belongs to, in this order: the person an administrator mapped its key to, by its id or
its name (to nobody, when the key is shared); the member behind its account, or behind a key
bound to a member in the workspace "Claude Code"; the name pattern of Claude Code's own keys;
nobody. Whatever e-mail that gives, a further e-mail of a person is that person.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from app.identity.keys import KeyIds, plain_name
from app.states import Rule
from app.usage import ListedKey, RawActor, normal_email

CLAUDE_CODE_WORKSPACE = "claude code"
DEFAULT_WORKSPACE = "Default"
"""What files call the workspace that has no id."""
KEY_NAME = re.compile(r"claude_code_key_(?P<local>[a-z0-9][a-z0-9._%+-]*)_[a-z0-9]+", re.IGNORECASE)


@dataclass
class KnownDirectory:
    """What is kept of an organisation's directory, ready for look-ups by id.

    `mappings` are what administrators said of keys, by id: an e-mail, "" for a shared key.
    """

    email_domain: str
    mappings: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    keys: dict[str, ListedKey] = field(default_factory=dict)
    key_ids: KeyIds = field(default_factory=KeyIds)
    claude_code_workspaces: set[str] = field(default_factory=set)
    workspace_names: dict[str, str] = field(default_factory=dict)
    emails_by_local_part: dict[str, set[str]] = field(default_factory=dict)

    def resolve(self, actor: RawActor) -> tuple[str, str]:
        """(e-mail, name of the rule) for an actor; no e-mail when it belongs to nobody."""
        if self._said_of(actor) == "":
            return "", Rule.SHARED
        for rule, find in self.rules():
            if email := find(actor):
                email = normal_email(email)
                return self.aliases.get(email, email), rule
        return "", ""

    def map_key(self, key: str, email: str) -> None:
        """Record that an administrator mapped `key` to `email`, or (with "") shares it."""
        self.mappings[self.key_ids.of(key)] = email

    def unmap_key(self, key: str) -> None:
        """Record that no administrator decided about `key`."""
        self.mappings.pop(self.key_ids.of(key), None)

    def rules(self) -> tuple[tuple[str, Callable[[RawActor], str]], ...]:
        """Every rule by name, the strongest first."""
        return (
            (Rule.MAPPING, self._by_mapping),
            (Rule.ACCOUNT, self._by_account),
            (Rule.KEY_OWNER, self._by_bound_key),
            (Rule.KEY_NAME, self._by_key_name),
        )

    def listed_key(self, actor: RawActor) -> ListedKey | None:
        """The key of the directory that an actor names by its id or, as files do, by its name.

        Of several keys of one name the one in the workspace that the actor names.
        """
        if not actor.key or actor.key in self.keys:
            return self.keys.get(actor.key)
        named = self._keys_by_name.get(plain_name(actor.key), [])
        if len(named) > 1:
            named = [key for key in named if self._is_in(key.workspace_id, actor.workspace)]
        return named[0] if len(named) == 1 else None

    def names_one_of(self, actor: RawActor, keys: Collection[str]) -> bool:
        """Whether an actor names one of these keys, which are ids."""
        if self.key_ids.of(actor.key) in keys:
            return True
        listed = self.listed_key(actor)
        return listed is not None and listed.id in keys

    def members_behind(self, actors: Iterable[RawActor]) -> set[str]:
        """The ids of members that the rules ask for, of actors that no name tells."""
        found = set()
        for actor in actors:
            listed = self.listed_key(actor)
            found.add(actor.account)
            found.add((listed.bound_member_id or listed.creator_member_id) if listed else "")
        return found - {""}

    def made_by_claude_code(self, actor: RawActor) -> bool:
        """Whether the name of an actor's key is one that Claude Code made for somebody."""
        return self._local_part(actor) is not None

    @cached_property
    def _keys_by_name(self) -> dict[str, list[ListedKey]]:
        found: dict[str, list[ListedKey]] = defaultdict(list)
        for key in self.keys.values():
            found[plain_name(key.name)].append(key)
        return dict(found)

    def _is_in(self, workspace_id: str, workspace: str) -> bool:
        """Whether a workspace is the one called so, by id or name ("" has a name in files)."""
        return workspace in (
            workspace_id,
            self.workspace_names.get(workspace_id, "" if workspace_id else DEFAULT_WORKSPACE),
        )

    def _said_of(self, actor: RawActor) -> str | None:
        """What an administrator said of the key of an actor, None for nothing."""
        if (said := self.mappings.get(self.key_ids.of(actor.key))) is not None:
            return said
        # Of several keys of one name the workspace tells which: its id may be mapped.
        listed = self.listed_key(actor)
        return self.mappings.get(listed.id) if listed else None

    def _by_mapping(self, actor: RawActor) -> str:
        return self._said_of(actor) or ""

    def _by_account(self, actor: RawActor) -> str:
        # Cursor names people by e-mail, Anthropic by the id of a member.
        if "@" in actor.account:
            return actor.account
        return self.members.get(actor.account, "")

    def _by_bound_key(self, actor: RawActor) -> str:
        listed = self.listed_key(actor)
        if listed is None or listed.workspace_id not in self.claude_code_workspaces:
            return ""
        # Who made a key speaks for it only where nobody is said to be behind it.
        return self.members.get(listed.bound_member_id or listed.creator_member_id, "")

    def _local_part(self, actor: RawActor) -> str | None:
        listed = self.listed_key(actor)
        match = KEY_NAME.fullmatch((listed.name if listed else actor.key).strip())
        return match["local"].lower() if match else None

    def _by_key_name(self, actor: RawActor) -> str:
        local = self._local_part(actor)
        if local is None:
            return ""
        listed_as = self.emails_by_local_part.get(local, set())
        # Two addresses of one person are one candidate.
        candidates = {self.aliases.get(email, email) for email in listed_as}
        return next(iter(candidates)) if len(candidates) == 1 else f"{local}@{self.email_domain}"
