"""A running Codr, and people with accounts and keys in it, made as docs/accounts.md says."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.stack import Stack

MAKE = """
import json, sys
from django.contrib.auth.models import Permission, User
from executor_app import api_keys
made = {}
for name, password, staff in json.loads('''%s'''):
    user = User.objects.create_user(name, password=password, is_staff=staff)
    if staff:
        user.user_permissions.set(Permission.objects.filter(codename="view_job"))
    made[name] = api_keys.make(user, "tests")[1]
print(json.dumps(made))
"""


@dataclass(frozen=True)
class Account:
    name: str
    password: str
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


@dataclass(frozen=True)
class Cast:
    ada: Account
    bob: Account
    sam: Account  # staff who may view jobs


def make_accounts(stack: Stack, **staff: bool) -> dict[str, Account]:
    """Accounts of these names, made unique, by the names that were given."""
    wanted = {name: (f"{name}-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex) for name in staff}
    facts = [(*wanted[name], is_staff) for name, is_staff in staff.items()]
    done = stack.manage("shell", "--verbosity", "0", "-c", MAKE % json.dumps(facts))
    assert done.returncode == 0, done.stderr
    secrets = json.loads(done.stdout)
    return {
        name: Account(called, password, secrets[called])
        for name, (called, password) in wanted.items()
    }


@pytest.fixture(scope="package")
def cast(codr: Stack) -> Cast:
    return Cast(**make_accounts(codr, ada=False, bob=False, sam=True))


def ask(
    stack: Stack, method: str, path: str, headers: dict[str, str], body: Any = None
) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = Request(stack.url + path, data=data, method=method, headers=headers)
    try:
        with urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())
