"""A PostgreSQL of the benchmark's own: the embedded one, in a temporary folder and on a free port."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from lotwatch.errors import LotwatchError
from lotwatch_local import stack
from lotwatch_local.settings import PROJECT, Settings
from lotwatch_local.supervisor import DATABASE, Supervisor

#: what an empty cluster and its log of changes take, and each item-site with its history, in bytes
_BASE, _ITEM_SITE = 1_000_000_000, 22_000
#: what a company that is kept consists of, and what it is made by: with another of these it is another one (later migrations
#: are applied to a copy as to any installation)
_KEPT = ("secrets.json", "postgres")
_MADE_BY = ("bench/*.sql", "bench/world.py")


def require_room(rows: int) -> None:
    """Raise LotwatchError when the database of so many item-sites would not fit on the disk."""
    folder = gettempdir()
    needed, free = _BASE + rows * _ITEM_SITE, shutil.disk_usage(folder).free
    if needed > free:
        raise LotwatchError(
            f"{rows:,} item-sites need {needed / 1e9:,.0f} GB, and {free / 1e9:,.0f} GB are free",
            where=folder,
            do="take fewer (make bench ROWS=20000), or set TMPDIR to a folder on a larger disk",
        )


def kept_in(folder: Path, rows: int) -> Path:
    """Where below `folder` the company of so many item-sites is kept, as it is made now."""
    made_by = sha256()
    for path in sorted(path for pattern in _MADE_BY for path in PROJECT.glob(pattern)):
        made_by.update(path.read_bytes())
    return folder / f"{rows}-{made_by.hexdigest()[:12]}"


def keep(settings: Settings, kept: Path) -> None:
    """Copy the database to where it is kept, for a later run to begin with. It is stopped meanwhile."""
    supervisor = Supervisor(settings)
    supervisor.stop(DATABASE)
    unfinished = kept.with_name(f"{kept.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _copy(settings.home, unfinished)
    unfinished.rename(kept)
    stack.start_database(settings, supervisor)


@contextmanager
def temporary_database(kept: Path | None = None) -> Iterator[Settings]:
    """Start PostgreSQL as an installation does, with Lotwatch's schema; stop and remove it, also when interrupted.

    It is a copy of the one `kept` there, if there is one.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory(prefix="lotwatch-bench-", ignore_cleanup_errors=True) as folder:
        ports = {f"port_{name}": _free_port() for name in ("postgres", "tryton", "airflow")}
        settings = Settings(home=Path(folder), **ports)
        supervisor = Supervisor(settings)
        if kept and kept.exists():
            with stack.step("the company that was kept"):
                _copy(kept, settings.home)
        try:
            supervisor.load([stack.database_program(settings)])
            stack.start_database(settings, supervisor)
            yield settings
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave a server behind
            supervisor.shutdown()
            shutil.rmtree(settings.run_folder, ignore_errors=True)


def bytes_used(folder: Path) -> int:
    """Size of all files below a folder, in bytes. A file that ends meanwhile counts nothing."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _copy(source: Path, target: Path) -> None:
    """With owners and modes, which PostgreSQL insists on."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", *(str(source / name) for name in _KEPT), str(target)], check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
