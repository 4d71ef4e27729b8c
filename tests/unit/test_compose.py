"""docker-compose.yaml is well-formed, safe as it is shipped, and the same installation as the native one."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import psycopg
import pytest
import yaml
from cryptography.fernet import Fernet

from lotwatch import access, paths
from lotwatch.errors import LotwatchError
from lotwatch_airflow.roles import load_roles
from lotwatch_local import airflow, container, postgres, stack
from lotwatch_local.container import ContainerSettings
from lotwatch_local.settings import PROJECT, SECRET_NAMES, Settings
from lotwatch_local.supervisor import Supervisor
from sandbox.programs import STAND_INS
from tests.conftest import free_port

IMAGE_PROJECT, IMAGE_HOME = "/opt/lotwatch", "/var/lib/lotwatch"
TEXT = (PROJECT / "docker-compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AIRFLOW = [name for name in SERVICES if name.startswith("airflow-")]
EXAMPLE = (PROJECT / "docker" / "env.example").read_text()
DOCKERFILE = (PROJECT / "docker" / "Dockerfile").read_text()
#: ${NAME}, ${NAME:-default} or ${NAME:?complaint} without another inside
REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^${}]*))?\}")


def interpolate(value: Any, settings: dict[str, str]) -> Any:
    """A part of the file as Compose reads it with these settings."""
    if isinstance(value, dict):
        return {key: interpolate(each, settings) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolate(each, settings) for each in value]
    while isinstance(value, str) and (found := REFERENCE.search(value)):
        known = settings.get(found["name"])
        if not known and found["kind"] == "?":
            raise LookupError(f"required variable {found['name']} is missing a value: {found['rest']}")
        value = value.replace(found[0], known or found["rest"] or "")
    return value


def example_settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"\w+=", line))


@pytest.fixture(scope="module")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings that the commands at the head of env.example make."""
    commands = "\n".join(re.findall(r"^#   (.*)", EXAMPLE, re.MULTILINE))
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "docker").mkdir()
    (folder / "docker" / "env.example").write_text(EXAMPLE)
    subprocess.run(["sh", "-euc", commands], cwd=folder, check=True)
    assert (folder / ".env").stat().st_mode & 0o077 == 0
    return example_settings((folder / ".env").read_text())


@pytest.fixture(scope="module")
def services(env_file: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The services with those settings filled in."""
    return interpolate(SERVICES, env_file)


@pytest.fixture
def init_settings(services: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> ContainerSettings:
    """The installation as the service `init` sees it."""
    for name, value in services["init"]["environment"].items():
        monkeypatch.setenv(name, value)
    return ContainerSettings()


# --- the file


def test_the_file_is_valid_by_the_schema_of_the_compose_specification(services) -> None:
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for document in (COMPOSE, COMPOSE | {"services": services}):
        assert [error.message for error in validator.iter_errors(document)] == []


def test_a_service_waits_only_for_what_can_come_about() -> None:
    for name, service in SERVICES.items():
        for other, wait in service.get("depends_on", {}).items():
            awaited = SERVICES[other]
            assert set(awaited.get("profiles", [])) <= set(service.get("profiles", [])), (name, other)
            match wait["condition"]:
                case "service_healthy":
                    assert "healthcheck" in awaited, (name, other)
                case "service_completed_successfully":
                    assert awaited["restart"] == "no", (name, other)
                case condition:
                    pytest.fail(f"{name} waits for {other}: {condition}")


def test_every_server_is_watched_started_again_and_kept_from_filling_the_disk() -> None:
    for name, service in SERVICES.items():
        assert service["logging"]["options"]["max-size"], name
        if name != "init":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name


def test_nothing_is_published_beyond_this_machine() -> None:
    for name, service in SERVICES.items():
        assert "network_mode" not in service, name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)


def test_every_service_of_ours_runs_without_privileges() -> None:
    assert re.findall(r"^USER (.*)", DOCKERFILE, re.MULTILINE) == ["lotwatch"]
    for name, service in SERVICES.items():
        if name != "postgres":
            assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"]), name


def test_images_are_pinned() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert {service["image"] for service in SERVICES.values()} == {"postgres:18", f"lotwatch:{version}"}
    assert re.findall(r"^FROM (.*)", DOCKERFILE, re.MULTILINE)[0].startswith("python:3.11.")
    assert "latest" not in TEXT + DOCKERFILE


def test_every_volume_is_declared_and_used() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {mount.split(":")[0] for mount in mounts if isinstance(mount, str)} == set(COMPOSE["volumes"])


def test_a_new_volume_belongs_to_the_services_user() -> None:
    """Docker gives an empty volume the owner of the image's folder at its place; a folder that is not there is root's."""
    made = re.search(r"install -d -o lotwatch -g lotwatch((?:\\\n|[^&\n])*)", DOCKERFILE)
    assert made
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            if name != "postgres" and isinstance(mount, str):
                assert mount.split(":")[1] in made[1].split(), (name, mount)


def test_every_mounted_file_exists_and_cannot_be_changed_from_within() -> None:
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            if isinstance(mount, dict):
                assert (PROJECT / mount["source"]).exists(), (name, mount)
                assert mount["read_only"], (name, mount)
                assert mount["bind"] == {"create_host_path": False}, (name, mount)


def test_what_the_ops_team_edits_is_used_without_building() -> None:
    edited = {
        paths.RULES,
        paths.EXPECTATIONS,
        PROJECT / "include" / "config",
        PROJECT / "dags",
        PROJECT / "plugins",
    }
    assert {paths.SOURCES.parent, paths.PEOPLE.parent, paths.BUDGETS.parent} <= edited
    expected = {f"{IMAGE_PROJECT}/{path.relative_to(PROJECT)}" for path in edited}
    for name in AIRFLOW:
        mounts = {mount["target"]: mount["source"] for mount in SERVICES[name]["volumes"] if isinstance(mount, dict)}
        assert set(mounts) == expected, name
        assert all(f"{IMAGE_PROJECT}/{source[2:]}" == target for target, source in mounts.items()), name


# --- settings and secrets


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(example_settings(EXAMPLE)) == {found["name"] for found in re.finditer(r"\$\{(?P<name>\w+)", TEXT)}


def test_the_example_holds_no_secret_and_the_native_ports() -> None:
    known = example_settings(EXAMPLE)
    assert {name for name, value in known.items() if not value} >= {
        f"LOTWATCH_SECRET_{n.upper()}" for n in SECRET_NAMES
    }
    fields = Settings.model_fields
    ports = {f"LOTWATCH_{name.upper()}": str(fields[name].default) for name in fields if name.startswith("port_")}
    assert {name: value for name, value in known.items() if "_PORT_" in name} == ports
    assert dict(re.findall(r"\$\{(LOTWATCH_PORT_\w+):-(\d+)\}", TEXT)) == ports


def test_the_commands_of_the_example_make_every_secret(env_file) -> None:
    secrets = [env_file[f"LOTWATCH_SECRET_{name.upper()}"] for name in SECRET_NAMES]
    assert len(set(secrets)) == len(SECRET_NAMES)
    assert all(len(secret) >= 32 for secret in secrets)
    Fernet(env_file["LOTWATCH_SECRET_AIRFLOW_FERNET_KEY"])


def test_without_a_required_secret_compose_says_which_and_where_to_set_it(env_file) -> None:
    """What is only the sandbox's must not be required: Compose would demand it of those who do without, too."""
    required, _, optional = EXAMPLE.partition("# --- optional")
    for name in example_settings(required):
        with pytest.raises(LookupError, match=f"{name} is missing a value: set it in .env, see docker/env.example"):
            interpolate(SERVICES, env_file | {name: ""})
    interpolate(SERVICES, env_file | dict.fromkeys(example_settings(optional), ""))


# --- the same as natively


def test_airflow_has_the_settings_of_the_native_installation(services, init_settings, env_file) -> None:
    """All but three are equal, once folders and addresses are the image's."""
    for name in ("AIRFLOW_FERNET_KEY", "AIRFLOW_JWT_SECRET", "AIRFLOW_WEB_SECRET", "DATABASE_AIRFLOW"):
        init_settings.secrets[name.lower()] = env_file[f"LOTWATCH_SECRET_{name}"]
    native = airflow.environment(init_settings)
    expected = {name: value.replace(str(PROJECT), IMAGE_PROJECT) for name, value in native.items()}
    expected |= {"AIRFLOW__API__HOST": "0.0.0.0", "AIRFLOW__API__BASE_URL": "http://127.0.0.1:8080"}  # noqa: S104
    for name in AIRFLOW:
        assert services[name]["environment"] == expected, name
    assert services["init"]["environment"].items() >= expected.items()


def test_airflow_is_started_by_the_commands_of_the_native_installation(init_settings) -> None:
    """But for the API server's address: in its container it answers the other containers, too."""
    native = {program.name: program.command for program in airflow.programs(init_settings)}
    changes = {sys.executable: "python", "127.0.0.1": "0.0.0.0"}  # noqa: S104
    expected = {name: [changes.get(word, word) for word in command] for name, command in native.items()}
    assert {name: SERVICES[name]["command"] for name in AIRFLOW} == expected


def test_postgresql_has_the_configuration_of_the_native_installation() -> None:
    settings = dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", postgres.CONFIGURATION, re.MULTILINE))
    of_the_machine = {"listen_addresses", "unix_socket_directories"}
    expected = [f"-c{name}={value}" for name, value in settings.items() if name not in of_the_machine]
    assert SERVICES["postgres"]["command"] == ["postgres", *expected]


def test_the_image_is_made_with_the_installer_of_the_native_installation() -> None:
    (native,) = re.findall(r"^UV := (.*)", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"^ARG UV=(.*)", DOCKERFILE, re.MULTILINE) == [native]


def test_the_image_is_given_what_it_is_made_of_and_nothing_secret() -> None:
    deny, *rules = [line for line in (PROJECT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        word.split("/")[0] for line in re.findall(r"^COPY (.*) ", DOCKERFILE, re.MULTILINE) for word in line.split()
    }
    assert deny == "*"
    assert allowed == copied
    assert all((PROJECT / name).exists() for name in copied)


# --- what the services run


def test_a_connection_goes_to_the_address_given_else_to_the_sandbox_else_is_not_made(
    init_settings, monkeypatch
) -> None:
    monkeypatch.setenv("LOTWATCH_CONNECTION_TRYTON", "https://me:mine@erp.example/live")
    init_settings.secrets["sendgrid_key"] = ""
    found = container.connections(init_settings)
    assert found["tryton"] == "https://me:mine@erp.example/live"
    assert found["supplier_portal"].endswith("@portal:8091")
    assert found["lotwatch_db"].endswith("@postgres:5432/lotwatch")
    assert "sendgrid" not in found


def test_a_login_without_a_password_is_not_made(init_settings) -> None:
    init_settings.secrets["password_buyer"] = ""
    assert [user["name"] for user in container.users(init_settings)] == [
        name for name in airflow.LOGINS if name != "buyer"
    ]


def test_a_secret_that_fits_no_address_is_refused_by_name(init_settings, monkeypatch) -> None:
    monkeypatch.setenv("LOTWATCH_SECRET_DATABASE_APP", "p@ss/word")
    with pytest.raises(LotwatchError, match="LOTWATCH_SECRET_DATABASE_APP"):
        _ = ContainerSettings().secrets


@pytest.mark.parametrize("name", ["portal", "mail", *STAND_INS])
def test_the_sandbox_answers_under_its_services_name_and_no_strangers(name, services, tmp_path, monkeypatch) -> None:
    served: dict[str, Any] = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **arguments: served.update(arguments, app=app))
    for variable, value in services[name]["environment"].items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LOTWATCH_HOME", str(tmp_path))
    container.app(SERVICES[name]["command"][3:], standalone_mode=False)
    published = services[name]["ports"][0].rsplit(":", 1)[1]
    assert str(served["port"]) == published
    for host, status in ((f"{name}:{published}", 200), ("127.0.0.1", 200), ("stranger.example", 400)):
        assert asyncio.run(health(served["app"], host)) == status


async def health(app: Any, host: str) -> int:
    """The status of the app's answer to a request for that host."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
        return (await client.get("/health")).status_code


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A PostgreSQL server as the image has it when it runs what is in docker-entrypoint-initdb.d."""
    settings = Settings(home=tmp_path_factory.mktemp("volume"), port_postgres=free_port())
    supervisor = Supervisor(settings)
    postgres.initialise(settings)
    supervisor.load([stack.database_program(settings)])
    try:
        supervisor.start("postgres", lambda: bool(postgres.connect_superuser(settings)))
        yield settings
    finally:
        supervisor.shutdown()


@pytest.fixture(scope="module")
def made(fresh: Settings, services) -> Settings:
    """That server after the image has run our script."""
    environment = os.environ | services["postgres"]["environment"] | {"PGPASSWORD": fresh.secrets["postgres_superuser"]}
    psql = [str(postgres.binaries() / "psql"), "-h", "127.0.0.1", "-p", str(fresh.port_postgres), "-U", "postgres"]
    script = PROJECT / "docker" / "postgres-init.sql"
    as_the_image_does = ["-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-d", "postgres", "-f", str(script)]
    subprocess.run([*psql, *as_the_image_does], env=environment, check=True)
    return fresh


ROLES = """
    SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
           rolpassword IS NOT NULL, rolvaliduntil, rolconnlimit
    FROM pg_authid ORDER BY rolname"""
DATABASES = """
    SELECT datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datlocprovider, datlocale,
           ARRAY(SELECT acl::text FROM unnest(coalesce(datacl, acldefault('d', datdba))) AS acl ORDER BY 1)
    FROM pg_database WHERE datname IN ('postgres', 'airflow', 'lotwatch') ORDER BY datname"""


def test_the_image_makes_the_roles_databases_and_privileges_of_the_native_installation(made, database) -> None:
    with postgres.connect_superuser(made) as ours, postgres.connect_superuser(database) as native:
        for question in (ROLES, DATABASES):
            found = ours.execute(question).fetchall()
            assert len(found) >= 3
            assert found == native.execute(question).fetchall()


def test_init_brings_new_databases_up_to_date_and_leaves_what_operators_changed(
    made, init_settings, monkeypatch, tmp_path
):
    native = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(tmp_path / "logs")}
    native |= {"AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"), "LOTWATCH_HOME": str(tmp_path)}
    native |= {"AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins")}
    address = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    native["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = address.replace("postgres:5432", f"127.0.0.1:{made.port_postgres}")
    native |= {"LOTWATCH_HOST_POSTGRES": "127.0.0.1", "LOTWATCH_PORT_POSTGRES": str(made.port_postgres)}
    for name, value in native.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, *SERVICES["init"]["command"][1:]]

    subprocess.run(command, check=True)
    with postgres.connect_superuser(made, "airflow") as conn:
        assert logins(conn) == set((airflow.LOGINS | {"admin": "Admin"}).items())
        assert {name for (name,) in conn.execute("SELECT conn_id FROM connection")} == set(airflow.connections(made))
        conn.execute("UPDATE connection SET host = 'erp.example' WHERE conn_id = 'tryton'")
        # as an earlier version left it; what an operator changed since; a role of ours that somebody widened
        give_role(conn, "ops", "Op")
        conn.execute("DELETE FROM ab_permission_view_role WHERE role_id = (SELECT id FROM ab_role WHERE name = 'ops')")
        conn.execute("DELETE FROM ab_role WHERE name = 'ops'")
        give_role(conn, "buyer", "Viewer")
        (ours,) = [held for role, held in permissions(conn) if role == "viewer"]
        conn.execute(
            "UPDATE ab_permission_view_role SET role_id = (SELECT id FROM ab_role WHERE name = 'viewer')"
            " WHERE role_id = (SELECT id FROM ab_role WHERE name = 'finance')"
            " AND permission_view_id NOT IN (SELECT permission_view_id FROM ab_permission_view_role AS held"
            "  JOIN ab_role ON ab_role.id = held.role_id WHERE name = 'viewer')"
        )
    with psycopg.connect(ContainerSettings().database_url("app", "lotwatch")) as conn:
        assert conn.execute("SELECT count(*) FROM lotwatch.item").fetchone() == (0,)
        sees_all = {given.user_name for given in access.grants(conn) if not given.limited}
        assert sees_all == airflow.LOGINS.keys() - {airflow.LIMITED}

    subprocess.run(command, check=True)
    with postgres.connect_superuser(made, "airflow") as conn:
        assert conn.execute("SELECT host FROM connection WHERE conn_id = 'tryton'").fetchone() == ("erp.example",)
        assert {("ops", "ops"), ("buyer", "Viewer"), ("viewer", "viewer")} <= logins(conn)
        known = dict(permissions(conn))
        assert known["viewer"] == ours
        assert set(known["finance"]) > set(ours)
        for name in load_roles().roles.keys() - {"admin"}:
            assert set(known[name]) == {" ".join(pair) for pair in load_roles().airflow_permissions(name)}
        give_role(conn, "ops", "Op")

    subprocess.run(command, check=True)
    with postgres.connect_superuser(made, "airflow") as conn:
        assert ("ops", "Op") in logins(conn), "our roles are given once; then users are the operator's"


def give_role(conn: psycopg.Connection, user: str, role: str) -> None:
    conn.execute(
        "UPDATE ab_user_role SET role_id = (SELECT id FROM ab_role WHERE name = %s)"
        " WHERE user_id = (SELECT id FROM ab_user WHERE username = %s)",
        (role, user),
    )


def permissions(conn: psycopg.Connection) -> list[tuple[str, list[str]]]:
    """Each role with what it may do."""
    question = """
        SELECT role.name, array_agg(action.name || ' ' || resource.name ORDER BY 1)
        FROM ab_role AS role
        JOIN ab_permission_view_role AS held ON held.role_id = role.id
        JOIN ab_permission_view AS pair ON pair.id = held.permission_view_id
        JOIN ab_permission AS action ON action.id = pair.permission_id
        JOIN ab_view_menu AS resource ON resource.id = pair.view_menu_id
        GROUP BY role.name"""
    return [(role, sorted(held)) for role, held in conn.execute(question)]


def logins(conn: psycopg.Connection) -> set[tuple[str, str]]:
    question = "SELECT username, name FROM ab_user u JOIN ab_user_role r ON r.user_id = u.id JOIN ab_role ON ab_role.id = role_id"
    return {(user, role) for user, role in conn.execute(question)}


def test_what_fails_is_said_in_one_line(init_settings, monkeypatch) -> None:
    monkeypatch.setenv("LOTWATCH_SECRET_PASSWORD_ADMIN", "")
    command = [sys.executable, *SERVICES["init"]["command"][1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "Secrets are missing. Where: LOTWATCH_SECRET_PASSWORD_ADMIN. What to do: set them in .env, see docker/env.example."
    )
