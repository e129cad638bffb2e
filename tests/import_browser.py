"""A browser without JavaScript on the import page, files to send, and what counts then."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.database import database as proxy
from app.ledger import organization_for, replace_day
from app.models import Run
from app.usage import DayUsage, PriceStatus, RawActor, Tokens, UsageRecord
from tests.imported import CSV_FILES as FILES
from tests.imported import total
from tests.reading import shown, text_of, token_of
from tests.tools import CURSOR

TEAM = "cursor_05_team_2025-2026.csv"
TEAM_TOKENS, TEAM_NANOS = 896_426, 230_000_000
HEADER = (
    "Date,User,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),"
    "Cache Read,Output Tokens,Total Tokens,Cost"
)
GOOD = '"2026-03-01T10:00:00.000Z","ann@acme.example","Included","auto","No",1,2,3,4,10,"0.25"'
BAD = '"2026-03-02T10:00:00.000Z","ann@acme.example","Included","auto","No",x,2,3,4,10,"0.25"'


class Importer:
    """A browser without JavaScript on the import page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def token(self) -> str:
        """The CSRF token of the page."""
        return token_of(self.client, "/import")

    def get(self, path: str, **options: Any) -> TestResponse:
        """The answer to a link."""
        return self.client.get(path, **options)

    def send(self, content: bytes | str, name: str = "usage.csv", email: str = "") -> TestResponse:
        """The answer to the form with a file."""
        return self.send_several({name: content}, email)

    def send_several(self, files: Mapping[str, bytes | str], email: str = "") -> TestResponse:
        """The answer to the form with these files, by name."""
        raw = [
            (io.BytesIO(content.encode() if isinstance(content, str) else content), name)
            for name, content in files.items()
        ]
        fields = {"csrf_token": self.token(), "email": email, "file": raw}
        return self.client.post("/import", data=fields)

    def stage(self, content: bytes | str, name: str = "usage.csv", email: str = "") -> int:
        """The number of a file that was taken."""
        answer = self.send(content, name, email)
        assert answer.status_code == 303, shown(answer.text)
        return int(answer.location.rsplit("/", 1)[1].partition("?")[0])

    def stage_sample(self, name: str, email: str = "") -> int:
        """The number of a sample."""
        return self.stage((FILES / name).read_bytes(), name, email)

    def act(self, number: int, act: str, **options: Any) -> TestResponse:
        """The answer to a button on the page of an import."""
        headers = options.pop("headers", None)
        fields = {"csrf_token": self.token(), "act": act, **options}
        return self.client.post(f"/import/{number}", data=fields, headers=headers)

    def done(self, number: int, act: str, **options: Any) -> None:
        """Press a button and come back to the import."""
        answer = self.act(number, act, **options)
        assert (answer.status_code, answer.location) == (303, f"/import/{number}")

    def read(self, path: str) -> str:
        """The text of a good page."""
        return text_of(self.client, path)


def counted() -> tuple[int, int]:
    """The tokens and nano-dollars that every page counts."""
    with proxy.connection_context():
        return total()


def store_api_day(day: date, tokens: int) -> None:
    """Let the API tell of a day."""
    record = UsageRecord(
        day, RawActor(account="ann@acme.example"), CURSOR, "auto", Tokens(output=tokens),
        None, 0, 0, PriceStatus.PROVIDER,
    )  # fmt: skip
    with proxy.connection_context():
        run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
        usage = DayUsage(day, [record], settled=True)
        replace_day(organization_for("cursor"), "api", usage, run, email_domain="acme.example")
