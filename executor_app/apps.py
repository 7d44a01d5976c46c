"""Django's view of this application."""

from __future__ import annotations

from django.apps import AppConfig


class ExecutorAppConfig(AppConfig):
    name = "executor_app"
    verbose_name = "Codr"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, sign_in  # noqa: F401 - register themselves
