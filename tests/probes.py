"""Views of every kind behind the guard, so that its tests need none of the product's pages."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, jsonify, render_template_string, request
from werkzeug.test import TestResponse

from app.models import Meta
from app.web.request import guard
from tests.modes import Serve, Site

PAGE = "{% extends layout %}{% block content %}<form>{{ csrf_field() }}</form>{% endblock %}"
FOREIGN = (
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""},
    {"Origin": "http://localhost:8080"}, {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example@localhost"}, {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "x"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
)  # fmt: skip
"""What browsers say of a request that another site made them send."""


def probes() -> Blueprint:
    """Views of every kind, so that these tests need none of the product's pages."""
    probe = Blueprint("probe", __name__)

    @probe.get("/probe")
    def page() -> str:
        return render_template_string(PAGE)

    @probe.get("/probe/admin")
    @guard.admin_only
    def admin() -> str:
        guard.record_event("looked")
        return render_template_string(PAGE)

    @probe.post("/probe")
    @probe.route("/api/probe", methods=["POST", "PUT", "PATCH", "DELETE"])
    def write() -> Any:
        return changed()

    # The mark stands above the route on purpose: the order must not matter.
    @guard.token_scope("sync")
    @probe.post("/api/probe/sync")
    def sync() -> Any:
        return changed(**(request.get_json(silent=True) or {}))

    @probe.post("/api/probe/import")
    @guard.token_scope("import")
    @guard.takes_upload(lambda: 3 * 1024 * 1024)
    def upload() -> Any:
        return changed(size=len(request.files["file"].read()))

    @probe.route("/api/probe/cron", methods=["GET", "POST"])
    @guard.own_credentials
    def cron() -> Any:
        return jsonify(reached=True)

    return probe


def changed(**told: Any) -> Any:
    Meta.update(data_version=Meta.data_version + 1).execute()
    return jsonify(by=guard.current_user_label(), **told)


@pytest.fixture
def probed(serve: Serve) -> Serve:
    """Makes the product with the views of `probes`."""

    def make(*settings: dict[str, str]) -> Site:
        site = serve(*settings)
        site.app.register_blueprint(probes())
        return site

    return make


def writes() -> int:
    """How often a view of `probes` has written."""
    return int(Meta.select(Meta.data_version).scalar())


def post(site: Site, path: str = "/api/probe", **options: Any) -> TestResponse:
    return site.client.post(path, json={}, **options)
