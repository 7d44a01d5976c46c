"""The Celery application of executors and recorder, and how the web process reaches them."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codr.settings")

app = Celery("codr")
app.config_from_object("django.conf:settings", namespace="CELERY")
