"""Where a test installation lives: in memory where there is enough, since each test's database is a thousand files."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from lotwatch.errors import LotwatchError
from lotwatch_local.settings import Settings
from lotwatch_local.supervisor import Supervisor

MEMORY = Path("/dev/shm")  # noqa: S108
_PREFIX = "lotwatch-test-"
_NAME = "lot watch"
#: for up to three that run at once: one takes half a gigabyte of files, and Airflow and Tryton as much again as processes
_FILES, _ALL = 4 << 30, 8 << 30


@contextmanager
def new_home(kept: Path) -> Iterator[Path]:
    """A home with a space in its path, gone when the block ends; its logs are in `kept`, on disk.

    It is locked by this process: what others left, because they were killed, is recognised by nobody holding its lock.
    """
    in_memory = MEMORY.exists() and shutil.disk_usage(MEMORY).free > _FILES and psutil.virtual_memory().available > _ALL
    clear_away(MEMORY)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=MEMORY if in_memory else kept) as folder:
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        home = Path(folder) / _NAME
        home.mkdir()
        for name in ("logs", "airflow"):
            (kept / name).mkdir()
            (home / name).symlink_to(kept / name)
        try:
            yield home
        finally:
            os.close(lock)


def clear_away(where: Path) -> None:
    """Stop and remove the installations in a folder whose tests were killed."""
    for folder in where.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another's, or locked: its tests run
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if folder.stat().st_mtime < time.time() - 60:  # not just being made
                    with suppress(LotwatchError):
                        Supervisor(Settings(home=folder / _NAME)).shutdown()
                    shutil.rmtree(folder)
            finally:
                os.close(lock)
