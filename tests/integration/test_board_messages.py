"""On the board everybody who sees all sites sees what people were told, and ops has sent again what was given up."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from lotwatch import access, outbox
from lotwatch.cli import app
from lotwatch_local.settings import Settings
from tests.integration.boards import board_app
from tests.integration.company import NOW, context
from tests.integration.test_board import HOSTILE, table
from tests.integration.test_board_ledger import send, words
from tests.integration.test_messages import Town, always, ops

Clients = Callable[..., TestClient]


@pytest.fixture(scope="module", autouse=True)
def _airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow writes its configuration when it is first imported: not into anybody's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield


@pytest.fixture
def town(db: psycopg.Connection) -> Town:
    """A message that smtp refused and twilio has, one that is held, and one that nobody took."""
    access.introduce(db, context(), dict.fromkeys(("viewer", "ops"), False))
    db.execute("INSERT INTO lotwatch.location (code, name, kind) VALUES ('H', 'H', 'site')")
    access.grant(db, context(), "ward", "H")
    who = ops() | {
        "night": {"roles": ["buyer"], "channels": [{"twilio": "+2"}], "digest": "hourly"},
        "lost": {"roles": ["quality"], "channels": [{"smtp": "l@x.example"}]},
    }
    town = Town(db, who, smtp=always("refuse"))
    town.tell(data={"dag_id": "d", "task_id": "t", "error": HOSTILE, "path": "/dags/d"})
    town.tell("info", ["buyer"])
    town.tell("warning", ["quality"])
    town.run()
    return town


@pytest.fixture
def as_(database: Settings, db_name: str) -> Iterator[Clients]:
    """The board as somebody with some roles sees it, an hour after NOW."""
    from lotwatch_airflow.board import auth
    from lotwatch_airflow.board.database import Reader, Writer
    from lotwatch_airflow.board.forms import Forms
    from lotwatch_airflow.board.person import Person
    from lotwatch_airflow.board.view import Board

    reader = Reader(lambda: database.database_url("board", db_name))
    writer = Writer(lambda: database.database_url("app", db_name))
    board = board_app(Board(reader, writer, Forms("secret"), lambda _: {}, lambda: NOW + timedelta(hours=1)))

    def make(user_name: str, *roles: str) -> TestClient:
        board.dependency_overrides[auth.signed_in] = lambda: Person(user_name, frozenset(roles or [user_name]))
        return TestClient(board, cookies={"_token": f"login of {user_name}"}, follow_redirects=False)

    yield make
    reader.close()


def lost(town: Town) -> outbox.Listed:
    [found] = outbox.list_deliveries(town.conn, subscriber="lost")
    return found


def test_messages_are_listed_by_what_became_of_them(as_: Clients, town: Town) -> None:
    town.conn.execute("UPDATE lotwatch.outbox SET created_at = %s", (NOW,))
    asked: dict[str, set[tuple[str, str]]] = {
        "": {("ops", "smtp"), ("ops", "twilio"), ("night", "twilio"), ("lost", "smtp")},
        "state=open": {("night", "twilio")},
        "state=trouble": {("lost", "smtp")},
        "state=failed_over": {("ops", "smtp")},
        "channel=twilio": {("ops", "twilio"), ("night", "twilio")},
        "subscriber=ops": {("ops", "smtp"), ("ops", "twilio")},
        "severity=info": {("night", "twilio")},
        "template=gate": set(),
    }
    client = as_("viewer")
    for query, found in asked.items():
        listed = table(client.get(f"/messages.csv?{query}").text)
        assert {(row["Subscriber"], row["Channel"]) for row in listed} == found, query
        assert client.get(f"/messages?{query}").status_code == 200


def test_a_message_is_shown_in_words_with_each_delivery(as_: Clients, town: Town) -> None:
    number = outbox.list_deliveries(town.conn, subscriber="ops")[0].message_id
    html = as_("viewer").get(f"/messages/{number}").text
    assert "Message: d failed: t</h1>" in html
    assert "no such address" in words(html)
    assert HOSTILE not in html
    assert "d 失败：t" in as_("viewer").get(f"/messages/{number}?lang=zh").text
    assert "<form" not in html.partition("<main")[2], "there is nothing to send again"


def test_who_sees_some_sites_only_sees_no_messages(as_: Clients, town: Town) -> None:
    ward = as_("ward", "warehouse")
    assert table(ward.get("/messages.csv?days=").text) == []
    assert ward.get(f"/messages/{lost(town).message_id}").status_code == 404
    assert (
        send(ward, f"/messages/{lost(town).message_id}", delivery=lost(town).outbox_id, reason="x").status_code == 404
    )


def test_ops_has_sent_again_what_was_given_up(as_: Clients, town: Town) -> None:
    given_up = lost(town)
    page = f"/messages/{given_up.message_id}"
    assert "<form" not in as_("viewer").get(page).text.partition("<main")[2]
    assert send(as_("viewer"), page, delivery=given_up.outbox_id, reason="mended").status_code == 403
    client = as_("ops")
    assert client.post(page, data={"delivery": given_up.outbox_id, "reason": "x"}).status_code == 403, "no form of ours"
    assert send(client, page, delivery=given_up.outbox_id).status_code == 409, "without a reason"
    assert lost(town).state == "failed"
    assert send(client, page, delivery=given_up.outbox_id, reason="mended").status_code == 303
    assert lost(town).state == "waiting"
    assert send(client, page, delivery=given_up.outbox_id, reason="again").status_code == 409
    audited = "SELECT actor, reason FROM lotwatch.audit_event WHERE action = 'message sent again'"
    assert town.conn.execute(audited).fetchall() == [("ops", "mended")]


def test_the_same_at_the_shell(town: Town, db_url: str) -> None:
    def run(*arguments: Any) -> str:
        done = CliRunner().invoke(
            app, ["messages", *map(str, arguments)], env={"LOTWATCH_DATABASE": db_url, "USER": "me"}
        )
        return done.output if done.exit_code == 0 else f"failed: {done.exception}"

    given_up = lost(town)
    assert len(run("list").splitlines()) == 5
    assert "lost" in run("list", "--state", "failed")
    assert "d failed: t" in run("show", given_up.message_id)
    assert run("retry", given_up.outbox_id, "--reason", "mended") == f"{given_up.outbox_id} waits to be sent.\n"
    assert "is not among" in run("retry", given_up.outbox_id)
    assert "缺货风险" in run("preview", "alerts")
    assert "did you mean alerts?" in run("preview", "alert")
