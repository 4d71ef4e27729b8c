"""Orders reach the supplier's portal once, whatever the portal and the network do."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from lotwatch.delivery.outcome import Refused, Unavailable, Unclear
from lotwatch.delivery.portals import Confirmation, Order, OrderLine
from lotwatch.delivery.portals.rest import RestPortal
from lotwatch_local.settings import PROJECT
from tests.conftest import free_port
from tests.integration import servers
from tests.integration.servers import CONTROL_TOKEN, OTHER_BUYERS_TOKEN, PATIENCE, PORTAL_TOKEN, Server

KEY = "LW-000042"
ORDER = Order(
    reference="PO-7",
    buyer_reference="LW-000042",
    supplier_code="SUP-1",
    ship_to_site="DC-1",
    ordered_on=date(2026, 2, 1),
    currency="CNY",
    lines=[
        OrderLine(
            item_code="STENT-3.0",
            udi_di="09506000134352",
            quantity=7,
            unit_price=Decimal("1234567890123.4567"),
            requested_on=date(2026, 3, 1),
        ),
        OrderLine(item_code="导管", quantity=1, unit_price=Decimal("0.10"), requested_on=date(2026, 3, 2)),
    ],
)


@pytest.fixture(scope="module")
def running_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.portal(tmp_path_factory.mktemp("portal") / "its state") as server:
        yield server


@pytest.fixture
def portal(running_portal: Server) -> Server:
    running_portal.reset()
    return running_portal


@pytest.fixture
def client(portal: Server) -> RestPortal:
    return RestPortal(portal.url, PORTAL_TOKEN, timeout=PATIENCE)


def deliver(client: RestPortal, first_try: RestPortal | None = None) -> Confirmation:
    """What a sender does: retry what is unavailable, look up what is unclear, never send blindly again."""
    sending = first_try or client
    for _ in range(5):
        try:
            return sending.send_order(ORDER, KEY)
        except Unavailable:
            pass
        except Unclear:
            if (confirmation := client.find_order(ORDER.reference)) is not None:
                return confirmation
        sending = client
    raise AssertionError("not delivered after five tries")


def post(portal: Server, body: Any, token: str = PORTAL_TOKEN, **headers: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k-1"} | headers
    return requests.post(f"{portal.url}/api/v1/orders", json=body, headers=headers, timeout=PATIENCE)


def body(**changes: Any) -> dict[str, Any]:
    return ORDER.model_dump(mode="json") | changes


# --- accepting


def test_an_order_arrives_with_its_money_exact(client: RestPortal, portal: Server) -> None:
    confirmation = client.send_order(ORDER, KEY)

    [received] = portal.received("orders")["orders"]
    assert received["confirmation_number"] == confirmation.confirmation_number
    assert [line["unit_price"] for line in received["order"]["lines"]] == ["1234567890123.4567", "0.10"]
    assert Order.model_validate(received["order"]) == ORDER
    kept = requests.get(
        f"{portal.url}/api/v1/orders/{confirmation.confirmation_number}",
        headers={"Authorization": f"Bearer {PORTAL_TOKEN}"},
        timeout=PATIENCE,
    ).json()
    assert kept["total"] == "8641975230864.2969"


def test_the_same_key_again_gives_the_first_answer_and_orders_nothing_more(client: RestPortal, portal: Server) -> None:
    first, second = post(portal, body()), post(portal, body())

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert portal.received("orders")["accepted"] == 1


def test_many_senders_at_once_place_one_order(client: RestPortal, portal: Server) -> None:
    with ThreadPoolExecutor(8) as senders:
        confirmations = list(senders.map(lambda _: client.send_order(ORDER, KEY), range(16)))

    assert len({confirmation.confirmation_number for confirmation in confirmations}) == 1
    assert portal.received("orders")["accepted"] == 1


def test_an_order_is_found_by_its_reference_or_not_at_all(client: RestPortal) -> None:
    assert client.find_order(ORDER.reference) is None
    confirmation = client.send_order(ORDER, KEY)
    assert client.find_order(ORDER.reference) == confirmation


def test_confirmed_orders_survive_a_crash_of_the_portal(tmp_path: Path) -> None:
    with servers.portal(tmp_path) as server:
        confirmation = RestPortal(server.url, PORTAL_TOKEN, PATIENCE).send_order(ORDER, KEY)
        server.crash()
    with servers.portal(tmp_path) as server:
        client = RestPortal(server.url, PORTAL_TOKEN, PATIENCE)
        assert client.find_order(ORDER.reference) == confirmation
        assert client.send_order(ORDER, KEY) == confirmation
        assert server.received("orders")["accepted"] == 1


# --- refusing


def test_the_same_reference_under_another_key_is_refused(client: RestPortal, portal: Server) -> None:
    confirmation = client.send_order(ORDER, KEY)
    with pytest.raises(Refused, match=f"HTTP 409: reference: .*{confirmation.confirmation_number}"):
        client.send_order(ORDER, "another key")
    assert portal.received("orders")["accepted"] == 1


def test_the_same_key_with_another_content_is_refused_and_not_confirmed(client: RestPortal, portal: Server) -> None:
    client.send_order(ORDER, KEY)
    with pytest.raises(Refused, match="HTTP 422: Idempotency-Key"):
        client.send_order(ORDER.model_copy(update={"ship_to_site": "DC-2"}), KEY)


def test_buyers_see_only_their_own_orders(client: RestPortal, portal: Server) -> None:
    confirmation = client.send_order(ORDER, KEY)
    other = RestPortal(portal.url, OTHER_BUYERS_TOKEN, PATIENCE)

    assert other.find_order(ORDER.reference) is None
    assert other.send_order(ORDER, KEY).confirmation_number != confirmation.confirmation_number


@pytest.mark.parametrize("token", ["", PORTAL_TOKEN])
def test_only_the_control_token_controls(portal: Server, token: str) -> None:
    for method, path in (("POST", "misbehave"), ("POST", "reset"), ("GET", "orders")):
        url, headers = f"{portal.url}/control/{path}", {"Authorization": f"Bearer {token}"}
        assert requests.request(method, url, headers=headers, timeout=PATIENCE).status_code == 401
    assert post(portal, body(), token=CONTROL_TOKEN).status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reference": ""}, "reference"),
        ({"reference": "P" * 65}, "reference"),
        ({"currency": "yuan"}, "currency"),
        ({"lines": []}, "lines"),
        ({"surprise": 1}, "surprise"),
        ({"lines": body()["lines"] * 251}, "lines"),
        *(
            ({"lines": [body()["lines"][0] | change]}, f"lines.0.{next(iter(change))}")
            for change in (
                {"quantity": 0},
                {"quantity": "7"},
                {"quantity": 7.0},
                {"quantity": True},
                {"unit_price": 12.5},
                {"unit_price": "12,50"},
                {"unit_price": "-1"},
                {"unit_price": "1e3"},
                {"unit_price": "0.12345"},
                {"requested_on": "1770000000"},
                {"requested_on": "2026-02-30"},
                {"requested_on": None},
                {"item_code": " "},
            )
        ),
    ],
)
def test_the_portal_names_the_field_that_is_wrong(portal: Server, changes: dict[str, Any], field: str) -> None:
    answer = post(portal, body(**changes))
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


def test_an_order_without_idempotency_key_is_refused(portal: Server) -> None:
    headers = {"Authorization": f"Bearer {PORTAL_TOKEN}"}
    answer = requests.post(f"{portal.url}/api/v1/orders", json=body(), headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_huge_body_is_refused_unread(portal: Server) -> None:
    assert post(portal, body(reference="P" * 2_000_000)).status_code == 413
    assert post(portal, body()).status_code == 201


def test_the_api_describes_itself(portal: Server) -> None:
    description = requests.get(f"{portal.url}/openapi.json", timeout=PATIENCE).json()
    kept = (PROJECT / "docs" / "reference" / "portal-openapi.json").read_text()
    assert json.loads(kept) == description, "make it anew: python -m sandbox.portal.describe"
    sending = description["paths"]["/api/v1/orders"]["post"]
    assert {"200", "201", "401", "409", "422", "429"} <= set(sending["responses"])
    assert [(each["name"], each["required"]) for each in sending["parameters"]] == [("Idempotency-Key", True)]
    assert sending["security"]


# --- misbehaving


@pytest.mark.parametrize("mode", ["latency", "timeout_before_accept", "timeout_after_accept"])
def test_an_order_whose_answer_does_not_come_in_time_is_placed_once(
    client: RestPortal, portal: Server, mode: str
) -> None:
    impatient = RestPortal(portal.url, PORTAL_TOKEN, timeout=0.5)
    portal.misbehave(mode, seconds=300)
    with pytest.raises(Unclear, match="no answer came"):
        impatient.send_order(ORDER, KEY)
    portal.misbehave(mode, seconds=300)
    deliver(client, first_try=impatient)
    assert portal.received("orders")["accepted"] == 1


def test_a_request_that_gets_through_late_orders_nothing_more(client: RestPortal, portal: Server) -> None:
    impatient = RestPortal(portal.url, PORTAL_TOKEN, timeout=0.3)
    portal.misbehave("latency", seconds=1.5)
    with pytest.raises(Unclear):
        impatient.send_order(ORDER, KEY)
    deliver(client)

    @retry(retry=retry_if_result(lambda replays: replays == 0), wait=wait_fixed(0.05), stop=stop_after_delay(PATIENCE))
    def replays() -> int:
        return int(portal.received("orders")["replays"])

    assert replays() == 1  # the first request has come through, after the second
    assert portal.received("orders")["accepted"] == 1


def test_a_slow_portal_is_waited_for(client: RestPortal, portal: Server) -> None:
    portal.misbehave("latency", seconds=0.2)
    client.send_order(ORDER, KEY)
    assert portal.received("orders")["accepted"] == 1


def test_what_was_accepted_before_the_silence_is_found_and_what_was_not_is_not(
    client: RestPortal, portal: Server
) -> None:
    for mode, is_there in (("timeout_before_accept", False), ("timeout_after_accept", True)):
        portal.misbehave(mode)
        with pytest.raises(Unclear, match="HTTP 504"):
            client.send_order(ORDER, KEY)
        assert (client.find_order(ORDER.reference) is not None) == is_there


# --- the network


def test_nobody_listening_means_nothing_was_sent() -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as error:
        RestPortal(f"http://127.0.0.1:{free_port()}", PORTAL_TOKEN, PATIENCE).send_order(ORDER, KEY)
    assert error.value.retry_after is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        b'HTTP/1.1 201 Created\r\nContent-Length: 29\r\n\r\n{"confirmation_number": "X"}\r\n',
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
    ids=["closed", "cut off", "incomplete", "another protocol"],
)
def test_an_answer_that_cannot_be_understood_is_unclear(answer: bytes) -> None:
    with one_answer(answer) as url, pytest.raises(Unclear):
        RestPortal(url, PORTAL_TOKEN, PATIENCE).send_order(ORDER, KEY)


def test_a_redirect_is_not_followed_as_if_the_order_were_a_look_up(portal: Server) -> None:
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {portal.url}/health\r\nContent-Length: 0\r\n\r\n"
    with one_answer(redirect.encode()) as url, pytest.raises(Unclear, match="HTTP 302"):
        RestPortal(url, PORTAL_TOKEN, PATIENCE).send_order(ORDER, KEY)


def test_a_confirmation_of_another_order_is_unclear() -> None:
    other = Confirmation(
        confirmation_number="PC-1", reference="PO-8", buyer_reference=KEY, received_at=datetime(2026, 1, 1, tzinfo=UTC)
    ).model_dump_json()
    with one_answer(f"HTTP/1.1 201 Created\r\nContent-Length: {len(other)}\r\n\r\n{other}".encode()) as url:  # noqa: SIM117
        with pytest.raises(Unclear, match="confirmed another order: PO-8"):
            RestPortal(url, PORTAL_TOKEN, PATIENCE).send_order(ORDER, KEY)


@contextmanager
def one_answer(answer: bytes) -> Iterator[str]:
    """A listener that reads one request, writes `answer` and closes."""

    def answer_once() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as request:
            length = 0
            while (line := request.readline()) not in {b"\r\n", b""}:
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            request.read(length)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        answering = threading.Thread(target=answer_once)
        answering.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            answering.join()


# --- people


def test_people_see_the_orders_and_nothing_in_them_runs(client: RestPortal, portal: Server) -> None:
    client.send_order(ORDER.model_copy(update={"reference": "<script>alert(1)</script>"}), KEY)
    answer = requests.get(portal.url, timeout=PATIENCE)
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script" not in answer.text
    assert "导管" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_list_of_orders_comes_in_pages(client: RestPortal, portal: Server) -> None:
    for number in range(21):
        client.send_order(ORDER.model_copy(update={"reference": f"PO-{number:03d}"}), f"key {number}")
    first, second = (requests.get(portal.url, params={"page": page}, timeout=PATIENCE).text for page in (1, 2))
    assert ("PO-020" in first, "PO-000" in first) == (True, False)
    assert ("PO-020" in second, "PO-000" in second) == (False, True)
