"""The settings of a one-machine installation: environment variables LOTWATCH_*, or a `.env` file beside the Makefile."""

import json
import os
import secrets
import tempfile
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[2]
SECRET_NAMES = (
    "postgres_superuser",
    "database_airflow",
    "database_migrator",
    "database_app",
    "database_board",
    "database_tryton",
    "tryton_admin",
    "tryton_service",
    "portal_token",
    "sendgrid_key",
    "logistics_token",
    "compliance_token",
    "hospital_token",
    "channels_token",
    "inbox_key",
    "answer_key",
    "sandbox_control_token",
    "airflow_fernet_key",
    "airflow_jwt_secret",
    "airflow_web_secret",
    "password_admin",
    "password_ops",
    "password_buyer",
    "password_approver",
    "password_finance",
    "password_warehouse",
    "password_warehouse_site",
    "password_quality",
    "password_recall",
    "password_auditor",
    "password_viewer",
)


class Settings(BaseSettings):
    """Where things live and listen. Every server binds to 127.0.0.1."""

    model_config = SettingsConfigDict(env_prefix="LOTWATCH_", env_file=".env", extra="ignore")

    home: Path = Field(default=PROJECT / "data", description="the local data folder")
    cache: Path | None = Field(default=None, description="what may be kept between installations (default: HOME/cache)")
    port_airflow: int = 8080
    port_postgres: int = 54320
    port_tryton: int = 8069
    port_portal: int = 8091
    port_mail: int = 8092
    port_logistics: int = 8093
    port_compliance: int = 8094
    port_hospital: int = 8095
    port_channels: int = 8096
    port_smtp: int = 8097
    data: Path | None = Field(default=None, description="a folder of real data to build the trial world from")

    @property
    def ports(self) -> dict[str, int]:
        """Port of each server, by its program's name."""
        return {
            "postgres": self.port_postgres,
            "tryton": self.port_tryton,
            "portal": self.port_portal,
            "mail": self.port_mail,
            "logistics": self.port_logistics,
            "compliance": self.port_compliance,
            "hospital": self.port_hospital,
            "channels": self.port_channels,
            "airflow-api": self.port_airflow,
        }

    def host(self, program: str) -> str:
        """Where a server of the sandbox is."""
        return "127.0.0.1"

    @property
    def cache_folder(self) -> Path:
        return self.cache or self.home / "cache"

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.port_airflow}"

    @cached_property
    def run_folder(self) -> Path:
        """A short folder for the supervisor's socket: a socket's path may have 107 characters at most."""
        name = "lotwatch-" + sha256(str(self.home.resolve()).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            raise SystemExit(f"{folder} belongs to someone else. What to do: remove it, or set TMPDIR.")
        return folder

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Passwords made at the first start, readable by their owner alone."""
        path = self.home / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = [name for name in SECRET_NAMES if name not in known]
        if missing:
            self.home.mkdir(parents=True, exist_ok=True)
            known |= {name: _new_secret(name) for name in missing}
            path.touch(mode=0o600)
            path.chmod(0o600)
            path.write_text(json.dumps(known, indent=1))
        return known

    def database_url(self, role: str, database: str, driver: str = "postgresql") -> str:
        """Address of a database for a role (its secret is `database_<role>`)."""
        user = {"airflow": "airflow", "tryton": "tryton"}.get(role, f"lotwatch_{role}")
        password = self.secrets[f"database_{role}"]
        return f"{driver}://{user}:{password}@127.0.0.1:{self.port_postgres}/{database}"


def _new_secret(name: str) -> str:
    if name == "airflow_fernet_key":
        from cryptography.fernet import Fernet

        return Fernet.generate_key().decode()
    return secrets.token_urlsafe(12 if name.startswith("password_") else 32)
