"""The addresses of HTTP."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    # Before the admin's own, which answer for everything below it.
    path("admin/", include("executor_app.running_admin")),
    # Its page for one's own password would neither count guesses nor write the change down.
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
    path("admin/", admin.site.urls),
    path("", include("executor_app.urls")),
]
