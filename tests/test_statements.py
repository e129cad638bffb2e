"""Statements are written as Peewee itself would write them, in fewer steps."""

from __future__ import annotations

from typing import Any

import pytest
from peewee import Context, Database, fn

from app.models import TABLES, Actor, Organization, Partition, Person, PersonDay, Team, Usage
from app.statements import Statement

Boss = Person.alias()
RECENT = Usage.select(Usage.actor, fn.SUM(Usage.output_tokens).alias("tokens")).group_by(
    Usage.actor
)
STATEMENTS = {
    "columns": Usage.select(Usage.day, Usage.actor).where(Usage.day.between(20260101, 20260131)),
    "everything": Person.select().where(Person.email << ["a@b.example", "c@d.example"]),
    "joins": (
        Usage.select(Usage, Actor.key, Person.email.concat("!"))
        .join(Actor)
        .join(Person)
        .where((Person.email != "") | Actor.key.is_null())
        .order_by(Person.email.desc(), Usage.sequence)
    ),
    "an alias": Person.select(Boss.email).join(Boss, on=Boss.team == Person.team),
    "the table twice": Person.select().where(Person.id.in_(Person.select(Person.id))),
    "who has something": Person.select().where(
        fn.EXISTS(Actor.select(Actor.id).where(Actor.person == Person.id))
    ),
    "a query as a table": Actor.select(Actor.key, RECENT.c.tokens).join(
        RECENT, on=RECENT.c.actor_id == Actor.id
    ),
    "with": Person.select(Person.email).with_cte(RECENT.cte("recent")),
    "both": Person.select(Person.id) | Team.select(Team.id).order_by(Team.name),
    "insert": Organization.insert(provider="cursor", name="a"),
    "insert from": Organization.insert_from(
        Organization.select(Organization.provider, fn.LOWER(Organization.name)),
        [Organization.provider, Organization.name],
    ),
    "insert or change": Team.insert(name="a").on_conflict(
        conflict_target=[Team.name], update={Team.name: Team.name.concat("b")}
    ),
    "change": Partition.update(tokens=Partition.tokens + 1).where(Partition.counts),
    "delete": Usage.delete().where(Usage.partition.in_(Partition.select().where(Partition.counts))),
    "more than a day": PersonDay.select(PersonDay.person_id)
    .group_by(PersonDay.person_id)
    .having(fn.COUNT(PersonDay.day.distinct()) > 1),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_what_peewee_writes(database: Database, name: str) -> None:
    assert written(database, Statement, STATEMENTS[name]) == written(
        database, Context, STATEMENTS[name]
    )
    assert database.get_sql_context().__class__ is Statement


def test_a_statement_can_be_executed(database: Database) -> None:
    assert list(database.execute(STATEMENTS["joins"])) == []


def test_the_columns_of_every_table_are_written_alike(database: Database) -> None:
    for table in TABLES:
        for query in (table.select(), table.delete().where(table._meta.sorted_fields[0] == 1)):
            assert written(database, Statement, query) == written(database, Context, query)


def written(database: Database, kind: type[Context], query: Any) -> tuple[str, list[Any]]:
    """The text of a statement and its parameters."""
    return kind(**database.get_context_options()).sql(query.clone()).query()
