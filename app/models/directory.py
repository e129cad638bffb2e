"""Who and what exists: organisations, persons, and the directories of the providers."""

from __future__ import annotations

from peewee import BigIntegerField, ForeignKeyField, TextField

from app.models.base import Table


class Organization(Table):
    """An account at a provider. `name` is "" while a provider has just one."""

    provider = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("provider", "name"), True),)


class Person(Table):
    """Somebody who uses the tools, known by a normalised e-mail address."""

    email = TextField(unique=True)
    name = TextField(default="")


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


class Mapping(Table):
    """An administrator's word on whom a key belongs to: it goes before every rule."""

    key = TextField(primary_key=True)
    email = TextField()
    created_at = BigIntegerField()


class Actor(Table):
    """A raw identity seen in usage, and the person it resolves to now (NULL: nobody)."""

    organization = ForeignKeyField(Organization, index=False)
    key = TextField()
    account = TextField()
    workspace = TextField()
    label = TextField(default="")
    person = ForeignKeyField(Person, null=True)
    rule = TextField(default="")

    class Meta:
        indexes = ((("organization", "key", "account", "workspace"), True),)
