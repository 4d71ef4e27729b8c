"""The programs of a one-machine installation, kept running by supervisord (a program that dies is started again)."""

import configparser
import shlex
import signal
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from lotwatch.errors import LotwatchError
from lotwatch_local.settings import Settings
from lotwatch_local.waiting import wait_for

#: the program that the others live off
DATABASE = "postgres"
_ALIVE = {"RUNNING", "STARTING", "BACKOFF"}
#: supervisord tells its address to what it starts, and that to what it starts in turn: so each knows whose it is
_WHOSE = "SUPERVISOR_SERVER_URL"
#: seconds that a process is given to end by itself
_TO_END = 10


@dataclass(frozen=True)
class Program:
    """A server: how it is started and stopped. Its output goes to HOME/logs/<name>.log."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "TERM"


class Supervisor:
    """Starts, watches and stops programs; several calls from several shells are fine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._configuration = settings.home / "supervisord.conf"
        self._socket = settings.run_folder / "supervisor.sock"

    def running(self) -> bool:
        """Whether supervisord itself answers."""
        try:
            return self._call("getState")["statename"] == "RUNNING"
        except OSError:
            return False

    def states(self) -> dict[str, str]:
        """State of each program (RUNNING, STARTING, BACKOFF, STOPPED, FATAL, ...); empty when nothing runs."""
        return {row["name"]: row["statename"] for row in self._call("getAllProcessInfo")} if self.running() else {}

    def left(self) -> list[psutil.Process]:
        """What was started here and is under the supervisor no longer: it, or a program in between, was killed."""
        known = {*psutil.Process().parents(), psutil.Process()}
        boss = psutil.Process(self._call("getPID")) if self.running() else None
        ours = (process for process in psutil.process_iter() if process not in known and self._is_ours(process))
        return [process for process in ours if boss not in _parents(process)]

    def load(self, programs: list[Program]) -> None:
        """Make these the programs. One that is unchanged goes on running; a changed one is stopped, and what was left is ended."""
        logs = self._settings.home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._configuration.touch(mode=0o600)  # programs' environments hold secrets
        with self._configuration.open("w") as file:
            self._as_ini(programs, logs).write(file)
        self._end_left()
        if not self.running():
            self._socket.unlink(missing_ok=True)
            command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)]
            started = subprocess.run(command, capture_output=True, text=True, check=False)
            if started.returncode:
                raise LotwatchError(f"The supervisor did not start: {started.stdout}{started.stderr}".strip())
            wait_for(self.running, "the supervisor to answer", 20)
        added, changed, removed = self._call("reloadConfig")[0]
        for name in [*changed, *removed]:
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in [*changed, *added]:
            self._call("addProcessGroup", name)

    def start(self, name: str, healthy: Callable[[], bool], seconds: float = 300) -> None:
        """Start a program and wait until it is healthy. Raises LotwatchError with the end of its log if it never is."""
        if self.states().get(name) != "RUNNING":
            self._need_free_port(name)
            self._call("startProcess", name, False)
        wait_for(lambda: self._healthy(name, healthy), f"{name} to be ready", seconds)

    def stop(self, name: str) -> None:
        """Stop one program and wait until it has ended."""
        if self.states().get(name) in _ALIVE:
            self._call("stopProcess", name)

    def shutdown(self) -> bool:
        """Stop everything, and end what was left; False when nothing ran."""
        if not self.running():
            return self._end_left()
        others = [name for name, state in self.states().items() if name != DATABASE and state in _ALIVE]
        for name in others:
            self._call("stopProcess", name, False)
        wait_for(lambda: not any(self.states()[name] in {*_ALIVE, "STOPPING"} for name in others), "all to stop", 60)
        self._end_left()
        self.stop(DATABASE)  # last: the others need it to end well
        self._call("shutdown")
        wait_for(lambda: not self.running() and not self._socket.exists(), "the supervisor to stop", 60)
        return True

    def _end_left(self) -> bool:
        """End what was left, the database last; False when nothing was."""
        left = self.left()
        database = [process for process in left if _program(process) == DATABASE]
        _end([process for process in left if process not in database], signal.SIGTERM)
        _end(database, signal.SIGINT)
        return bool(left)

    def _is_ours(self, process: psutil.Process) -> bool:
        return _environment(process).get(_WHOSE) == f"unix://{self._socket}"

    def _healthy(self, name: str, healthy: Callable[[], bool]) -> bool:
        if self.states().get(name) in ("FATAL", "EXITED"):
            raise LotwatchError(f"{name} does not start: {self._log_tail(name)}", where=str(self._log(name)))
        return self.states().get(name) == "RUNNING" and healthy()

    def _log(self, name: str) -> Path:
        return self._settings.home / "logs" / f"{name}.log"

    def _log_tail(self, name: str) -> str:
        path = self._log(name)
        return path.read_text(errors="replace")[-1500:].strip() if path.exists() else "it wrote no log"

    def _need_free_port(self, name: str) -> None:
        port = self._settings.ports.get(name)
        if port is None:
            return
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                setting = "LOTWATCH_PORT_" + name.removesuffix("-api").upper()
                raise LotwatchError(
                    f"Port {port} for {name} is taken by another program",
                    do=f"stop that program, or choose another port: {setting}=... in .env or before make",
                ) from error

    def _as_ini(self, programs: list[Program], logs: Path) -> configparser.RawConfigParser:
        ini = configparser.RawConfigParser()
        ini["unix_http_server"] = {"file": _escape(str(self._socket)), "chmod": "0700"}
        ini["supervisord"] = {
            "logfile": _escape(str(logs / "supervisord.log")),
            "pidfile": _escape(str(self._settings.run_folder / "supervisord.pid")),
            "childlogdir": _escape(str(logs)),
        }
        ini["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        for priority, program in enumerate(programs):
            # Airflow's processes give themselves titles: not in place of what tells whose they are
            environment = {**program.environment, "SPT_NOENV": "1"}
            ini[f"program:{program.name}"] = {
                "command": _escape(shlex.join(program.command)),
                "environment": ",".join(f'{key}="{_escape(value)}"' for key, value in environment.items()),
                "priority": str(priority),
                "autostart": "false",
                "autorestart": "true",
                "startsecs": "1",
                "startretries": "10",
                "stopsignal": program.stop_signal,
                "stopwaitsecs": "30",
                "stopasgroup": "true" if program.name.startswith("airflow") else "false",
                "killasgroup": "true",
                "redirect_stderr": "true",
                "stdout_logfile": _escape(str(self._log(program.name))),
                "stdout_logfile_maxbytes": "20MB",
                "stdout_logfile_backups": "3",
            }
        return ini

    def _call(self, method: str, *arguments: object) -> Any:
        # a transport that failed once stays broken: each call brings its own
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        rpc = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
        try:
            return getattr(rpc, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in (Faults.ALREADY_STARTED, Faults.NOT_RUNNING):
                return None
            raise LotwatchError(f"The supervisor refused {method}: {fault.faultString}") from fault


def _end(processes: Sequence[psutil.Process], gently: signal.Signals) -> None:
    """Ask them to end, and end those that do not. Raises LotwatchError when one is there all the same."""
    for sign in (gently, signal.SIGKILL):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
        try:
            # one that ended has none, also while nobody asked how
            wait_for(lambda: not any(_environment(process) for process in processes), "what was left to end", _TO_END)
            return
        except LotwatchError:
            if sign == signal.SIGKILL:
                raise


def _program(process: psutil.Process) -> str | None:
    """The program that it is, or was started by."""
    return _environment(process).get("SUPERVISOR_PROCESS_NAME")


def _parents(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return process.parents()
    return []


def _environment(process: psutil.Process) -> dict[str, str]:
    """Empty where it ended meanwhile, or is not ours to read."""
    with suppress(psutil.Error):
        return process.environ()
    return {}


def _escape(value: str) -> str:
    return value.replace("%", "%%")
