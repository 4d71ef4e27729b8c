"""A PostgreSQL of the benchmark's own: the embedded one, in a temporary folder and on a free port."""

import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from lotwatch.errors import LotwatchError
from lotwatch_local import stack
from lotwatch_local.settings import Settings
from lotwatch_local.supervisor import Supervisor

#: what an empty cluster and its log of changes take, and each item-site with its history, in bytes
_BASE, _ITEM_SITE = 1_000_000_000, 22_000


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


@contextmanager
def temporary_database() -> Iterator[Settings]:
    """Start PostgreSQL as an installation does, with Lotwatch's schema; stop and remove it, also when interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory(prefix="lotwatch-bench-", ignore_cleanup_errors=True) as folder:
        ports = {f"port_{name}": _free_port() for name in ("postgres", "tryton", "airflow")}
        settings = Settings(home=Path(folder), **ports)
        supervisor = Supervisor(settings)
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
