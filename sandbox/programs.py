"""The outside world of a trial installation: which programs it is, and whether each is well."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from lotwatch_local.settings import PROJECT, Settings
from lotwatch_local.supervisor import Program
from sandbox.tryton import install as tryton

#: stand-ins that are servers of ours with one token each
STAND_INS = ("logistics", "compliance", "hospital", "channels")


def tryton_python() -> Path:
    """The interpreter of Tryton's own environment (made by `make`)."""
    return PROJECT / ".venv-tryton" / "bin" / "python"


def programs(settings: Settings) -> list[Program]:
    """The ERP, the supplier portal, the mail service and the stand-ins: logistics, compliance, hospital, ways to people."""
    secrets = settings.secrets
    control = {"SANDBOX_CONTROL_TOKEN": secrets["sandbox_control_token"], "PYTHONPATH": str(PROJECT)}
    data = (
        {"SANDBOX_DATA": str(settings.data.resolve())} if settings.data else {}
    )  # the trial company is made from it, too
    smtp = {"SANDBOX_SMTP_PORT": str(settings.port_smtp)}
    portal = {"SANDBOX_PORTAL_TOKEN": secrets["portal_token"]}
    mail = {
        "SANDBOX_SENDGRID_KEY": secrets["sendgrid_key"],
        "SANDBOX_EVENTS_URL": f"{settings.airflow_url}/lotwatch-messages/v1/sendgrid",
    }
    data = {"SANDBOX_DATA": str(settings.data.resolve()) if settings.data else ""}  # what the trial company is made of
    return [
        Program("tryton", tryton.server_command(python=tryton_python(), work=settings.home / "tryton")),
        Program("portal", _server(settings, "portal", settings.port_portal), control | portal),
        Program("mail", _server(settings, "mail", settings.port_mail), control | mail),
        *(
            Program(
                name,
                _server(settings, name, settings.ports[name]),
                control | data | smtp | {f"SANDBOX_{name.upper()}_TOKEN": secrets[f"{name}_token"]},
            )
            for name in STAND_INS
        ),
    ]


def is_well(settings: Settings, name: str) -> Callable[[], bool]:
    """Whether a program of the sandbox answers."""
    path = "/" if name == "tryton" else "/health"
    url = f"http://127.0.0.1:{settings.ports[name]}{path}"

    def answers() -> bool:
        try:
            return requests.get(url, timeout=2).status_code < 500
        except requests.RequestException:
            return False

    return answers


def control(settings: Settings, name: str, what: str, **body: Any) -> None:
    """Tell a stand-in something of its own (`what`: the route below /control)."""
    url = f"http://127.0.0.1:{settings.ports[name]}/control/{what}"
    headers = {"Authorization": f"Bearer {settings.secrets['sandbox_control_token']}"}
    requests.post(url, json=body, headers=headers, timeout=10).raise_for_status()


def _server(settings: Settings, name: str, port: int) -> list[str]:
    state = settings.home / "sandbox" / name
    return [sys.executable, "-m", f"sandbox.{name}", "--port", str(port), "--state", str(state)]
