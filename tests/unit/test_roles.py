"""The table of roles says what it means, and grants nobody what nobody meant."""

import pytest
from pydantic import ValidationError

from lotwatch_airflow.roles import Roles, load_roles
from lotwatch_local import airflow

ROLES = load_roles()
OURS = [name for name, role in ROLES.roles.items() if role.built_in is None]


def test_there_is_a_login_for_each_role() -> None:
    assert set(airflow.LOGINS.values()) == set(ROLES.roles)
    assert airflow.LIMITED in airflow.LOGINS


@pytest.mark.parametrize("name", OURS)
def test_no_role_but_the_administrators_touches_secrets_users_or_what_has_run(name: str) -> None:
    permissions = ROLES.airflow_permissions(name)
    assert {action for action, _ in permissions} <= {"can_read", "can_create", "can_edit", "menu_access"}
    assert not {resource for _, resource in permissions} & {"Connections", "Variables", "Configurations", "Passwords"}
    changed = {resource for action, resource in permissions if action in {"can_create", "can_edit"}}
    assert not changed & {"XComs", "Users", "Roles", "Audit Logs", "Pools"}
    assert changed <= {"My Profile", "My Password"} or name in {"buyer", "approver", "finance", "ops"}


@pytest.mark.parametrize("name", OURS)
def test_everybody_finds_the_board_in_the_navigation(name: str) -> None:
    assert {("can_read", "Website"), ("can_read", "Plugins")} <= set(ROLES.airflow_permissions(name))


def test_a_permission_comes_from_the_roles_one_holds_and_from_no_others() -> None:
    assert ROLES.permissions(["warehouse"]) == {
        "record_count",
        "release_hold:warehouse",
        "handle_alert",
        "close_task:warehouse",
        "respond_recall",
    }
    assert ROLES.permissions(["warehouse", "approver"]) > {"record_count", "approve_count"}
    assert ROLES.permissions(["Admin"]) == {"manage_access"}
    assert ROLES.permissions(["Op", "Warehouse", "admin", ""]) == frozenset()


def test_who_releases_a_hold_is_not_who_runs_the_machines() -> None:
    for authority in ("quality", "recall", "warehouse", "credential", "cold_chain"):
        holders = {name for name, role in ROLES.roles.items() if f"release_hold:{authority}" in role.may}
        assert holders
        assert not holders & {"ops", "admin", "auditor", "viewer"}
    assert not {name for name, role in ROLES.roles.items() if {"record_count", "approve_count"} <= role.may}


@pytest.mark.parametrize(
    "role",
    [{"airflow": ["no such ability"]}, {}, {"airflow": ["look"], "built_in": "Admin"}, {"may": ["x"], "sees": 1}],
)
def test_a_table_that_cannot_be_meant_is_refused(role: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Roles.model_validate({"abilities": {"look": ["read Website"]}, "roles": {"somebody": role}})
