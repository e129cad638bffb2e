"""Where usage came from: the organisation, and the key, account and workspace it came through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from peewee import JOIN, ModelSelect, fn

from app.models import Actor, ApiKey, Member, Organization, Workspace
from app.usage import organization_label, organization_slug


class Origin(NamedTuple):
    """What usage came through, as the provider names it ("" = not named), and its names.

    `organization` is the label of the account at the provider.
    """

    provider: str
    organization: str
    key: str
    key_name: str
    key_status: str
    account: str
    account_email: str
    workspace: str
    workspace_name: str

    @property
    def slug(self) -> str:
        """What the filter `organization` calls the account."""
        return organization_slug(self.provider, self.organization)


ORIGIN = (
    Organization.provider,
    Organization.name,
    Actor.key,
    # A key that the directory never listed may have been named by its usage.
    fn.COALESCE(fn.NULLIF(ApiKey.name, ""), Actor.label),
    fn.COALESCE(ApiKey.status, ""),
    Actor.account,
    fn.COALESCE(Member.email, ""),
    Actor.workspace,
    fn.COALESCE(Workspace.name, ""),
)
"""The columns of an origin in a query `with_names`, read by `origin_of`."""


def with_names(query: ModelSelect) -> ModelSelect:
    """The query, joined from the actor to the directory's names."""
    query = query.join_from(Actor, Organization)
    for table, external_id in (
        (ApiKey, Actor.key),
        (Workspace, Actor.workspace),
        (Member, Actor.account),
    ):
        same = (table.organization == Actor.organization) & (table.external_id == external_id)
        query = query.join_from(Actor, table, JOIN.LEFT_OUTER, on=same)
    return query


def origin_of(values: Sequence[str]) -> Origin:
    """The origin of the values of `ORIGIN`."""
    provider, name, *named = values
    return Origin(provider, organization_label(name), *named)
