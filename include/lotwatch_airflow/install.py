"""Brings an Airflow installation up to date: schema, users and connections. Run as a program, it reads JSON from stdin:
`{"users": [{"name", "role", "password"}], "connections": {"id": "uri"}}`."""

import json
import sys
from typing import Any


def install(wanted: dict[str, Any]) -> None:
    """Migrate the metadata database; add what is missing. What an operator has changed since is left alone."""
    from airflow.utils.db import upgradedb

    upgradedb()
    _add_users(wanted["users"])
    _add_connections(wanted["connections"])


def _add_users(users: list[dict[str, str]]) -> None:
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        security = builder.sm
        # without it Airflow's navigation does not show these roles our pages
        may_see_plugins = security.create_permission("can_read", "Plugins")
        for name in ("Viewer", "User"):
            security.add_permission_to_role(security.find_role(name), may_see_plugins)
        for user in users:
            name = user["name"]
            if security.find_user(username=name) is None:
                role = security.find_role(user["role"])
                added = security.add_user(
                    name, name.title(), "Demo", f"{name}@lotwatch.example", role, user["password"]
                )
                if not added:
                    raise SystemExit(f"User {name} could not be added.")


def _add_connections(connections: dict[str, str]) -> None:
    from airflow.models import Connection
    from airflow.utils.session import create_session

    with create_session() as session:
        known = {conn_id for (conn_id,) in session.query(Connection.conn_id)}
        for conn_id, uri in connections.items():
            if conn_id not in known:
                session.add(Connection(conn_id=conn_id, uri=uri))


if __name__ == "__main__":
    install(json.load(sys.stdin))
