"""REST, UBL and cXML against the stand-in: whatever it speaks, an order is placed once and its answers come back."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from lotwatch.delivery.outcome import Refused, Unavailable, Unclear
from lotwatch.delivery.portals import Confirmation, Order, OrderChange, OrderLine, PortalClient
from lotwatch.delivery.portals.cxml import CxmlOptions, CxmlPortal, Identity
from lotwatch.delivery.portals.rest import RestPortal
from lotwatch.delivery.portals.ubl import UblOptions, UblPortal
from lotwatch.errors import LotwatchError
from tests.conftest import free_port
from tests.integration import servers
from tests.integration.servers import PATIENCE, PORTAL_TOKEN, Server

KEY = "LW-000042:portal"
DAY = date(2026, 7, 1)
ORDER = Order(
    reference="PO-7",
    buyer_reference="LW-000042",
    supplier_code="SUP-1",
    ship_to_site="DC",
    ordered_on=date(2026, 6, 14),
    currency="CNY",
    lines=[
        OrderLine(item_code="A", name="Stent", quantity=10, unit_price=Decimal("12.5000"), requested_on=DAY),
        OrderLine(item_code="导管", name="Catheter", quantity=3, unit_price=Decimal("0.10"), requested_on=DAY),
    ],
)
CXML = CxmlOptions(buyer=Identity(identity="network"), supplier=Identity(identity="supplier"), lookup=True)
CLIENTS: dict[str, Callable[[str, str], PortalClient]] = {
    "rest": lambda url, secret: RestPortal(url, secret, PATIENCE),
    "ubl": lambda url, secret: UblPortal(url, secret, UblOptions(buyer="4053210000007"), PATIENCE),
    "cxml": lambda url, secret: CxmlPortal(url, secret, CXML, PATIENCE),
}
Make = Callable[[str, str], PortalClient]


@pytest.fixture(scope="module")
def running_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.portal(tmp_path_factory.mktemp("portal")) as server:
        yield server


@pytest.fixture
def portal(running_portal: Server) -> Server:
    running_portal.reset()
    return running_portal


@pytest.fixture(params=CLIENTS, scope="module")
def make(request: pytest.FixtureRequest) -> Make:
    return CLIENTS[request.param]


@pytest.fixture
def client(make: Make, portal: Server) -> PortalClient:
    return make(portal.url, PORTAL_TOKEN)


def deliver(client: PortalClient) -> Confirmation:
    """As the sender does: look an unclear one up, send what did not arrive, until it is confirmed."""
    look_first = False
    for _ in range(10):
        try:
            if look_first and (found := client.find_order(ORDER.reference)):
                return found
            return client.send_order(ORDER, KEY)
        except Unavailable:
            continue
        except Unclear:
            look_first = True
    raise AssertionError("never confirmed")


def accepted(portal: Server) -> int:
    return int(portal.received("orders")["accepted"])


def test_an_order_arrives_whole_and_once(client: PortalClient, portal: Server) -> None:
    assert client.find_order(ORDER.reference) is None
    confirmation = client.send_order(ORDER, KEY)
    assert client.send_order(ORDER, KEY).confirmation_number == confirmation.confirmation_number
    found = client.find_order(ORDER.reference)
    assert found is not None
    assert found.confirmation_number == confirmation.confirmation_number
    [received] = portal.received("orders")["orders"]
    assert Order.model_validate(received["order"]) == ORDER


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        ("429", Unavailable),
        ("500", Unavailable),
        ("timeout_before_accept", Unclear),
        ("timeout_after_accept", Unclear),
        ("malformed", Unclear),
    ],
)
def test_a_failing_portal_is_told_apart_and_the_order_placed_once(
    client: PortalClient, portal: Server, mode: str, outcome: type[Exception]
) -> None:
    portal.misbehave(mode, times=2, seconds=0)
    with pytest.raises(outcome):
        client.send_order(ORDER, KEY)
    deliver(client)
    assert accepted(portal) == 1


def test_the_portal_says_how_long_to_wait(client: PortalClient, portal: Server) -> None:
    portal.misbehave("429", seconds=17)
    with pytest.raises(Unavailable) as error:
        client.send_order(ORDER, KEY)
    assert error.value.retry_after == 17


def test_a_refusal_says_why_and_is_final(client: PortalClient, portal: Server) -> None:
    portal.misbehave("reject")
    with pytest.raises(Refused, match=r"over its credit limit.*order PO-7"):
        client.send_order(ORDER, KEY)
    assert accepted(portal) == 0


def test_a_wrong_secret_is_refused(make: Make, portal: Server) -> None:
    stranger = make(portal.url, "guessed")
    for asked in (
        lambda: stranger.send_order(ORDER, KEY),
        lambda: stranger.find_order("PO-7"),
        lambda: stranger.responses(None),
    ):
        with pytest.raises(Refused, match="401"):
            asked()
    assert accepted(portal) == 0


def test_an_order_the_portal_took_twice_is_shown_to_a_person(client: PortalClient, portal: Server) -> None:
    portal.misbehave("duplicate")
    client.send_order(ORDER, KEY)
    with pytest.raises(Unclear, match=r"PC-000001, PC-000002.*cancel"):
        client.find_order(ORDER.reference)


@pytest.mark.parametrize("mode", ["429", "500", "timeout_before_accept", "malformed"])
def test_a_look_up_that_fails_leaves_the_question_open(client: PortalClient, portal: Server, mode: str) -> None:
    portal.misbehave(mode, at="look_up", seconds=0)
    with pytest.raises(Unclear):
        client.find_order(ORDER.reference)


def test_nobody_listening_means_nothing_was_sent_and_nothing_is_known(make: Make) -> None:
    nobody = make(f"http://127.0.0.1:{free_port()}", PORTAL_TOKEN)
    with pytest.raises(Unavailable, match="cannot be reached"):
        nobody.send_order(ORDER, KEY)
    with pytest.raises(Unclear, match="could not be looked up"):
        nobody.find_order(ORDER.reference)


def test_what_takes_the_request_and_says_nothing_is_unclear(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # it accepts by its backlog, and never answers
        impatient = make(f"http://127.0.0.1:{listener.getsockname()[1]}", PORTAL_TOKEN)
        impatient._portal._timeout = 0.2  # type: ignore[attr-defined]
        with pytest.raises(Unclear, match="no answer came") as error:
            impatient.send_order(ORDER, KEY)
    assert error.value.silent


def test_a_connection_that_cannot_work_says_so_at_once(make: Make) -> None:
    for url, secret in (("portal.example", "t"), ("https://portal.example", "")):
        with pytest.raises(LotwatchError, match="connection of the supplier portal"):
            make(url, secret)


# --- changes


def changed(quantity: int, sequence: int) -> OrderChange:
    lines = [ORDER.lines[0].model_copy(update={"quantity": quantity})]
    return OrderChange(**ORDER.model_dump(exclude={"lines"}), lines=lines, sequence=sequence)


def test_an_order_is_changed_and_cancelled_once_each(client: PortalClient, portal: Server) -> None:
    client.send_order(ORDER, KEY)
    for _ in range(2):
        client.change_order(changed(8, 1), "LW-000042:change:1")
    for _ in range(2):
        client.cancel_order("PO-7", "needed no longer", "LW-000042:cancel")
    received = portal.received("orders")
    assert received["accepted"] == 1
    change, end = received["changes"]
    assert (change["sequence"], [line["quantity"] for line in change["order"]["lines"]]) == (1, [8])
    assert (end["order"], end["reason"]) == (None, "needed no longer")


def test_what_is_not_there_or_cancelled_cannot_be_changed(client: PortalClient) -> None:
    with pytest.raises(Refused, match="404"):
        client.change_order(changed(8, 1), "k1")
    client.send_order(ORDER, KEY)
    client.cancel_order("PO-7", "needed no longer", "k2")
    with pytest.raises(Refused, match="409"):
        client.change_order(changed(8, 1), "k3")


@pytest.mark.parametrize("protocol", ["rest", "ubl"])
def test_a_look_up_tells_how_far_the_portal_is(portal: Server, protocol: str) -> None:
    client = CLIENTS[protocol](portal.url, PORTAL_TOKEN)
    client.send_order(ORDER, KEY)
    portal.misbehave("timeout_after_accept", seconds=0)
    with pytest.raises(Unclear):
        client.change_order(changed(8, 1), "k1")
    found = client.find_order("PO-7")
    assert found is not None
    assert (found.sequence, found.cancelled) == (1, False)
    client.cancel_order("PO-7", "needed no longer", "k2")
    ended = client.find_order("PO-7")
    assert ended is not None
    assert ended.cancelled


# --- answers


def test_answers_come_back_part_by_part_and_are_read_once(client: PortalClient, portal: Server) -> None:
    portal.control("policy", policy="short", share=0.4)
    client.send_order(ORDER, KEY)
    page = client.responses(None)
    [response] = page.responses
    assert (response.reference, response.state, page.unreadable, page.more) == ("PO-7", "changed", [], False)
    assert [[(part.state, part.quantity, part.promised_on) for part in line.parts] for line in response.lines] == [
        [("changed", 6, DAY), ("rejected", 4, None)],
        [("changed", 2, DAY), ("rejected", 1, None)],
    ]
    assert [line.number for line in response.lines] == [1, 2]
    again = client.responses(page.cursor)
    assert (again.responses, again.cursor) == ([], page.cursor)
    portal.control("answer", reference="PO-7", policy="delay", days=5)
    [later] = client.responses(page.cursor).responses
    assert later.issued_at > response.issued_at
    assert later.lines[0].parts[0].promised_on == DAY + timedelta(days=5)


def test_answers_may_come_twice_in_the_wrong_order_or_spoilt(client: PortalClient, portal: Server) -> None:
    client.send_order(ORDER, KEY)
    early = datetime(2026, 6, 1, tzinfo=UTC)
    portal.control("answer", reference="PO-7", policy="reject", issued_at=early.isoformat())
    first = [each.number for each in client.responses(None).responses]
    portal.misbehave("repeat", at="read")
    assert sorted(each.number for each in client.responses(None).responses) == sorted(first * 2)
    portal.misbehave("reverse", at="read")
    reversed_page = client.responses(None).responses
    assert [each.number for each in reversed_page] == first[::-1]
    assert reversed_page[0].issued_at == early
    portal.misbehave("garbage", at="read")
    page = client.responses(None)
    assert [len(page.responses), len(page.unreadable)] == [1, 1]
    assert page.unreadable[0].reason


@pytest.mark.parametrize(("mode", "outcome"), [("429", Unavailable), ("500", Unavailable), ("malformed", Unclear)])
def test_a_list_that_cannot_be_had_is_told_apart(
    client: PortalClient, portal: Server, mode: str, outcome: type[Exception]
) -> None:
    portal.misbehave(mode, at="read", seconds=0)
    with pytest.raises(outcome):
        client.responses(None)


def test_without_a_look_up_an_unclear_order_stays_open(portal: Server) -> None:
    client = CxmlPortal(portal.url, PORTAL_TOKEN, CXML.model_copy(update={"lookup": False}))
    with pytest.raises(Unclear, match="no look-up") as error:
        client.find_order("PO-7")
    assert not error.value.silent
