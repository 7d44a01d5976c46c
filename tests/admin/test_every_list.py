"""What holds for every list of the admin."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client

from executor_app.admin_list import AdminList
from executor_app.job_list import BoundedPaginator
from executor_app.models import Allowance, ApiKey, AuditEvent, Job, SavedProgram
from tests.admin.conftest import signed_in

LISTS = (Allowance, ApiKey, AuditEvent, Job, SavedProgram)
GO_WITH_ACCOUNT = (ApiKey, SavedProgram)


def test_these_are_all() -> None:
    ours = {model for model in admin.site._registry if model._meta.app_label == "executor_app"}
    assert ours == set(LISTS)


@pytest.mark.parametrize("model", LISTS)
def test_it_looks_for_no_text_that_a_database_cannot_have(
    administrator: Client, model: type
) -> None:
    name = model.__name__.lower()
    for query in ("q=%00", "owner_key=%00", "nonsense=a%00b"):
        answer = administrator.get(f"/admin/executor_app/{name}/?{query}")
        assert answer.status_code == 400, query


@pytest.mark.parametrize("model", LISTS)
def test_it_counts_no_more_than_anybody_turns_pages(model: type) -> None:
    found = admin.site._registry[model]
    assert found.paginator is BoundedPaginator
    assert not found.show_full_result_count


@pytest.mark.parametrize("model", LISTS)
def test_who_may_delete_accounts_may_delete_what_goes_along_and_nothing_else(
    db: None, model: type
) -> None:
    user = User.objects.create_user("dora", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="delete_user"))
    request = signed_in(user).get("/admin/").wsgi_request
    found = admin.site._registry[model]
    assert isinstance(found, AdminList)
    assert found.has_delete_permission(request) == (model in GO_WITH_ACCOUNT)
