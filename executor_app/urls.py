"""The addresses of HTTP that are Codr's own."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from . import views

urlpatterns = [
    path("", views.ide, name="ide"),
    path("api/languages", views.languages_offered, name="languages"),
    path("healthz", views.healthz, name="healthz"),
    # What browsers ask for where a page names none, as the admin's.
    path("favicon.ico", RedirectView.as_view(url=static("ide/favicon.svg"))),
    path("readyz", views.readyz, name="readyz"),
]
