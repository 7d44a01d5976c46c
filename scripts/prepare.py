"""Brings the database and the static files up to date, before the processes start.

One process for both, since starting Django is most of what either costs.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db.utils import OperationalError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codr.settings")
    try:
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        collect_static(Path(settings.STATIC_ROOT))
    except ImproperlyConfigured as error:
        sys.exit(f"{error}. docs/configuration.md has all settings.")
    except OperationalError as error:
        why = " ".join(str(error).split())
        sys.exit(f"The database that DATABASE_URL names cannot be used: {why}")


def collect_static(root: Path) -> None:
    """Collect when a source is new, gone or changed, by name, size and time."""
    record = root.with_name(f"{root.name}.sources")
    sources = static_sources()
    if root.is_dir() and record.exists() and record.read_text() == sources:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    record.write_text(sources)


def static_sources() -> str:
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = os.stat(storage.path(name))
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
