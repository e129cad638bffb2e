"""One key, whatever it is called: files call it by its name, the API by its id."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from app.database import asked_once, database
from app.models import Actor, ApiKey, Mapping


def plain_name(text: str) -> str:
    """A name as files tell it: without blanks around it, blanks inside it (of any kind) as one."""
    return " ".join(text.split())


class KeyIds:
    """The id behind each name that one listed key alone has.

    listed                    of("ci-key") == of("apikey_1") == "apikey_1"
    apikey_1   ci-key         of("twice") == "twice": two keys have that name, so it means
    apikey_2   twice          neither, and what is said of it holds for the name alone
    apikey_3   twice
    """

    def __init__(self, listed: Iterable[tuple[str, str]] = ()) -> None:
        """`listed` are ids with their names, of all organisations: mappings hold in all."""
        self._ids: set[str] = set()
        by_name: dict[str, str] = {}
        twice = {""}
        for key_id, name in listed:
            self._ids.add(key_id)
            name = plain_name(name)
            if by_name.setdefault(name, key_id) != key_id:
                twice.add(name)
        self._by_name = by_name
        for name in twice:
            by_name.pop(name, None)

    def of(self, key: str) -> str:
        """The id of the one key that has this id or name; what means no one key, as it is."""
        return key if key in self._ids else self._by_name.get(plain_name(key), key)

    def names_of(self, ids: Collection[str]) -> set[str]:
        """The names that one of these ids alone has."""
        return {name for name, key_id in self._by_name.items() if key_id in ids}


@asked_once
def key_ids() -> KeyIds:
    """The ids and names of all keys: as directories list them, and as usage names accounts."""
    listed = ApiKey.select(ApiKey.external_id, ApiKey.name)
    named = Actor.select(Actor.key, Actor.label).where((Actor.key != "") & (Actor.label != ""))
    return KeyIds(database.execute(listed.union_all(named)).fetchall())


def keep_mappings_by_id() -> None:
    """Keep under its id what was said of a listed key's name: names change, and are given again.

    Of two words on what turns out to be one key the newer counts.
    """
    ids = key_ids()
    for said in sorted(Mapping.select(), key=lambda mapping: mapping.created_at):
        key_id = ids.of(said.key)
        if key_id == said.key:
            continue
        Mapping.delete().where(Mapping.key == said.key).execute()
        newer = (Mapping.key == key_id) & (Mapping.created_at > said.created_at)
        if not Mapping.select().where(newer).exists():
            Mapping.delete().where(Mapping.key == key_id).execute()
            Mapping.create(
                key=key_id, email=said.email, label=said.label, created_at=said.created_at
            )
