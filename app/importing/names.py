"""Names that are known to mean the same key, workspace or person: the newest one counts.

A cost export names a key and its id, so two names of one id are one key:

    March    apikey_1   ci-key
    June     apikey_1   CI Key      rows of ci-key are rows of CI Key from now on

Where no id tells, an administrator said so when the file was imported (`app.importing.doubts`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.usage import RawActor

KEY, WORKSPACE = "key", "workspace"
Pair = tuple[str, str, str]
"""What is named (KEY, WORKSPACE), its earlier name, its newer name."""


@dataclass
class Answers:
    """What was said of a file's names: `people` is by the batch whose rows are somebody else's."""

    same: list[Pair] = field(default_factory=list)
    different: list[Pair] = field(default_factory=list)
    people: dict[int, tuple[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """To be kept with the batch."""
        return {
            "same": self.same,
            "different": self.different,
            "people": [[batch, *names] for batch, names in self.people.items()],
        }

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Answers:
        """What `as_json` gave."""
        return cls(
            same=[tuple(pair) for pair in said.get("same", ())],
            different=[tuple(pair) for pair in said.get("different", ())],
            people={batch: (old, new) for batch, old, new in said.get("people", ())},
        )


@dataclass(frozen=True)
class Names:
    """The newest of the names that mean the same, by kind and name."""

    newest: Mapping[tuple[str, str], str] = field(default_factory=dict)
    people: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    ids: Mapping[str, set[str]] = field(default_factory=dict)
    denied: frozenset[frozenset[str]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.newest or self.people)

    def are_apart(self, kind: str, one: str, other: str) -> bool:
        """Whether two names are known to mean different keys: by their ids, or somebody said so."""
        if frozenset((one, other)) in self.denied:
            return True
        ours, theirs = self.ids.get(one, set()), self.ids.get(other, set())
        return kind == KEY and bool(ours and theirs) and ours.isdisjoint(theirs)

    def of(self, kind: str, name: str) -> str:
        """The newest name of a key or workspace."""
        return self.newest.get((kind, name), name)

    def actor(self, batch: int, actor: RawActor) -> RawActor:
        """The actor of a row of a batch by its newest names."""
        before, after = self.people.get(batch, ("", ""))
        account = after if before and actor.account == before else actor.account
        return RawActor(
            key=self.of(KEY, actor.key),
            account=account,
            workspace=self.of(WORKSPACE, actor.workspace),
        )

    def key(self, text: str) -> str:
        """The key of a row of keys (JSON) by the newest names."""
        if not text:
            return text
        facts = json.loads(text)
        for column, kind in (("api_key", KEY), ("workspace", WORKSPACE)):
            if column in facts:
                facts[column] = self.of(kind, facts[column])
        return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def names_of(files: Iterable[tuple[Answers, Mapping[str, str]]]) -> Names:
    """What files say of names, in the order of their application: answers, and names by key id."""
    known = list(files)
    ids: dict[str, set[str]] = defaultdict(set)
    for _, by_id in known:
        for key_id, name in by_id.items():
            ids[name].add(key_id)
    classes = _Classes()
    people: dict[int, tuple[str, str]] = {}
    denied: set[frozenset[str]] = set()
    last: dict[str, str] = {}
    for answers, by_id in known:
        for kind, before, after in answers.same:
            classes.join((kind, before), (kind, after))
        for key_id, name in by_id.items():
            # A name that two keys had says nothing about either.
            if len(ids[name]) == 1:
                if key_id in last:
                    classes.join((KEY, last[key_id]), (KEY, name))
                last[key_id] = name
        people |= answers.people
        denied |= {frozenset((before, after)) for _, before, after in answers.different}
    return Names(classes.newest(), people, ids, frozenset(denied))


class _Classes:
    """Names that mean the same; the last of them is the newest."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def join(self, before: tuple[str, str], after: tuple[str, str]) -> None:
        ours = self._of.get(before, [before])
        theirs = self._of.get(after, [after])
        every = [name for name in dict.fromkeys([*ours, *theirs]) if name != after] + [after]
        for name in every:
            self._of[name] = every

    def newest(self) -> dict[tuple[str, str], str]:
        return {name: every[-1][1] for name, every in self._of.items() if every[-1] != name}
