"""The Celery application of executors and recorder, and how the web process reaches them."""

from __future__ import annotations

import gc
import os
from typing import Any

from celery import Celery, platforms
from celery.signals import beat_embedded_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codr.settings")

app = Celery("codr")
app.config_from_object("django.conf:settings", namespace="CELERY")


@beat_embedded_init.connect
def end_with_the_recorder(**kwargs: Any) -> None:
    """Its clock is a process of its own, and would go on when the recorder is killed."""
    platforms.set_pdeathsig("SIGTERM")  # type: ignore[attr-defined]


@worker_ready.connect
def keep_what_is_loaded(**kwargs: Any) -> None:
    """It stays: everybody's echo would wait while an executor searches it for garbage, and a
    recorder would do so once more as it ends."""
    gc.collect()
    gc.freeze()
