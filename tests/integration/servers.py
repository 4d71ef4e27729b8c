"""The sandbox's servers as programs of their own, each on a free port with a state folder of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import requests
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.conftest import free_port

PORTAL_TOKEN = "the-buyers-token"
OTHER_BUYERS_TOKEN = "the-other-buyers-token"
SENDGRID_KEY = "SG.the-key"
HOSPITAL_TOKEN = "the-hospitals-token"
TABLES_PASSWORD = "the-erp-password"
CONTROL_TOKEN = "the-control-token"
LOGISTICS_TOKEN = "the-logistics-token"
COMPLIANCE_KEY = "the-api-key"
CHANNELS_TOKEN = "the-secret-of-every-channel"
PATIENCE = 30  # seconds: ample on a busy machine, only ever reached when something is wrong

_PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Server:
    """A running server and its control."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def misbehave(self, mode: str, times: int = 1, seconds: float = 0, at: str = "send", code: str = "") -> None:
        wish = {"mode": mode, "times": times, "seconds": seconds, "at": at, "code": code}
        self._control("POST", "misbehave", json=wish)

    def received(self, what: str) -> dict[str, Any]:
        """Everything the server accepted (`what`: orders or messages)."""
        return dict(self._control("GET", what).json())

    def control(self, what: str, **body: Any) -> dict[str, Any]:
        """Tell the server something of its own (`what`: the route below /control)."""
        return dict(self._control("POST", what, json=body).json())

    def wish(self, **wish: Any) -> None:
        """Have something happen in the systems behind the tables (see sandbox.tables.app.Wish)."""
        self._control("POST", "tables", json=wish)

    def reset(self) -> None:
        self._control("POST", "reset")

    def crash(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def _control(self, method: str, what: str, **content: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {CONTROL_TOKEN}"}
        answer = requests.request(method, f"{self.url}/control/{what}", headers=headers, timeout=PATIENCE, **content)
        answer.raise_for_status()
        return answer


@contextmanager
def portal(state: Path) -> Iterator[Server]:
    """The supplier portal with two buyers, keeping its orders in `state`."""
    with _running("sandbox.portal", state) as server:
        yield server


@contextmanager
def mail(state: Path, largest_message: int = 100_000) -> Iterator[Server]:
    """The mail service, keeping its messages in `state`."""
    with _running("sandbox.mail", state, "--largest-message", str(largest_message)) as server:
        yield server


@contextmanager
def logistics(state: Path) -> Iterator[Server]:
    """The logistics service, keeping events and despatch advices in `state`."""
    with _running("sandbox.logistics", state) as server:
        yield server


@contextmanager
def tables(state: Path) -> Iterator[Server]:
    """SAP's, Kingdee's and Yonyou's interfaces, for user lotwatch."""
    with _running("sandbox.tables", state) as server:
        yield server


@contextmanager
def hospital(state: Path) -> Iterator[Server]:
    """The hospital's FHIR server, keeping what is written to it in `state`."""
    with _running("sandbox.hospital", state) as server:
        yield server


@contextmanager
def compliance(state: Path, today: str, rate: int = 100_000) -> Iterator[Server]:
    """The compliance service as of a day, answering `rate` requests a minute."""
    settings = {"SANDBOX_TODAY": today, "SANDBOX_COMPLIANCE_RATE": str(rate)}
    with _running("sandbox.compliance", state, settings=settings) as server:
        yield server


@contextmanager
def channels(state: Path, smtp_port: int) -> Iterator[Server]:
    """Every way to people but SendGrid, keeping what it receives in `state`; its mail server listens on `smtp_port`."""
    with _running("sandbox.channels", state, settings={"SANDBOX_SMTP_PORT": str(smtp_port)}) as server:
        yield server


@contextmanager
def _running(
    module: str, state: Path, *options: str, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Server]:
    port = free_port()
    secrets = {
        "SANDBOX_PORTAL_TOKEN": f"network:{PORTAL_TOKEN},clinic:{OTHER_BUYERS_TOKEN}",
        "SANDBOX_SENDGRID_KEY": SENDGRID_KEY,
        "SANDBOX_HOSPITAL_TOKEN": HOSPITAL_TOKEN,
        "SANDBOX_TABLES_TOKEN": TABLES_PASSWORD,
        "SANDBOX_CONTROL_TOKEN": CONTROL_TOKEN,
        "SANDBOX_LOGISTICS_TOKEN": LOGISTICS_TOKEN,
        "SANDBOX_COMPLIANCE_TOKEN": COMPLIANCE_KEY,
        "SANDBOX_CHANNELS_TOKEN": CHANNELS_TOKEN,
    }
    command = [sys.executable, "-m", module, "--port", str(port), "--state", str(state), *options]
    state.mkdir(parents=True, exist_ok=True)
    log = state / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=_PROJECT, env=os.environ | secrets | settings, stdout=output, stderr=output
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


@retry(
    retry=retry_if_exception_type(requests.ConnectionError),
    wait=wait_fixed(0.05),
    stop=stop_after_delay(PATIENCE),
    reraise=True,
)
def _wait_until_healthy(server: Server) -> None:
    if server.process.poll() is not None:
        raise RuntimeError(f"the server ended at once: {server.log.read_text()}")
    requests.get(f"{server.url}/health", timeout=PATIENCE).raise_for_status()
