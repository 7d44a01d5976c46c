"""The Celery application of executors and recorder, and how the web process reaches them."""

from __future__ import annotations

import gc
import os
from functools import partial
from typing import Any

from celery import Celery, beat
from celery.signals import celeryd_init, task_prerun, worker_ready
from django.db import close_old_connections

from . import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codr.settings")

broker.use()
app = Celery("codr")
app.config_from_object("django.conf:settings", namespace="CELERY")


@celeryd_init.connect
def keep_the_clock_in_a_thread(**kwargs: Any) -> None:
    """Of the recorder: by itself it is a process of its own, as large as that, and goes on when the
    recorder is killed."""
    beat.EmbeddedService = partial(beat.EmbeddedService, thread=True)


@task_prerun.connect
def keep_good_connections(**kwargs: Any) -> None:
    """As between two requests: only what failed or is old is closed, and PostgreSQL is asked again
    whether it is there. Celery would open the database anew for each task."""
    close_old_connections()


@worker_ready.connect
def keep_what_is_loaded(**kwargs: Any) -> None:
    """It stays: everybody's echo would wait while an executor searches it for garbage, and a
    recorder would do so once more as it ends."""
    gc.collect()
    gc.freeze()
