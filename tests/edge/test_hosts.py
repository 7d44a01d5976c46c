"""Which names of ours are answered to."""

from __future__ import annotations

import logging

import pytest
from django.test import Client, override_settings

from executor_app import audit
from executor_app.audit import Kind
from executor_app.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/api/openapi.json", 400)])
def test_whether_we_are_well_is_said_to_whatever_name_we_are_called_by(
    path: str, status: int
) -> None:
    with override_settings(ALLOWED_HOSTS=["codr.example"]):
        assert Client().get(path, headers={"host": "127.0.0.1:8000"}).status_code == status


@pytest.mark.parametrize("tls", [False, True], ids=["without TLS", "with TLS"])
def test_who_calls_us_by_other_names_is_counted_and_floods_no_log(
    caplog: pytest.LogCaptureFixture, tls: bool
) -> None:
    """With TLS somebody else than our middleware would ask for the name first."""
    audit._counter.forget()
    caplog.set_level(logging.INFO)
    with override_settings(ALLOWED_HOSTS=["codr.example"], SECURE_SSL_REDIRECT=tls):
        client = Client()
        for n in range(500):
            answer = client.get("/api/openapi.json", headers={"host": f"host-{n}.example"})
            assert answer.status_code == 400
    audit.flush()
    row = AuditEvent.objects.get()
    assert (row.kind, row.times, row.detail) == (Kind.WRONG_HOST, 500, "host-0.example")
    assert [record.name for record in caplog.records] == ["codr.audit"] * 2
