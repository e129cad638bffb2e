"""Who and what exists: organisations, persons, and the directories of the providers."""

from __future__ import annotations

from peewee import SQL, BigIntegerField, ForeignKeyField, IntegerField, TextField

from app.models.base import Table


class Organization(Table):
    """An account at a provider. `name` is "" while a provider has just one."""

    provider = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("provider", "name"), True),)


class Team(Table):
    """A group of persons, as an administrator named it."""

    name = TextField(unique=True)


class Person(Table):
    """Somebody who uses the tools, known by a normalised e-mail address.

    `team` is NULL for nobody's team, `left_day` (YYYYMMDD) for somebody who has not left.
    """

    email = TextField(unique=True)
    name = TextField(default="")
    team = ForeignKeyField(Team, null=True)
    left_day = IntegerField(null=True)


class Member(Table):
    """A member of an organisation at the provider; kept after the provider forgets them."""

    organization = ForeignKeyField(Organization, index=False)
    external_id = TextField()
    email = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("organization", "external_id"), True),)


class ApiKey(Table):
    """An API key or service account; kept after the provider forgets it."""

    organization = ForeignKeyField(Organization, index=False)
    external_id = TextField()
    name = TextField(default="")
    status = TextField(default="")
    workspace_id = TextField(default="")
    bound_member_id = TextField(default="")
    creator_member_id = TextField(default="")

    class Meta:
        indexes = ((("organization", "external_id"), True),)


class Workspace(Table):
    """A workspace of an organisation."""

    organization = ForeignKeyField(Organization, index=False)
    external_id = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("organization", "external_id"), True),)


class PersonAlias(Table):
    """A further e-mail address of a person: whatever names it belongs to that person."""

    email = TextField(primary_key=True)
    person = ForeignKeyField(Person)
    created_at = BigIntegerField()


class Mapping(Table):
    """Manual owner of a key: it overrides every rule.

    A shared key has no `email`, but a `label`: it is nobody's and has a line of that name.
    """

    key = TextField(primary_key=True)
    email = TextField()
    created_at = BigIntegerField()
    label = TextField(default="")


class MappingChange(Table):
    """The history of mappings; before and after, "" and "" are the automatic rules.

    What was changed in one act has the same `batch`, so that it can be undone in one act.
    """

    batch = IntegerField(index=True)
    at = BigIntegerField()
    by = TextField()
    key = TextField(index=True)
    email_before = TextField()
    label_before = TextField()
    email_after = TextField()
    label_after = TextField()


class Actor(Table):
    """A raw identity seen in usage, and the person it resolves to now (NULL: nobody).

    `lane` is the place of its sums among those of its organisation (`RunningSum`), from 0 on.
    """

    organization = ForeignKeyField(Organization, index=False)
    key = TextField()
    account = TextField()
    workspace = TextField()
    label = TextField(default="")
    person = ForeignKeyField(Person, null=True)
    rule = TextField(default="")
    lane = IntegerField(constraints=[SQL("DEFAULT 0")])

    class Meta:
        indexes = (
            (("organization", "key", "account", "workspace"), True),
            (("organization", "lane"), True),
        )
