"""Approvals on the board and by link: who may answers, once, what was shown; Airflow is told; everything else changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from lotwatch import access, actions
from lotwatch.actions.budgets import Budget
from lotwatch.audit import RunContext
from lotwatch.jobs import order as jobs
from lotwatch_local.settings import Settings
from tests.integration.boards import board_app
from tests.integration.company import NOW, Company
from tests.integration.test_actions import dear_and_cheap, propose, short  # noqa: F401  # fixtures
from tests.integration.test_board_ledger import FORM, _airflow_home, rows, send, words  # noqa: F401  # a fixture
from tests.worlds import prepared

Clients = Callable[..., TestClient]
LINKS = actions.Links("key", "http://testserver")


class Airflow:
    """What Airflow was told; `says` is what it answers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str | None, str | None]] = []
        self.says = "told"

    def __call__(self, proposal: actions.Proposal, answer: actions.Answer, note: str | None, login: str | None) -> Any:
        assert proposal.asked_by_run == "ask"
        self.told.append((proposal.code, answer, note, login))
        return self.says


@pytest.fixture
def airflow_told() -> Airflow:
    return Airflow()


@prepared
def asked(dear_and_cheap: Company) -> None:  # noqa: F811
    """Run `ask` asks purchasing about a dear order (finance comes next) and a cheap one; `ward` sees HOSP alone."""
    company = dear_and_cheap
    propose(company)
    run = replace(company.context, run_id="ask")
    actions.apply_budgets(company.conn, NOW, run, {"DC": Budget(currency="USD", monthly=Decimal(1_000_000))})
    asked = actions.ask(company.conn, run, 200, actions.load_policies())
    assert [question.step for question in asked.questions] == ["buyer", "buyer"]
    access.introduce(company.conn, company.context, dict.fromkeys(("viewer", "buyer", "approver", "finance"), False))
    access.grant(company.conn, company.context, "ward", "HOSP")


@pytest.fixture
def board(database: Settings, db_name: str, airflow_told: Airflow) -> Iterator[Any]:
    from lotwatch_airflow.board.database import Reader, Writer
    from lotwatch_airflow.board.forms import Forms
    from lotwatch_airflow.board.view import Board

    reader = Reader(lambda: database.database_url("board", db_name))
    writer = Writer(lambda: database.database_url("app", db_name))
    yield Board(reader, writer, Forms("secret"), lambda _: {}, lambda: NOW + timedelta(hours=1), airflow_told)
    reader.close()


@pytest.fixture
def as_(board: Any) -> Clients:
    """The board as somebody with the role of their name sees it."""
    from lotwatch_airflow.board import auth
    from lotwatch_airflow.board.person import Person

    app = board_app(board)

    def make(user_name: str, *roles: str) -> TestClient:
        app.dependency_overrides[auth.signed_in] = lambda: Person(user_name, frozenset(roles or [user_name]))
        return TestClient(app, cookies={"_token": f"login of {user_name}"}, follow_redirects=False)

    return make


def approvals(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    conn.rollback()
    return conn.execute(
        "SELECT proposal_id, revision, step, decision, decided_by, run_id FROM lotwatch.approval ORDER BY 1, 3"
    ).fetchall()


def answer(client: TestClient, proposal_id: int, what: str = "approved", **fields: Any) -> Response:
    plain = {"answer": what, "revision": 1, "step": "buyer", "note": "as agreed"}
    return send(client, f"/approvals/{proposal_id}", **plain | fields)


@pytest.mark.usefixtures("asked")
def test_what_waits_is_shown_with_why_to_whom_it_waits_for(as_: Clients) -> None:
    assert "LW-000001" in as_("buyer").get("/approvals").text
    assert "Nothing waits for your answer" in as_("viewer").get("/approvals").text
    everybody = as_("viewer").get("/approvals?who=all").text
    assert ("LW-000002" in everybody, 'type="checkbox"' in everybody) == (True, False)
    html = as_("approver").get("/approvals/1").text
    assert "Step 1 of 2: Purchasing" in words(html)
    assert "Inventory position" in html
    assert "第 1 步，共 2 步：采购" in words(as_("approver").get("/approvals/1?lang=zh").text)
    assert as_("ward", "buyer").get("/approvals/1").status_code == 404
    assert as_("finance").get("/approvals/1").text.count("<form") == 0, "their step comes later"


def test_an_answer_is_written_and_airflow_is_told_in_the_persons_own_login(
    as_: Clients, asked: Company, airflow_told: Airflow
) -> None:
    assert answer(as_("buyer"), 2).headers["location"] == "/approvals?done=1"
    assert approvals(asked.conn) == [(2, 1, "buyer", "approved", "buyer", "ask")]
    assert airflow_told.told == [("LW-000002", "approved", "as agreed", "login of buyer")]
    assert as_("buyer").get("/approvals/2").status_code == 404
    audit = asked.conn.execute("SELECT actor, dag_id FROM lotwatch.audit_event WHERE action = 'order approved'")
    assert audit.fetchall() == [("buyer", "board")]


def test_the_first_of_two_answers_counts(as_: Clients, asked: Company, airflow_told: Airflow) -> None:
    answer(as_("buyer"), 2, "rejected")
    assert answer(as_("approver"), 2).status_code == 404
    airflow_told.says = "taken"
    said = answer(as_("approver"), 1)
    assert (said.status_code, "answered a moment ago" in said.text) == (409, True)
    assert [row[:4] for row in approvals(asked.conn)] == [(2, 1, "buyer", "rejected")]


def test_the_answer_counts_though_airflow_cannot_be_told(as_: Clients, asked: Company, airflow_told: Airflow) -> None:
    airflow_told.says = "gone"
    answer(as_("buyer"), 2)
    assert [row[3] for row in approvals(asked.conn)] == ["approved"]


@pytest.mark.parametrize(
    ("user", "fields", "status"),
    [
        ("viewer", {}, 403),
        ("warehouse", {}, 403),
        ("finance", {}, 409),
        ("ward", {}, 404),
        ("buyer", {"revision": 2}, 409),
        ("buyer", {"step": "finance"}, 409),
        ("buyer", {"answer": "timed_out"}, 422),
        ("buyer", {"note": "x" * 501}, 422),
    ],
)
def test_who_may_not_or_answers_something_else_changes_nothing(
    as_: Clients, asked: Company, airflow_told: Airflow, user: str, fields: dict[str, Any], status: int
) -> None:
    access.introduce(asked.conn, asked.context, {"warehouse": False})
    asked.conn.commit()
    assert answer(as_(user), 1, **fields).status_code == status
    assert (approvals(asked.conn), airflow_told.told) == ([], [])


def test_nothing_from_elsewhere_is_believed(as_: Clients, asked: Company) -> None:
    client = as_("buyer")
    fields = {"answer": "approved", "revision": 1, "step": "buyer", "chosen": "1:1", "which": "all"}
    for path in ("/approvals/1", "/approvals/several", "/approvals/answers"):
        assert client.post(path, data=fields, headers=FORM).status_code == 403, path
    assert client.post("/approvals/1", data=fields, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert approvals(asked.conn) == []


def test_many_are_answered_by_one_confirmation_each_by_its_own_decision(
    as_: Clients, asked: Company, airflow_told: Airflow
) -> None:
    client = as_("approver")
    html = send(client, "/approvals/several", which="all").text
    assert "Approve all 2" in html
    total = asked.conn.execute("SELECT sum(quantity * unit_price) FROM lotwatch.proposal_line").fetchone()
    assert total is not None
    assert f"{total[0]:,.2f} USD" in html
    assert "Approve all 1" in send(client, "/approvals/several", which="chosen", chosen="2:1").text
    assert "Nothing was chosen" in send(client, "/approvals/several", which="chosen").text
    said = send(client, "/approvals/answers", answer="approved", chosen=["1:1", "2:1", "2:7", "99:1"])
    assert said.headers["location"] == "/approvals?done=2&left=2"
    assert [row[:3] for row in approvals(asked.conn)] == [(1, 1, "buyer"), (2, 1, "buyer")]
    assert [code for code, *_ in airflow_told.told] == ["LW-000001", "LW-000002"]


def test_a_change_makes_a_revision_and_puts_the_old_question_away(
    as_: Clients, asked: Company, airflow_told: Airflow
) -> None:
    first, *others = actions.load_proposal(asked.conn, 1).lines
    asked.conn.rollback()
    client = as_("buyer")
    fields = {
        "line": [actions.line_key(line) for line in (first, *others)],
        "quantity": [0, *(line.quantity for line in others)],
        "revision": 1,
        "step": "buyer",
    }
    assert "It is not said why" in send(client, "/approvals/1/change", **fields).text
    assert "It is revision 2 now" in send(client, "/approvals/1/change", note="enough of it", **fields).text
    assert airflow_told.told == [
        ("LW-000001", "rejected", "Changed by buyer: revision 2 is asked instead", "login of buyer")
    ]
    asked.conn.rollback()
    assert [line.item_code for line in actions.load_proposal(asked.conn, 1).lines] == [
        line.item_code for line in others
    ]
    assert answer(client, 1).status_code == 404
    assert approvals(asked.conn) == []


# --- by link


@pytest.fixture
def phone(board: Any) -> Callable[..., TestClient]:
    from lotwatch_airflow.answer_page import create_app

    def make(known: bool = True) -> TestClient:
        logins = (lambda name: f"minute of {name}") if known else (lambda _: None)
        return TestClient(create_app(board, lambda: LINKS, logins, lambda: 0.0))

    return make


def token_of(person: str = "approver", proposal_id: int = 2, **changes: Any) -> str:
    plain = {"proposal_id": proposal_id, "revision": 1, "step": "buyer", "until": NOW + timedelta(hours=9)}
    return LINKS.address(actions.Invitation(**plain | {"person": person} | changes)).rpartition("/")[2]


def tap(client: TestClient, token: str, what: str = "approved", form_token: str | None = None) -> Response:
    from lotwatch_airflow.board.forms import FIELD

    forms = client.app.state.board.forms  # type: ignore[attr-defined]
    fields = {FIELD: forms.token(token) if form_token is None else form_token, "answer": what}
    return client.post(f"/{token}", data=fields, headers=FORM)


def audited(conn: psycopg.Connection) -> list[tuple[str, str]]:
    conn.rollback()
    return conn.execute(
        "SELECT action, actor FROM lotwatch.audit_event WHERE dag_id = 'answer link' ORDER BY audit_event_id"
    ).fetchall()


def test_a_link_shows_the_question_and_answers_it_once(
    phone: Callable[..., TestClient], asked: Company, airflow_told: Airflow
) -> None:
    client, token = phone(), token_of()
    for _ in range(3):  # whatever follows links in mails
        shown = client.get(f"/{token}")
    assert (shown.status_code, "LW-000002" in shown.text, "<nav aria" in shown.text) == (200, True, False)
    assert shown.headers["cache-control"] == "no-store"
    assert approvals(asked.conn) == []
    assert "LW-000002 is approved" in tap(client, token).text
    assert approvals(asked.conn) == [(2, 1, "buyer", "approved", "approver", "ask")]
    assert airflow_told.told == [("LW-000002", "approved", None, "minute of approver")]
    again = tap(client, token, "rejected")
    assert (again.status_code, "This link is over" in again.text) == (404, True)
    assert client.get(f"/{token}").status_code == 404
    assert len(approvals(asked.conn)) == 1
    used = asked.conn.execute("SELECT person, decision FROM lotwatch.used_link").fetchall()
    assert used == [("approver", "approved")]
    assert audited(asked.conn) == [("answer link opened", "approver")] * 3 + [("order approved", "approver")]


@pytest.mark.parametrize(
    "changes",
    [
        {"revision": 2},
        {"step": "finance"},
        {"proposal_id": 99},
        {"until": NOW},
        {"person": "ward"},  # may not see the site
    ],
)
def test_a_link_for_anything_else_is_over(
    phone: Callable[..., TestClient], asked: Company, changes: dict[str, Any]
) -> None:
    token = token_of(**changes)
    assert phone().get(f"/{token}").status_code == 404
    assert tap(phone(), token).status_code == 404
    assert approvals(asked.conn) == []


def test_a_link_that_was_changed_or_is_of_somebody_who_left_is_over(
    phone: Callable[..., TestClient], asked: Company
) -> None:
    token = token_of()
    assert phone().get(f"/{token[:-2]}xx").status_code == 404
    assert tap(phone(), f"{token[:-2]}xx").status_code == 404
    assert tap(phone(known=False), token).status_code == 404
    assert approvals(asked.conn) == []


def test_a_link_does_not_make_an_approver(phone: Callable[..., TestClient], asked: Company) -> None:
    token = token_of("finance")
    assert "somebody else answers" in phone().get(f"/{token}").text
    said = tap(phone(), token)
    assert (said.status_code, "finance may not answer this step" in said.text) == (409, True)
    assert approvals(asked.conn) == []
    assert audited(asked.conn)[-1] == ("answer by link refused", "finance")
    assert asked.conn.execute("SELECT count(*) FROM lotwatch.used_link").fetchone() == (0,)


def test_only_the_form_of_the_page_is_believed(phone: Callable[..., TestClient], asked: Company) -> None:
    token = token_of()
    assert tap(phone(), token, form_token="").status_code == 403
    assert (
        phone().post(f"/{token}", data={"answer": "approved"}, headers={"sec-fetch-site": "cross-site"}).status_code
        == 403
    )
    assert approvals(asked.conn) == []


@pytest.mark.usefixtures("asked")
def test_nobody_can_try_links_endlessly(phone: Callable[..., TestClient]) -> None:
    client = phone()
    codes = [client.get("/" + "x" * 30).status_code for _ in range(21)]
    assert codes == [404] * 20 + [429]


def test_an_answer_by_link_reaches_the_task_that_waits(phone: Callable[..., TestClient], asked: Company) -> None:
    tap(phone(), token_of())
    asked.conn.rollback()
    run: RunContext = replace(asked.context, run_id="ask")
    assert not jobs.is_asked(asked.conn, run, 2, 1, "buyer")
    told = {"chosen_options": ["Approve"], "responded_by_user": {"id": "1", "name": "approver"}}
    assert jobs.decide(asked.conn, run, 2, 1, "buyer", told) == "approved"
    assert asked.conn.execute("SELECT count(*) FROM lotwatch.outbox WHERE kind = 'erp_draft'").fetchone() == (1,)
