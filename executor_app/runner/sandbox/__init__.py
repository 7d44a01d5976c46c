"""The jails: one interface (`base.py`), one file for each backend, one launcher for all."""

from __future__ import annotations

from executor_app.errors import HostError

from .base import HOME, Ground, Place, Sandbox
from .bubblewrap import Bubblewrap
from .firejail import Firejail

BACKENDS: dict[str, type[Sandbox]] = {backend.name: backend for backend in (Firejail, Bubblewrap)}


def backend(name: str) -> Sandbox:
    """The backend of that name. There is no default here, and none means no sandbox."""
    try:
        return BACKENDS[name]()
    except KeyError:
        known = ", ".join(BACKENDS)
        raise HostError(f"CODR_SANDBOX is {name!r}; it can be one of {known}") from None


__all__ = ["BACKENDS", "HOME", "Ground", "Place", "Sandbox", "backend"]
