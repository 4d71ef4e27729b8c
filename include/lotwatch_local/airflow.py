"""Airflow on this machine: its environment, its parts and whether they are well."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlencode

import psycopg
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lotwatch import access
from lotwatch.audit import RunContext
from lotwatch.errors import LotwatchError
from lotwatch_local.settings import PROJECT, Settings
from lotwatch_local.supervisor import Program

API, SCHEDULER = "airflow-api", "airflow-scheduler"
#: what the API server calls each program when it tells their health
HEALTH = {
    API: "metadatabase",
    SCHEDULER: "scheduler",
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
    "recall": "recall",
    "auditor": "auditor",
    "viewer": "viewer",
}
LIMITED = "warehouse-site"
#: connections of the sandbox that have no password
WITHOUT_LOGIN = frozenset({"smtp"})
#: the accounts that its stand-ins know
SANDBOX_ACCOUNT, SANDBOX_ACCESS_KEY = "AC00000000000000000000000000000000", "LTAI-sandbox"
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
    secrets, at = settings.secrets, settings.host
    return {
        "lotwatch_db": settings.database_url("app", "lotwatch", "postgres"),
        "lotwatch_board": settings.database_url("board", "lotwatch", "postgres"),
        "tryton": f"http://lotwatch:{quote(secrets['tryton_service'])}@{at('tryton')}:{settings.port_tryton}/tryton",
        "supplier_portal": f"http://lotwatch:{quote(secrets['portal_token'])}@{at('portal')}:{settings.port_portal}",
        "sendgrid": f"http://apikey:{quote(secrets['sendgrid_key'])}@{at('mail')}:{settings.port_mail}"
        f"?events_key={quote(_events_key(secrets['sendgrid_key']), safe='')}",
        "logistics": f"http://:{quote(secrets['logistics_token'])}@{at('logistics')}:{settings.port_logistics}",
        "compliance": f"http://:{quote(secrets['compliance_token'])}@{at('compliance')}:{settings.port_compliance}",
        "hospital": f"http://:{quote(secrets['hospital_token'])}@{at('hospital')}:{settings.port_hospital}/r5?case_key={quote(secrets['hospital_token'])}",
        # the key with which the source `events` signs what it pushes; nothing is ever sent to this address
        "inbox_events": f"http://:{quote(secrets['inbox_key'])}@127.0.0.1",
        # the key of the links with which approvers answer; nothing is ever sent to this address
        "approval_links": f"http://:{quote(secrets['answer_key'])}@127.0.0.1",
        **(_channels(settings) if secrets["channels_token"] else {}),
    }


def sandbox_events_key(api_key: str) -> ec.EllipticCurvePrivateKey:
    """The key with which the sandbox's mail service signs events: it follows from the API key, and is no further secret."""
    return ec.derive_private_key(int.from_bytes(sha256(b"events " + api_key.encode()).digest()[:31]), ec.SECP256R1())


def _events_key(api_key: str) -> str:
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return b64encode(sandbox_events_key(api_key).public_key().public_bytes(*form)).decode()


def _channels(settings: Settings) -> dict[str, str]:
    """Connections of the ways to people in the sandbox: one secret stands for those of all providers."""
    token, host = settings.secrets["channels_token"], settings.host("channels")
    at = f"{host}:{settings.port_channels}"
    robots = {
        "wecom": f"cgi-bin/webhook/send?key={token}",
        "dingtalk": f"robot/send?access_token={token}",
        "feishu": f"open-apis/bot/v2/hook/{token}",
        "teams": f"workflows/1/triggers/manual/paths/invoke?sig={token}",
        "webhook": "hooks/lotwatch",
    }
    sms = urlencode({"signature": "Lotwatch", "templates": json.dumps({"zh": "SMS_100001", "en": "SMS_100002"})})
    return {
        "smtp": f"smtp://{host}:{settings.port_smtp}?security=none",
        "twilio": f"http://{SANDBOX_ACCOUNT}:{quote(token)}@{at}?sender=%2B15005550006",
        "aliyun_sms": f"http://{SANDBOX_ACCESS_KEY}:{quote(token)}@{at}?{sms}",
        "slack": f"http://:{quote(token)}@{at}?channel=C0SANDBOX",
        **{
            name: f"http://:{quote(f'http://{at}/{path}', safe='')}@{at}?secret={quote(token)}"
            for name, path in robots.items()
        },
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
        API: ["api-server", "--host", "127.0.0.1", "--port", str(settings.port_airflow), "-t", "30"],
        SCHEDULER: ["scheduler", "--skip-serve-logs"],
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
