"""The Celery application of executors and recorder, and how the web process reaches them."""

from __future__ import annotations

import gc
import os
from functools import partial
from typing import Any

from celery import Celery, beat
from celery.signals import celeryd_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codr.settings")

app = Celery("codr")
app.config_from_object("django.conf:settings", namespace="CELERY")


@celeryd_init.connect
def keep_the_clock_in_a_thread(**kwargs: Any) -> None:
    """Of the recorder: by itself it is a process of its own, as large as that, and goes on when the
    recorder is killed."""
    beat.EmbeddedService = partial(beat.EmbeddedService, thread=True)


@worker_ready.connect
def keep_what_is_loaded(**kwargs: Any) -> None:
    """It stays: everybody's echo would wait while an executor searches it for garbage, and a
    recorder would do so once more as it ends."""
    gc.collect()
    gc.freeze()
