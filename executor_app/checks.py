"""What `manage.py check` says about a production installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def production_mode(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    if settings.PRODUCTION:
        return []
    return [
        Warning(
            "CODR_MODE is not production.",
            hint="Set CODR_MODE=production and CODR_SECRET_KEY; see docs/configuration.md.",
            id="codr.W001",
        )
    ]
