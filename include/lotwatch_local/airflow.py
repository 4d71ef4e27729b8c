"""Airflow on this machine: its environment, its parts and whether they are well."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

import psycopg
import requests

from lotwatch import access
from lotwatch.audit import RunContext
from lotwatch.errors import LotwatchError
from lotwatch_local.settings import PROJECT, Settings
from lotwatch_local.supervisor import Program

#: what the API server calls each program when it tells their health
HEALTH = {
    "airflow-api": "metadatabase",
    "airflow-scheduler": "scheduler",
    "airflow-dag-processor": "dag_processor",
    "airflow-triggerer": "triggerer",
}
#: logins for trials and their roles: one for each role, and one that sees the sites alone that it is granted
LOGINS = {
    "admin": "admin",
    "ops": "ops",
    "buyer": "buyer",
    "approver": "approver",
    "finance": "finance",
    "warehouse": "warehouse",
    "warehouse-site": "warehouse",
    "quality": "quality",
    "auditor": "auditor",
    "viewer": "viewer",
}
LIMITED = "warehouse-site"
#: one machine with two cores: tasks at the same time
PARALLELISM = 6


def environment(settings: Settings) -> dict[str, str]:
    """Airflow's settings, tuned for one small machine. `docker-compose.yaml` sets the same names."""
    secrets = settings.secrets
    home = settings.home.resolve()
    return {
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(PARALLELISM),
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "AIRFLOW__CORE__FERNET_KEY": secrets["airflow_fernet_key"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": settings.database_url("airflow", "airflow", "postgresql+psycopg2"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(settings.port_airflow),
        "AIRFLOW__API__BASE_URL": settings.airflow_url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets["airflow_web_secret"],
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets["airflow_jwt_secret"],
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "airflow" / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "LOTWATCH_HOME": str(home),
        # set by some shells; without compiled files every start of Airflow takes twice as long
        "PYTHONDONTWRITEBYTECODE": "",
    }


def connections(settings: Settings) -> dict[str, str]:
    """Airflow connections by id: the only place where Lotwatch finds addresses and secrets of other systems."""
    secrets = settings.secrets
    home = "127.0.0.1"
    return {
        "lotwatch_db": settings.database_url("app", "lotwatch", "postgres"),
        "lotwatch_board": settings.database_url("board", "lotwatch", "postgres"),
        "tryton": f"http://lotwatch:{quote(secrets['tryton_service'])}@{home}:{settings.port_tryton}/tryton",
        "supplier_portal": f"http://lotwatch:{quote(secrets['portal_token'])}@{home}:{settings.port_portal}",
        "sendgrid": f"http://apikey:{quote(secrets['sendgrid_key'])}@{home}:{settings.port_mail}",
        "logistics": f"http://:{quote(secrets['logistics_token'])}@{home}:{settings.port_logistics}",
        "compliance": f"http://:{quote(secrets['compliance_token'])}@{home}:{settings.port_compliance}",
        "hospital": f"http://:{quote(secrets['hospital_token'])}@{home}:{settings.port_hospital}/r5?case_key={quote(secrets['hospital_token'])}",
        # the key with which the source `events` signs what it pushes; nothing is ever sent to this address
        "inbox_events": f"http://:{quote(secrets['inbox_key'])}@{home}",
        # the key of the links with which approvers answer; nothing is ever sent to this address
        "approval_links": f"http://:{quote(secrets['answer_key'])}@{home}",
    }


def users(settings: Settings) -> list[dict[str, str]]:
    """The logins with their passwords."""
    return [
        {"name": name, "role": role, "password": settings.secrets[f"password_{name.replace('-', '_')}"]}
        for name, role in LOGINS.items()
    ]


def install(settings: Settings) -> None:
    """Migrate Airflow's database and bring users and connections up to date, in one process (each CLI call costs 7 s)."""
    wanted = {"users": users(settings), "connections": connections(settings)}
    done = subprocess.run(
        [sys.executable, "-m", "lotwatch_airflow.install"],
        input=json.dumps(wanted),
        env=os.environ | environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LotwatchError(f"Airflow could not be installed: {(done.stderr or done.stdout)[-3000:]}")


def introduce(settings: Settings, names: Iterable[str]) -> None:
    """Let the logins of this installation see all sites (but the limited one), unless somebody has decided about them."""
    now = datetime.now(UTC)
    context = RunContext("install", f"install__{now.isoformat()}", "manual", "introduce", -1, 1, None, now, "install")
    with psycopg.connect(settings.database_url("app", "lotwatch")) as conn:
        access.introduce(conn, context, {name: name == LIMITED for name in names})


def programs(settings: Settings) -> list[Program]:
    """The parts of Airflow. Tasks' logs are read from disk: no part but the API server listens."""
    parts = {
        "airflow-api": ["api-server", "--host", "127.0.0.1", "--port", str(settings.port_airflow), "-t", "30"],
        "airflow-scheduler": ["scheduler", "--skip-serve-logs"],
        "airflow-dag-processor": ["dag-processor"],
        "airflow-triggerer": ["triggerer", "--skip-serve-logs"],
    }
    shared = environment(settings)
    return [Program(name, [sys.executable, "-m", "airflow", *words], shared) for name, words in parts.items()]


def health(settings: Settings) -> dict[str, str]:
    """Health of Airflow's parts as its API server tells it; empty while that does not answer."""
    try:
        answer = requests.get(f"{settings.airflow_url}/api/v2/monitor/health", timeout=5).json()
    except (requests.RequestException, ValueError):
        return {}
    return {part: (state or {}).get("status") or "missing" for part, state in answer.items()}
