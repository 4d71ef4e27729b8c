"""The installation of one machine: what a newcomer meets when something is in the way."""

import fcntl
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lotwatch.errors import LotwatchError
from lotwatch.paths import PROJECT
from lotwatch_local.settings import Settings
from lotwatch_local.supervisor import Program, Supervisor
from lotwatch_local.waiting import wait_for
from sandbox import trial
from tests.homes import clear_away


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "a home")


def test_a_busy_port_is_named_with_the_setting_that_moves_it(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = settings.model_copy(update={"port_airflow": other.getsockname()[1]})
        with pytest.raises(LotwatchError, match=rf"Port {busy.port_airflow} .*LOTWATCH_PORT_AIRFLOW"):
            Supervisor(busy)._need_free_port("airflow-api")


def test_what_killed_tests_left_is_stopped_and_removed_and_what_runs_is_not(tmp_path: Path) -> None:
    left, running, begun = (tmp_path / f"lotwatch-test-{name}" for name in ("left", "running", "begun"))
    for folder in (left, running, begun):
        (folder / "lot watch").mkdir(parents=True)
    supervisor = Supervisor(Settings(home=left / "lot watch"))
    supervisor.load([])
    for folder in (left, running):
        os.utime(folder, (0, 0))
    lock = os.open(running, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    clear_away(tmp_path)
    os.close(lock)
    assert sorted(tmp_path.iterdir()) == [begun, running]
    assert not supervisor.running()


#: as Airflow's scheduler: what it starts has a title of its own, and ends neither with it nor when it is asked to
_BOSS = """
import os, pathlib, signal, sys, time
if not os.fork():
    from setproctitle import setproctitle
    setproctitle("a worker: <idle>")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(300)
"""


class Boss:
    """A program under a supervisor, and the worker that it has."""

    def __init__(self, settings: Settings) -> None:
        self.supervisor, self._home = Supervisor(settings), settings.home
        self._home.mkdir()
        (self._home / "boss.py").write_text(_BOSS)
        note = self._home / "worker"
        self.load()
        self.supervisor.start("boss", lambda: note.exists() and bool(note.read_text()), 20)
        self.worker = psutil.Process(int(note.read_text()))

    def load(self) -> None:
        self.supervisor.load([
            Program("boss", [sys.executable, str(self._home / "boss.py"), str(self._home / "worker")])
        ])


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def boss(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boss]:
    monkeypatch.setattr("lotwatch_local.supervisor._TO_END", 1)
    boss = Boss(settings)
    yield boss
    boss.supervisor.shutdown()


def test_what_a_killed_program_left_ends_with_the_rest_and_nothing_of_another_installation(
    boss: Boss, tmp_path: Path
) -> None:
    other = Boss(Settings(home=tmp_path / "another home"))
    try:
        left = boss.worker
        left.parent().kill()
        wait_for(lambda: boss.supervisor.left() == [left], "the worker to be left", 10)
        boss.supervisor.shutdown()
        assert has_ended(left)
        assert not has_ended(other.worker)
    finally:
        other.supervisor.shutdown()


def test_a_new_start_ends_what_was_left_when_the_supervisor_itself_was_killed(boss: Boss) -> None:
    left = [boss.worker, boss.worker.parent()]
    left[1].parent().kill()
    wait_for(lambda: not boss.supervisor.running(), "the supervisor to be gone", 10)
    boss.load()
    assert all(has_ended(process) for process in left)
    assert boss.supervisor.states() == {"boss": "STOPPED"}


def test_secrets_are_made_once_and_readable_by_their_owner_alone(settings: Settings) -> None:
    first = settings.secrets
    assert stat.S_IMODE((settings.home / "secrets.json").stat().st_mode) == 0o600
    assert Settings(home=settings.home).secrets == first
    assert len(set(first.values())) == len(first)


def test_the_supervisors_socket_fits_however_deep_the_folder(tmp_path: Path) -> None:
    deep = Settings(home=tmp_path / ("deep " * 20) / ("er " * 30))
    assert len(str(deep.run_folder / "supervisor.sock")) < 107


def test_other_data_needs_another_installation(settings: Settings, tmp_path: Path) -> None:
    trial.remember_data(settings)
    trial.remember_data(settings)
    with pytest.raises(LotwatchError, match="make clean"):
        trial.remember_data(settings.model_copy(update={"data": tmp_path}))


def test_a_folder_without_real_data_is_said_to_be_one(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(LotwatchError, match="no real data here"):
        trial.remember_data(settings.model_copy(update={"data": tmp_path}))


@pytest.mark.parametrize(("python", "says"), [("python-that-is-not", "there is no"), ("/bin/false", "is none")])
def test_a_wrong_python_is_named(tmp_path: Path, python: str, says: str) -> None:
    command = ["sh", str(PROJECT / "bootstrap.sh"), python, "uv", str(tmp_path / "venv"), "requirements.txt"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 1
    assert says in done.stderr
    assert "3.11" in done.stderr


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(LotwatchError, match="in vain"):
        wait_for(lambda: False, "nothing", 0.1, every=0.01)
