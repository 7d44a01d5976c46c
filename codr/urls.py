"""The addresses of HTTP."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    # Before the admin's own, which answer for everything below it.
    path("admin/", include("executor_app.running_admin")),
    path("admin/", admin.site.urls),
    path("", include("executor_app.urls")),
]
