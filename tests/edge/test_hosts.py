"""Which names of ours are answered to."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/api/openapi.json", 400)])
def test_whether_we_are_well_is_said_to_whatever_name_we_are_called_by(
    path: str, status: int
) -> None:
    with override_settings(ALLOWED_HOSTS=["codr.example"]):
        assert Client().get(path, headers={"host": "127.0.0.1:8000"}).status_code == status
