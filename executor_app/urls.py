"""The addresses of HTTP that are Codr's own."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.ide, name="ide"),
    path("api/languages", views.languages_offered, name="languages"),
    path("api/openapi.json", views.described, name="openapi"),
    path("healthz", views.healthz, name="healthz"),
    path("favicon.ico", views.icon, name="icon"),
    path("readyz", views.readyz, name="readyz"),
]
