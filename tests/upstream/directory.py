"""The people, API keys and workspaces of the invented company."""

from __future__ import annotations

from dataclasses import dataclass

CLAUDE_CODE_WORKSPACE = "wrkspc_01ClaudeCode"
PLATFORM_WORKSPACE = "wrkspc_01Platform"
ARCHIVED_WORKSPACE = "wrkspc_01OldExperiments"
UNLISTED_KEY = "apikey_99Unlisted"
UNLISTED_ACCOUNT = "user_99Unlisted"
SERVICE_ACCOUNT = "svac_01Nightly"
CURSOR_SERVICE_ACCOUNT = "sa_nightly_ci"


@dataclass(frozen=True)
class Person:
    """A human. An id of None: not a member there. `listed` False: has left both lists."""

    name: str
    email: str
    anthropic_id: str | None = None
    cursor_id: str | int | None = None
    listed: bool = True


@dataclass(frozen=True)
class Key:
    """An API key. `new_shape`: listed with `scope` and typed principal actors.

    `principal` and `created_by` are member ids; `service_account` is a principal that
    is no human. `workspace_id` None: the default workspace (old shape) or the whole
    organisation (new shape).
    """

    id: str
    name: str
    workspace_id: str | None
    principal: str | None = None
    created_by: str | None = None
    service_account: str | None = None
    status: str = "active"
    new_shape: bool = False


@dataclass(frozen=True)
class Workspace:
    """A workspace; `archived` ones are listed only on request."""

    id: str
    name: str
    archived: bool = False


def all_people() -> list[Person]:
    """Fifteen humans: in both tools, in one, and two who share a local part."""
    return [
        Person("Ana Souza", "ana.souza@lumen.example", "user_01Ana", "user_cursor_ana"),
        Person("Ben Okafor", "ben.okafor@lumen.example", "user_02Ben", "user_cursor_ben"),
        Person("Chloé Martin", "chloe.martin@lumen.example", "user_03Chloe", 10203),
        Person("Dev Patel", "Dev.Patel@Lumen.example", "user_04Dev", "user_cursor_dev"),
        Person("Eva Lindqvist", "eva.lindqvist@lumen.example", "user_05Eva"),
        Person("Femi Adeyemi", "femi@lumen.example", "user_06Femi"),
        Person("Greta Olsen", "greta.olsen@lumen.example", "user_07Greta"),
        Person("Hiro Tanaka", "hiro.tanaka@lumen.example", "user_08Hiro"),
        Person("Kim Lee", "kim.lee@lumen.example", "user_09Kim"),
        Person("Kim Lee", "kim.lee@partner.example", "user_10Kim"),
        Person("Ines García", "ines.garcia@lumen.example", None, "user_cursor_ines"),
        Person("Jonas Weber", "jonas.weber@lumen.example", None, "user_cursor_jonas"),
        Person("Luca Rossi", "luca.rossi@lumen.example", None, "user_cursor_luca"),
        Person("Mona Haddad", "mona.haddad@lumen.example", None, "user_cursor_mona"),
        Person("Nils Berg", "nils.berg@lumen.example", None, 20406),
    ]


def all_workspaces() -> list[Workspace]:
    """Three workspaces; the default workspace has no entry."""
    return [
        Workspace(CLAUDE_CODE_WORKSPACE, "Claude Code"),
        Workspace(PLATFORM_WORKSPACE, "Platform"),
        Workspace(ARCHIVED_WORKSPACE, "Old Experiments", archived=True),
    ]


def all_keys() -> list[Key]:
    """Keys that the rules give to a person, then keys that belong to nobody."""
    return _keys_of_people() + _keys_of_nobody()


def _keys_of_people() -> list[Key]:
    code = CLAUDE_CODE_WORKSPACE
    return [
        Key(
            "apikey_01Ben", "laptop of ben", code, principal="user_02Ben", created_by="user_07Greta"
        ),
        Key("apikey_02Chloe", "work machine", code, principal="user_03Chloe", new_shape=True),
        Key("apikey_03Dev", "claude_code_key_somebody.else_abcd", code, created_by="user_04Dev"),
        Key("apikey_04DevNew", "second machine", code, created_by="user_04Dev", new_shape=True),
        Key("apikey_05Eva", "claude_code_key_eva.lindqvist_qwer", None),
        Key("apikey_06Femi", "claude_code_key_femi_zxcv", PLATFORM_WORKSPACE, new_shape=True),
        Key("apikey_07Gone", "claude_code_key_gone.person_abcd", code, principal="user_98Left"),
        Key("apikey_08Kim", "claude_code_key_kim.lee_hjkl", None, new_shape=True),
        Key("apikey_09BenOld", "old laptop", code, principal="user_02Ben", status="archived"),
        Key(
            "apikey_10ChloeOff",
            "spare",
            code,
            principal="user_03Chloe",
            status="inactive",
            new_shape=True,
        ),
    ]


def _keys_of_nobody() -> list[Key]:
    platform = PLATFORM_WORKSPACE
    return [
        Key("apikey_11Pipeline", "Data pipeline", platform, created_by="user_07Greta"),
        Key("apikey_12Hiro", "experiments", platform, principal="user_08Hiro", new_shape=True),
        Key(
            "apikey_13Nightly",
            "Nightly CI",
            platform,
            service_account=SERVICE_ACCOUNT,
            created_by="user_07Greta",
            new_shape=True,
        ),
        Key("apikey_14Default", "billing export, monthly", None, created_by="user_01Ana"),
        Key("apikey_15Organisation", "organisation-wide", None, new_shape=True),
        Key("apikey_16Archive", "prototype", ARCHIVED_WORKSPACE, status="archived"),
    ]
