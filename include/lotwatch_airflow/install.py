"""Brings an Airflow installation up to date: schema, roles, users, connections and pools. Run as a program, it reads JSON from
stdin: `{"users": [{"name", "role", "password"}], "connections": {"id": "uri"}}`."""

import json
import sys
from typing import Any

from lotwatch_airflow.roles import load_roles

#: pools of our DAGs: their slots, and what these are kept for
_POOLS = {"recall": (4, "Nothing but holding what a recall notice concerns")}


def install(wanted: dict[str, Any]) -> None:
    """Migrate the metadata database, make our roles what `roles.yaml` says, and add the users, connections and pools
    that are missing. What an operator has changed in them and in other roles is left alone."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
    from airflow.utils.db import upgradedb

    upgradedb()
    with get_application_builder() as builder:
        _bring_roles(builder.sm)
        _add_users(builder.sm, wanted["users"])
    _add_connections(wanted["connections"])
    _add_pools()


def _bring_roles(security: Any) -> None:
    roles = load_roles()
    ours = {name: role for name, role in roles.roles.items() if role.built_in is None}
    # commits each that is new, so before anything that must become so at once
    permissions = {
        name: [security.create_permission(*pair) for pair in roles.airflow_permissions(name)] for name in ours
    }
    for name, role in ours.items():
        kept = security.find_role(name)
        if kept is None:
            kept = security.role_model(name=name)
            security.session.add(kept)
            _hand_over(security, name, role.formerly, kept)
        kept.permissions = permissions[name]
    security.session.commit()


def _hand_over(security: Any, name: str, formerly: str | None, role: Any) -> None:
    """Give the user of this name its own role, unless an operator has given it others: once, when the role is made."""
    user = security.find_user(username=name)
    if user is not None and [held.name for held in user.roles] == [formerly]:
        user.roles = [role]


def _add_users(security: Any, users: list[dict[str, str]]) -> None:
    roles = load_roles()
    for user in users:
        name = user["name"]
        if security.find_user(username=name) is None:
            role = security.find_role(roles.airflow_name(user["role"]))
            mail = f"{name}@lotwatch.example"
            if not security.add_user(name, name.title(), "Demo", mail, role, user["password"]):
                raise SystemExit(f"User {name} could not be added.")


def _add_connections(connections: dict[str, str]) -> None:
    from airflow.models import Connection
    from airflow.utils.session import create_session

    with create_session() as session:
        known = {conn_id for (conn_id,) in session.query(Connection.conn_id)}
        for conn_id, uri in connections.items():
            if conn_id not in known:
                session.add(Connection(conn_id=conn_id, uri=uri))


def _add_pools() -> None:
    from airflow.models import Pool

    known = {pool.pool for pool in Pool.get_pools()}
    for name, (slots, what) in _POOLS.items():
        if name not in known:
            Pool.create_or_update_pool(name, slots, what, include_deferred=False)


if __name__ == "__main__":
    install(json.load(sys.stdin))
