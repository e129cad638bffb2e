"""Files name keys and workspaces by their names: they find the same owner as ids do."""

from __future__ import annotations

import pytest
from peewee import Database

from app.identity import resolve_again, store_directory
from app.ledger import bump_data_version, organization_for
from app.models import Mapping
from app.queries.scope import Scope
from app.usage import Directory, ListedKey, ListedMember, ListedWorkspace
from tests.figures import people
from tests.imported import DOMAIN, put, tokens, usage

KEYS = (
    ListedKey("id-1", "build server", workspace_id="cc", bound_member_id="u1"),
    ListedKey("id-2", "claude_code_key_bo_abcd", workspace_id="ws"),
    ListedKey("id-3", "twice", workspace_id="cc", bound_member_id="u1"),
    ListedKey("id-4", "twice", workspace_id="", bound_member_id="u2"),
)
DIRECTORY = Directory(
    (ListedMember("u1", "ann@example.com", "Ann"), ListedMember("u2", "bo@example.com", "Bo")),
    KEYS,
    (ListedWorkspace("cc", "Claude Code"), ListedWorkspace("ws", "Platform")),
)


@pytest.mark.parametrize(
    ("key", "workspace", "email"),
    [
        ("build server", "Claude Code", "ann@example.com"),
        ("claude_code_key_bo_abcd", "Platform", "bo@example.com"),
        ("claude_code_key_zoe_abcd", "Claude Code", "zoe@example.com"),
        ("twice", "Claude Code", "ann@example.com"),
        ("twice", "Default", None),
        ("twice", "Elsewhere", None),
        ("id-1", "cc", "ann@example.com"),
        ("unknown", "Claude Code", None),
        ("", "Claude Code", None),
    ],
)
def test_a_key_named_in_a_file_finds_its_owner(
    database: Database, key: str, workspace: str, email: str | None
) -> None:
    store_directory(organization_for("anthropic"), DIRECTORY)
    found = put(tokens(usage(key=key, workspace=workspace)))
    emails = [person.email for person in people(Scope()).people]
    assert emails == ([email] if email else [])
    assert found.unmapped_keys == ([] if email or not key else [key])


@pytest.mark.parametrize("mapped", ["unknown", "build server", "id-1"])
def test_a_mapping_holds_by_the_name_or_by_the_listed_id(database: Database, mapped: str) -> None:
    organization = organization_for("anthropic")
    store_directory(organization, DIRECTORY)
    content = tokens(usage(key="unknown" if mapped == "unknown" else "build server"))
    put(content, organization="main")
    Mapping.create(key=mapped, email="boss@example.com", created_at=1)
    resolve_again(organization, DOMAIN)
    bump_data_version()
    assert [person.email for person in people(Scope()).people] == ["boss@example.com"]
