"""One job's part of the host: its user, its folders, its control group and its jail."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from executor_app import trace
from executor_app.errors import HostError

from .cgroups import Cgroup
from .jail import Jail
from .threads import make_in_thread
from .workspace import Workspace

if TYPE_CHECKING:
    from .host import Host

logger = logging.getLogger(__name__)

# What it weighs beside others while nobody waits for it: the kernel's least of any group's.
QUIET_PART = 0.01


class Cell:
    """Use `make`, then `close`. Then nothing of it is left, and neither is if making it fails."""

    def __init__(
        self, slot: int, workspace: Workspace, cgroup: Cgroup | None, jail: Jail, owned: bool
    ) -> None:
        """`owned` says that the job's user is not the executor's."""
        self.slot = slot
        self.workspace = workspace
        self.cgroup = cgroup
        self.jail = jail
        place = workspace.place
        # The user and group that its terminals and pipes are given to.
        self.owner = (place.uid, place.gid) if owned else None
        self._cleanup = contextlib.AsyncExitStack()

    @classmethod
    async def make(
        cls,
        host: Host,
        name: str,
        slot: int,
        *,
        group: str,
        disk_bytes: int,
        files: Sequence[tuple[str, bytes]] = (),
        quiet: bool = False,
    ) -> Self:
        """`name` is its folder's, `group` its group's; a quiet one gives way to everybody."""

        def make() -> tuple[Cgroup | None, Workspace]:
            cgroup = host.make_cgroup(group)
            try:
                if cgroup is not None and quiet:
                    cgroup.weigh(QUIET_PART)
                trace.mark(name, "runner: has a control group")
                workspace = host.make_workspace(name, slot, disk_bytes)
            except BaseException:
                _remove_group(cgroup, group)
                raise
            return cgroup, workspace

        # All at once: each way into a thread and back costs as much as what is done there.
        cgroup, workspace = await make_in_thread(make, lambda made: _remove(*made, group))
        async with contextlib.AsyncExitStack() as cleanup:
            # In a thread: the kernel takes its time over a folder full of files.
            cleanup.push_async_callback(asyncio.to_thread, _remove, cgroup, workspace, group)
            workspace.write(files)
            trace.mark(name, "runner: has a workspace")
            join = cgroup.join_files if cgroup else []
            jail = await Jail.start(host.sandbox.entry(host.ground, workspace.place, join))
            cleanup.push_async_callback(jail.close)
            cell = cls(slot, workspace, cgroup, jail, host.ground.privileged)
            cell._cleanup = cleanup.pop_all()
        return cell

    async def close(self) -> None:
        await self._cleanup.aclose()


async def make_group(host: Host, name: str, cleanup: contextlib.AsyncExitStack) -> Cgroup | None:
    """In a thread: one lock of the kernel's guards all groups, and others may hold it."""
    cgroup = await make_in_thread(
        lambda: host.make_cgroup(name), lambda made: _remove_group(made, name)
    )
    cleanup.push_async_callback(asyncio.to_thread, _remove_group, cgroup, name)
    return cgroup


def _remove(cgroup: Cgroup | None, workspace: Workspace, group: str) -> None:
    try:
        workspace.remove()
    finally:
        _remove_group(cgroup, group)


def _remove_group(cgroup: Cgroup | None, name: str) -> None:
    if cgroup is None:
        return
    try:
        cgroup.remove()
    except HostError:
        # The job has its end; what stays is for the operator, and for the next `Host.open`.
        logger.exception("%s: a process outlived its job", name)
