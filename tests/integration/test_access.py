"""Somebody sees the sites they were given, whatever a page asks the database; who is not known sees nothing."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated

import psycopg
import pytest
from fastapi import FastAPI, Form
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from lotwatch import access, facts
from lotwatch.audit import RunContext
from lotwatch.errors import LotwatchError
from lotwatch_local.settings import Settings
from tests.integration.test_board import AS_OF, World, rows, table
from tests.worlds import prepared

CONTEXT = RunContext("cli", "r", "manual", "t", -1, 1, None, datetime(2026, 1, 1, tzinfo=UTC), "an administrator")
PAGES = (
    "/",
    "/alerts",
    "/alerts?group=site",
    "/inventory",
    "/inventory?group=site",
    "/inventory?group=lot",
    "/orders",
    "/quality",
)
DOWNLOADS = ("/inventory.csv", "/inventory.csv?group=lot", "/alerts.csv?state=all")


@pytest.fixture(scope="module", autouse=True)
def _airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow writes its configuration when it is first imported: not into anybody's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield


@prepared
def two_sites(db: psycopg.Connection) -> None:
    """Sites MINE and THEIRS, each with a bin, stock, an alert, an order and a policy; things of both and of none.

    `here` was given MINE, `all` sees everything, `new` was given nothing yet.
    """
    world = World(db)
    item = world.item("ITEM")
    for code in ("MINE", "THEIRS"):
        site = world.site(code, f"Hospital {code}")
        db.execute(
            "INSERT INTO lotwatch.location (code, name, kind, parent_id, site_id) VALUES (%s, %s, 'bin', %s, %s)",
            (f"{code}/BIN", f"Bin of {code}", site, site),
        )
        lot = world.stock(item, site, f"LOT-{code}", 7)
        world.alert("near_expiry", f"ITEM@{code}", site_id=site, site_code=code, item_code="ITEM")
        proposal = world.proposal(site, "waiting", [(item, 3, 5, False)])
        db.execute(
            "INSERT INTO lotwatch.guard_event (proposal_id, guard, stage, reason) VALUES (%s, 'budget', 'ask', %s)",
            (proposal, f"the budget of {code}"),
        )
        db.execute(
            "INSERT INTO lotwatch.policy VALUES (%s, %s, '2026-01-01', now(), 1, 1, 1, 1, 1, 1, 'm', '{}', 'r', 's')",
            (item, site),
        )
        db.execute("INSERT INTO lotwatch.budget VALUES (%s, '2026-03-01', 100, 'EUR')", (site,))
        db.execute(
            "INSERT INTO lotwatch.hold (cause, authority, item_id, lot_id, location_id, reference, placed_at, placed_by,"
            " recorded_at) VALUES ('quality', 'quality', %s, %s, %s, %s, %s, 'qa', %s)",
            (item, lot, site, f"hold of {code}", AS_OF, AS_OF),
        )
    db.execute(
        "INSERT INTO lotwatch.location (code, name, kind) VALUES ('EAST', 'East', 'region'), ('S', 'S', 'supplier')"
    )
    world.alert("failed_inspection", "an alert of no site", item_code="ITEM")
    world.quarantine("a record of THEIRS", "why", {})
    world.run("a run", "it broke at THEIRS")
    world.outbox("an order of THEIRS", "failed")
    access.introduce(db, CONTEXT, {"all": False, "new": True})
    access.grant(db, CONTEXT, "here", "MINE")
    world.done()


@pytest.fixture
def ask_as(database: Settings, db_name: str) -> Callable[[str | None, str], list[tuple]]:
    """Runs any SQL as the board would for a user; None: as a page that forgot to say for whom."""

    def ask(user_name: str | None, statement: str) -> list[tuple]:
        with psycopg.connect(database.database_url("board", db_name)) as conn:
            facts.live(conn, AS_OF)
            if user_name is not None:
                access.see_as(conn, user_name)
            return conn.execute(statement).fetchall()

    return ask


@pytest.fixture
def client_of(database: Settings, db_name: str) -> Iterator[Callable[..., TestClient]]:
    """The board as a user with some roles sees it."""
    from lotwatch_airflow.board import auth
    from lotwatch_airflow.board.app import create_app
    from lotwatch_airflow.board.database import Reader, Writer
    from lotwatch_airflow.board.forms import Forms
    from lotwatch_airflow.board.person import Person
    from lotwatch_airflow.board.view import Board

    reader = Reader(lambda: database.database_url("board", db_name))
    writer = Writer(lambda: database.database_url("app", db_name))

    def make(user_name: str, *roles: str) -> TestClient:
        app = create_app(Board(reader, writer, Forms("secret"), lambda _: {}, lambda: AS_OF))
        app.dependency_overrides[auth.signed_in] = lambda: Person(user_name, frozenset(roles))
        return TestClient(app, cookies={"_token": f"login of {user_name}"}, base_url="http://board.example")

    yield make
    reader.close()


@pytest.mark.usefixtures("two_sites")
@pytest.mark.parametrize(
    ("statement", "all_of_it", "mine"),
    [
        ("SELECT code FROM lotwatch.location WHERE kind IN ('site', 'bin')", 4, ["MINE", "MINE/BIN"]),
        ("SELECT code FROM lotwatch.location WHERE code IN ('EAST', 'S')", 2, ["EAST", "S"]),
        ("SELECT code FROM lotwatch.item", 1, ["ITEM"]),
        ("SELECT lot_number FROM lotwatch.fact_lot", 2, ["LOT-MINE"]),
        ("SELECT site_code FROM lotwatch.fact_item_site", 2, ["MINE"]),
        ("SELECT l.number FROM lotwatch.position JOIN lotwatch.lot AS l USING (lot_id)", 2, ["LOT-MINE"]),
        ("SELECT l.number FROM lotwatch.stock JOIN lotwatch.lot AS l USING (lot_id)", 2, ["LOT-MINE"]),
        ("SELECT subject_key FROM lotwatch.alert", 3, ["ITEM@MINE"]),
        ("SELECT code FROM lotwatch.proposal", 2, ["LW-000001"]),
        ("SELECT quantity::text FROM lotwatch.proposal_line", 2, ["3"]),
        ("SELECT reason FROM lotwatch.guard_event", 2, ["the budget of MINE"]),
        ("SELECT amount::text FROM lotwatch.budget", 2, ["100.00"]),
        ("SELECT reason FROM lotwatch.policy", 2, ["r"]),
        ("SELECT reference FROM lotwatch.hold", 2, ["hold of MINE"]),
        ("SELECT reasons[1] FROM lotwatch.quarantine", 1, []),
        ("SELECT error FROM lotwatch.run_log", 1, []),
        ("SELECT idempotency_key FROM lotwatch.outbox", 1, []),
        ("SELECT source FROM lotwatch.batch", 1, []),
    ],
)
def test_the_database_shows_each_their_sites(ask_as: Callable, statement: str, all_of_it: int, mine: list[str]) -> None:
    assert len(ask_as("all", statement)) == all_of_it
    assert sorted(value for (value,) in ask_as("here", statement)) == mine
    for nobody in (None, "", "somebody unknown"):
        assert ask_as(nobody, statement) == [], nobody
    if mine != ["ITEM"] and mine != ["EAST", "S"]:  # what has no site is everybody's whom we know
        assert ask_as("new", statement) == []


@pytest.mark.usefixtures("two_sites")
def test_sight_ends_with_the_transaction(database: Settings, db_name: str) -> None:
    with psycopg.connect(database.database_url("board", db_name)) as conn:
        assert access.see_as(conn, "all") == access.Sight(True, 0)
        conn.commit()
        assert conn.execute("SELECT * FROM lotwatch.alert").fetchall() == []
        assert access.see_as(conn, "here") == access.Sight(False, 1)
        assert access.see_as(conn, "new").nothing


def test_the_application_and_the_auditor_see_everything(
    two_sites: psycopg.Connection, database: Settings, db_name: str
) -> None:
    count = "SELECT count(*) FROM lotwatch.alert"
    access.see_as(two_sites, "here")
    assert two_sites.execute(count).fetchone() == (3,), "not even the setting limits the application"
    from lotwatch_local import postgres

    with postgres.connect_superuser(database, db_name) as conn:
        conn.execute("SET ROLE lotwatch_auditor")
        assert conn.execute(count).fetchone() == (3,)
        assert conn.execute("SELECT count(*) FROM lotwatch.site_access").fetchone() == (1,)


def test_what_the_board_may_read_is_bound_to_its_reader_and_nothing_else_can_be_read(db: psycopg.Connection) -> None:
    """Of every table and view, those made by later migrations included."""
    unbound = db.execute(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace::regnamespace::text ~ '^(lotwatch|stage)'"
        " AND c.relkind IN ('r', 'p', 'm', 'f') AND has_table_privilege('lotwatch_board', c.oid, 'SELECT')"
        " AND NOT (c.relrowsecurity AND EXISTS ("
        "  SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polroles = ARRAY['lotwatch_board'::regrole::oid]))"
    ).fetchall()
    assert unbound == [], "CALL lotwatch.show_on_board(table, rows) in the migration that makes it"
    with_owners_eyes = db.execute(
        "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'lotwatch'::regnamespace AND c.relkind = 'v'"
        " AND has_table_privilege('lotwatch_board', c.oid, 'SELECT') AND NOT coalesce(c.reloptions::text ~ 'security_invoker=(true|on)', false) ORDER BY 1"
    ).fetchall()
    assert {name for (name,) in with_owners_eyes} <= {
        "alert_change",
        "item_in_quarantine",
        "recall_event",
        "serial_conflict",
    }
    own = db.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'lotwatch'::regnamespace AND prosecdef"
        " AND has_function_privilege('lotwatch_board', oid, 'EXECUTE') ORDER BY proname"
    ).fetchall()
    assert [name for (name,) in own] == ["user_is_known", "user_sees_all", "user_sites"]


def test_each_role_of_the_database_can_do_no_more_than_it_must(db: psycopg.Connection) -> None:
    can_write = db.execute(
        "SELECT r.rolname, c.oid::regclass::text FROM pg_class AS c, pg_roles AS r"
        " WHERE c.relnamespace::regnamespace::text ~ '^(lotwatch|stage|public)' AND c.relkind IN ('r', 'p', 'v')"
        " AND r.rolname IN ('lotwatch_board', 'lotwatch_auditor')"
        " AND has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"
    ).fetchall()
    assert can_write == []
    privileged = db.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'lotwatch%'"
        " AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)"
    ).fetchall()
    assert privileged == []
    may_create = db.execute(
        "SELECT r.rolname, n.nspname FROM pg_namespace AS n, pg_roles AS r WHERE n.nspname ~ '^(lotwatch|stage|public)'"
        " AND r.rolname IN ('lotwatch_app', 'lotwatch_board', 'lotwatch_auditor')"
        " AND has_schema_privilege(r.oid, n.oid, 'CREATE')"
    ).fetchall()
    assert may_create == []
    assert (
        db.execute("SELECT FROM pg_tables WHERE tableowner = 'lotwatch_app' AND schemaname <> 'pg_temp'").fetchall()
        == []
    )
    never_changed = ("audit_event", "run", "run_log", "movement", "policy", "approval")
    changeable = db.execute(
        "SELECT name FROM unnest(%s::text[]) AS name"
        " WHERE has_table_privilege('lotwatch_app', 'lotwatch.' || name, 'UPDATE, DELETE, TRUNCATE')",
        (list(never_changed),),
    ).fetchall()
    assert changeable == []


@pytest.mark.usefixtures("two_sites")
@pytest.mark.parametrize("path", [*PAGES, *DOWNLOADS])
def test_no_page_and_no_download_tells_of_another_site(client_of: Callable[..., TestClient], path: str) -> None:
    assert "THEIRS" in client_of("all").get(path).text
    mine = client_of("here").get(path)
    assert mine.status_code == 200
    assert "THEIRS" not in mine.text
    assert "an alert of no site" not in mine.text


@pytest.mark.usefixtures("two_sites")
def test_counts_and_totals_are_of_the_sites_one_sees(client_of: Callable[..., TestClient]) -> None:
    assert len(rows(client_of("all").get("/").text)) == 3
    html = client_of("here").get("/").text
    assert len(rows(html)) == 1
    assert "Orders waiting for approval" in html
    for of_all_sites in ("Records in quarantine", "Failed runs", "Not sent"):
        assert of_all_sites in client_of("all").get("/").text
        assert of_all_sites not in html
    (site,) = table(client_of("here").get("/inventory.csv?group=site").text)
    assert (site["Site code"], site["Physical"]) == ("MINE", "7")
    assert "belong to no site yet" in client_of("here").get("/quality").text


@pytest.mark.usefixtures("two_sites")
@pytest.mark.parametrize("user_name", ["new", "somebody unknown"])
def test_who_was_given_no_site_is_told_what_to_do(client_of: Callable[..., TestClient], user_name: str) -> None:
    for path in (*PAGES, *DOWNLOADS):
        answer = client_of(user_name, "ops", "Admin").get(path)
        assert answer.status_code == 403, path
        assert "lotwatch access grant" in answer.text


def test_giving_and_taking_sites_is_written_down(two_sites: psycopg.Connection) -> None:
    db = two_sites
    assert not access.grant(db, CONTEXT, "here", "MINE"), "has it already"
    assert access.grant(db, CONTEXT, "here", "THEIRS", "moves there")
    assert access.sees_site(db, "here", _site(db, "THEIRS"))
    assert access.revoke(db, CONTEXT, "here", "MINE")
    assert not access.revoke(db, CONTEXT, "here", "MINE")
    assert not access.sees_site(db, "here", _site(db, "MINE"))
    assert access.grant(db, CONTEXT, "here", None)
    assert access.sees_site(db, "here", _site(db, "MINE"))
    assert access.revoke(db, CONTEXT, "here", None)
    assert access.Grant("here", True, ["THEIRS"]) in access.grants(db)
    told = db.execute(
        "SELECT action, actor, reason FROM lotwatch.audit_event WHERE object_id = 'here' ORDER BY audit_event_id"
    ).fetchall()
    who = "an administrator"
    assert told == [
        ("user introduced", who, None),
        ("site granted", who, None),
        ("site granted", who, "moves there"),
        ("site revoked", who, None),
        ("all sites granted", who, None),
        ("all sites revoked", who, None),
    ]


def test_introducing_somebody_again_changes_nothing(two_sites: psycopg.Connection) -> None:
    before = access.grants(two_sites)
    assert access.introduce(two_sites, CONTEXT, {"here": False, "all": True}) == []
    assert access.grants(two_sites) == before


@pytest.mark.parametrize("code", ["NOWHERE", "MINE/BIN"])
def test_only_a_site_can_be_given(two_sites: psycopg.Connection, code: str) -> None:
    with pytest.raises(LotwatchError, match=f"no such site. Where: {code}"):
        access.grant(two_sites, CONTEXT, "a new user", code)
    assert "a new user" not in {given.user_name for given in access.grants(two_sites)}
    with pytest.raises(LotwatchError, match="lotwatch access list"):
        access.revoke(two_sites, CONTEXT, "nobody", "MINE")


@pytest.mark.usefixtures("two_sites")
def test_sites_are_given_from_the_shell(db_url: str) -> None:
    from lotwatch.cli import app

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["access", *words], env={"LOTWATCH_DATABASE": db_url, "USER": "root"})
        assert done.exit_code == 0, done.output
        return done.output

    assert "new sees MINE." in run("grant", "new", "MINE", "--reason", "works there")
    assert "new sees MINE, THEIRS." in run("grant", "new", "THEIRS")
    assert "new sees THEIRS." in run("revoke", "new", "MINE")
    assert "new sees all sites." in run("grant", "new", "--all-sites")
    assert "new sees THEIRS." in run("revoke", "new", "--all-sites")
    assert [line.split() for line in run("list").splitlines()[1:]] == [
        ["all", "all", "sites"], ["here", "MINE"], ["new", "THEIRS"],
    ]  # fmt: skip
    without = CliRunner().invoke(app, ["access", "grant", "new"], env={"LOTWATCH_DATABASE": db_url, "USER": "root"})
    assert without.exit_code == 2


def _site(conn: psycopg.Connection, code: str) -> int:
    row = conn.execute("SELECT location_id FROM lotwatch.location WHERE code = %s", (code,)).fetchone()
    assert row is not None
    return int(row[0])


# --- what somebody does


@pytest.fixture
def form_of(client_of: Callable[..., TestClient], two_sites: psycopg.Connection) -> Callable[..., TestClient]:
    """The board with a form and a route that writes what it sends."""
    from lotwatch.audit import record
    from lotwatch_airflow.board.view import _TEMPLATES, ViewDep
    from lotwatch_airflow.board.writing import WriteDep

    site_id = _site(two_sites, "MINE")

    def do(write: WriteDep, note: Annotated[str, Form()]) -> dict[str, str]:
        with write.transaction("record_count", "record count") as (conn, context):
            write.need_site(conn, site_id)
            record(conn, context, "counted", "site", "MINE", after={"note": note})
        return {"done": note}

    def form(view: ViewDep) -> HTMLResponse:
        page = _TEMPLATES.from_string('{% import "macros.html" as part with context %}{{ part.token() }}')
        return HTMLResponse(page.render(view=view))

    def make(user_name: str, *roles: str) -> TestClient:
        client = client_of(user_name, *roles)
        assert isinstance(client.app, FastAPI)
        client.app.add_api_route("/form", form, response_class=HTMLResponse)
        client.app.add_api_route("/count", do, methods=["POST"])
        return client

    return make


SAME = {"origin": "http://board.example", "sec-fetch-site": "same-origin"}


def _token(client: TestClient, session: str | None = None) -> dict[str, str]:
    from lotwatch_airflow.board.forms import FIELD

    board = client.app.state.board  # type: ignore[attr-defined]
    return {FIELD: board.forms.token(client.cookies["_token"] if session is None else session), "note": "three"}


def _written(db: psycopg.Connection) -> list[tuple]:
    return db.execute("SELECT actor, dag_id, task_id FROM lotwatch.audit_event WHERE action = 'counted'").fetchall()


@pytest.mark.parametrize(
    "headers",
    [
        SAME,
        {"sec-fetch-site": "same-origin"},
        {"origin": "http://board.example"},
        {"origin": "https://board.example"},  # behind a proxy that speaks TLS
    ],
)
def test_a_form_of_ours_is_done_in_the_name_of_who_sent_it(
    form_of: Callable[..., TestClient], db: psycopg.Connection, headers: dict[str, str]
) -> None:
    client = form_of("here", "warehouse")
    answer = client.post("/count", data=_token(client), headers=headers)
    assert answer.json() == {"done": "three"}
    assert _written(db) == [("here", "board", "record count")]


def test_the_field_that_a_page_puts_into_its_form_is_believed(form_of: Callable[..., TestClient]) -> None:
    client = form_of("here", "warehouse")
    found = re.search(r'<input type="hidden" name="(\w+)" value="([^"]+)">', client.get("/form").text)
    assert found
    answer = client.post("/count", data={found[1]: found[2], "note": "three"}, headers=SAME)
    assert answer.json() == {"done": "three"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://board.example.evil.example"},
        {"origin": "http://board.example", "sec-fetch-site": "cross-site"},
        {"origin": "http://board.example", "sec-fetch-site": "same-site"},
        {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_what_another_site_sends_is_not_done(
    form_of: Callable[..., TestClient], db: psycopg.Connection, headers: dict[str, str]
) -> None:
    client = form_of("here", "warehouse")
    answer = client.post("/count", data=_token(client), headers=headers)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert _written(db) == []


def test_a_form_without_this_logins_token_is_not_done(
    form_of: Callable[..., TestClient], db: psycopg.Connection
) -> None:
    from lotwatch_airflow.board.forms import FIELD, Forms

    client = form_of("here", "warehouse")
    session = client.cookies["_token"]
    forged = Forms("another secret").token(session)
    for token in ("", "x", forged, _token(client, "another login")[FIELD]):
        answer = client.post("/count", data={FIELD: token, "note": "three"}, headers=SAME)
        assert answer.status_code == 403, token
        assert "earlier login" in answer.text
    assert client.post("/count", data={"note": "three"}, headers=SAME).status_code == 403
    del client.cookies["_token"]
    assert client.post("/count", data=_token(client, ""), headers=SAME).status_code == 403, "no login, no token"
    assert _written(db) == []


def test_a_token_wears_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from itsdangerous import TimestampSigner
    from starlette.requests import Request

    from lotwatch_airflow.board.forms import Forms

    forms = Forms("secret")
    token = forms.token("a login")
    request = Request({"type": "http", "headers": [(b"sec-fetch-site", b"same-origin")]})
    assert forms.is_ours(request, "a login", token)
    issued = TimestampSigner.get_timestamp(TimestampSigner("secret"))
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: issued + 12 * 3600 + 60)
    assert not forms.is_ours(request, "a login", token)


@pytest.mark.parametrize(
    ("user_name", "roles", "said"),
    [
        ("here", ("viewer", "quality", "Admin"), "None of your roles allows this"),
        ("new", ("warehouse",), "a site that you may not see"),
        ("here", (), "None of your roles allows this"),
    ],
)
def test_who_may_not_does_not(
    form_of: Callable[..., TestClient], db: psycopg.Connection, user_name: str, roles: tuple[str, ...], said: str
) -> None:
    client = form_of(user_name, *roles)
    answer = client.post("/count", data=_token(client), headers=SAME)
    assert answer.status_code == 403
    assert said in answer.text
    assert _written(db) == []


@pytest.mark.usefixtures("two_sites")
def test_every_route_that_writes_asks_for_a_form_of_ours(client_of: Callable[..., TestClient]) -> None:
    from fastapi.routing import APIRoute

    from lotwatch_airflow.board.writing import believe

    for route in client_of("all").app.routes:  # type: ignore[attr-defined]
        if isinstance(route, APIRoute) and route.methods != {"GET"}:
            assert believe in {dependency.call for dependency in route.dependant.dependencies}, route.path
