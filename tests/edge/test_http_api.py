"""The API as its document has it: asked all that the document allows, and much that it does not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import schemathesis
from schemathesis import Case

from executor_app.openapi import document
from executor_app.urls import urlpatterns
from tests.stack import Stack

pytestmark = pytest.mark.slow

schema = schemathesis.openapi.from_dict(document())


@schema.parametrize()
def test_every_answer_is_one_that_the_document_names(case: Case[Any], codr: Stack) -> None:
    """No 5xx; the documented statuses, media types and bodies; 405 for other methods."""
    case.call_and_validate(base_url=codr.url, timeout=20)


def test_the_document_is_served_and_has_every_address_of_the_api(codr: Stack) -> None:
    served = json.loads(codr.get("/api/openapi.json"))
    assert served == document()
    addresses = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{route.pattern}")
        for route in urlpatterns
        if str(route.pattern).startswith(("api/", "healthz", "readyz"))
    }
    assert addresses == set(served["paths"])
