"""The folders of a job as hostile ground: what is looked for in them, and what is not followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor_app.runner import mounts
from executor_app.runner.workspace import DEEPEST_LOOK, MANY_FILES, MAX_FILES, Workspace

MIB = 1 << 20


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(tmp_path / "job", disk_bytes=8 * MIB, uid=1_400_000_000, gid=1_400_000_000)
    yield made
    made.remove()
    assert not (tmp_path / "job").exists()


def large(path: Path) -> int:
    with path.open("wb") as file:
        file.truncate(2 * MIB)
    return path.stat().st_ino


def fill_with_files(folder: Path) -> None:
    for n in range(MAX_FILES + 1):
        (folder / str(n)).touch()


@pytest.mark.parametrize("umount", ["there", "missing"])
def test_a_folder_full_of_files_is_removed_by_another_process_or_else_by_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umount: str
) -> None:
    full = Workspace(tmp_path / "job", disk_bytes=8 * MIB, uid=1_400_000_000, gid=1_400_000_000)
    for n in range(MANY_FILES + 1):
        (full.place.home / str(n)).touch()
    ours: list[Path] = []
    unmount = mounts.unmount

    def unmount_here(folder: Path) -> None:
        ours.append(folder)
        unmount(folder)

    monkeypatch.setattr(mounts, "unmount", unmount_here)
    if umount == "missing":
        monkeypatch.setenv("PATH", str(tmp_path))

    full.remove()

    assert not (tmp_path / "job").exists()
    assert ours == ([] if umount == "there" else [tmp_path / "job"])


def test_large_files_are_found_in_every_place(workspace: Workspace) -> None:
    place = workspace.place
    (place.tmp / "folder").mkdir()
    made = {large(path) for path in (place.home / "a", place.tmp / "folder/b", place.shm / "c")}
    (place.home / "small").write_text("x")

    assert workspace.files_of(MIB) == made
    assert workspace.files_of(4 * MIB) == frozenset()


def test_no_link_leads_out_of_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    large(outside / "file")
    (workspace.place.home / "folder").symlink_to(outside)
    (workspace.place.home / "file").symlink_to(outside / "file")

    assert workspace.files_of(MIB) == frozenset()


def test_a_folder_that_becomes_a_link_while_somebody_looks_is_not_followed(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    large(outside / "file")
    folder = workspace.place.home / "folder"
    folder.mkdir()
    real = os.open

    def swapped_before(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if path == "folder" and not folder.is_symlink():
            folder.rmdir()
            folder.symlink_to(outside)
        return real(path, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", swapped_before)
    assert workspace.files_of(MIB) == frozenset()
    monkeypatch.undo()
    assert folder.is_symlink()


def test_what_lies_very_deep_is_not_looked_for(workspace: Workspace) -> None:
    """Else a job that nests ten thousand folders would keep the executor busy at every look."""
    deep = workspace.place.home.joinpath(*["d"] * (DEEPEST_LOOK - 1))
    deep.mkdir(parents=True)
    found = large(deep / "file")
    (deep / "d" / "d").mkdir(parents=True)
    large(deep / "d" / "d" / "file")

    assert workspace.files_of(MIB) == {found}


def test_one_that_cannot_be_made_whole_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Workspace, "_give", broken)
    try:
        with pytest.raises(PermissionError):
            Workspace(tmp_path / "job", disk_bytes=MIB, uid=1_400_000_000, gid=1_400_000_000)

        assert not (tmp_path / "job").exists()
        assert str(tmp_path / "job") not in mounts.mount_points()
    finally:
        mounts.unmount_below(tmp_path)


def test_it_is_said_what_there_is_no_more_room_for(workspace: Workspace) -> None:
    assert workspace.full() is None
    with pytest.raises(OSError, match="No space"):
        (workspace.place.home / "big").write_bytes(bytes(9 * MIB))
    assert workspace.full() == "bytes"
    (workspace.place.home / "big").unlink()
    with pytest.raises(OSError, match="No space"):
        fill_with_files(workspace.place.tmp)
    assert workspace.full() == "files"
