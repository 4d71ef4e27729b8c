"""Messages to people: each subscriber is told what concerns them, when they may be told, by a channel that works."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lotwatch import outbox
from lotwatch.audit import RunContext
from lotwatch.delivery import Gateways, drain, health
from lotwatch.delivery.channels import Message
from lotwatch.delivery.outcome import DeliveryError, Refused, Unavailable, Unclear
from lotwatch.delivery.people import People
from lotwatch.rules import evaluate_live, load_rules
from tests.examples import examples
from tests.integration.company import NOW, Company, context

DATA = {"dag_id": "d", "task_id": "t", "error": "it broke", "path": "/dags/d"}
SMTP, TWILIO = {"smtp": "o@x.example"}, {"twilio": "+100"}


class Killed(BaseException):
    """The process ends here."""


class Channel:
    """Takes messages into a list, with what goes wrong next."""

    def __init__(self, troubles: Iterable[str] = ()) -> None:
        self.troubles = iter(troubles)
        self.taken: list[Message] = []
        self.to: list[Sequence[str]] = []

    def send(self, message: Message, to: Sequence[str]) -> str:
        trouble = next(self.troubles, "")
        if trouble == "down":
            raise Unavailable("503")
        if trouble == "refuse":
            raise Refused("no such address")
        if trouble == "killed before":
            raise Killed
        self.taken.append(message)
        self.to.append(to)
        if trouble == "silent":
            raise Unclear("time-out after accepting")
        if trouble == "killed after":
            raise Killed
        return f"m{len(self.taken)}"


class Town:
    """Subscribers, two channels, a clock, and the database between them."""

    def __init__(self, conn: psycopg.Connection, people: dict[str, Any], **channels: Channel) -> None:
        conn.commit()
        conn.autocommit = True
        self.conn = conn
        self.now = NOW
        self.people = People.model_validate(people)
        self.channels = {"smtp": Channel(), "twilio": Channel()} | channels
        self.keys = iter(range(1_000_000))

    def tell(self, severity: str = "warning", roles: Sequence[str] = ("ops",), **more: Any) -> str:
        key = f"told {next(self.keys)}"
        payload = {"template": "run_failed", "severity": severity, "to": list(roles), "data": DATA} | more
        assert outbox.enqueue(self.conn, "message", key, payload)
        return key

    @property
    def moment(self) -> RunContext:
        return context("send_outbox", "run", self.now)

    def run(self, minutes: float = 0) -> Counter[str]:
        """One run of the sender, so much later than the last one; what waits to be tried again is tried."""
        self.now += timedelta(minutes=minutes)
        self.conn.execute("UPDATE lotwatch.outbox SET not_before = now() WHERE state IN ('waiting', 'unclear')")
        gateways = Gateways(
            erp=None, portals={}, channels=self.channels, people=self.people, board_url="http://board"  # type: ignore[arg-type]
        )  # fmt: skip
        try:
            return drain(self.conn, gateways, self.moment).counts
        except Killed:
            self.conn.execute("SELECT pg_advisory_unlock_all()")  # the session ends with its process
            return Counter()

    def states(self) -> list[tuple[str, str, str]]:
        """(subscriber, channel, state) of all deliveries."""
        return self.conn.execute(
            "SELECT delivery.subscriber, delivery.channel, outbox.state FROM lotwatch.message_delivery AS delivery"
            " JOIN lotwatch.outbox USING (outbox_id) ORDER BY outbox_id"
        ).fetchall()

    def subjects(self, channel: str = "smtp") -> list[str]:
        return [message.subject for message in self.channels[channel].taken]

    def hear(self, event: str, reference: str, reason: str | None = None) -> None:
        self.conn.execute(
            "INSERT INTO lotwatch.message_event (channel, provider_event_id, reference, recipient, event, reason, at)"
            " VALUES ('smtp', %s, %s, 'o@x.example', %s, %s, now())",
            (str(next(self.keys)), reference, event, reason),
        )


def ops(**changes: Any) -> dict[str, Any]:
    return {"ops": {"roles": ["ops"], "channels": [SMTP, TWILIO]} | changes}


def then(*troubles: str) -> Channel:
    return Channel(troubles)


def always(trouble: str) -> Channel:
    return Channel(iter(lambda: trouble, None))


# --- once, to whom it concerns


def test_each_subscriber_gets_their_own_in_their_language(db: psycopg.Connection) -> None:
    chinese = {"roles": ["ops"], "language": "zh", "channels": [{"smtp": "z@x.example"}]}
    other = {"roles": ["buyer"], "channels": [{"smtp": "b@x.example"}]}
    town = Town(db, ops() | {"zh": chinese, "buyer": other})
    town.tell()
    for _ in range(3):
        town.run()
    assert sorted(town.subjects()) == ["d failed: t", "d 失败：t"]
    assert town.states() == [("ops", "smtp", "sent"), ("zh", "smtp", "sent")]


def test_what_is_about_orders_or_a_source_reaches_whoever_asked_for_their_sites_or_for_it(company: Company) -> None:
    limits = {"dc": {"sites": ["DC"]}, "hosp": {"sites": ["HOSP"]}, "north": {"regions": ["NORTH"]}}
    limits |= {"south": {"regions": ["SOUTH"]}, "wms": {"sources": ["wms"]}}
    town = Town(company.conn, {name: ops()["ops"] | limit for name, limit in limits.items()})
    (proposal,) = company.conn.execute(
        "INSERT INTO lotwatch.proposal (kind, site_id, from_site_id, currency, confidence, created_at)"
        " SELECT 'transfer', hosp.location_id, dc.location_id, 'EUR', 1, now() FROM lotwatch.location AS hosp,"
        " lotwatch.location AS dc WHERE hosp.code = 'HOSP' AND dc.code = 'DC' RETURNING proposal_id"
    ).fetchone() or (0,)
    for about, reached in (
        ({"proposals": [proposal]}, {"dc", "hosp", "north", "wms"}),
        ({"sites": ["HOSP"]}, {"hosp", "north", "wms"}),
        ({"sources": ["erp"]}, {"dc", "hosp", "north", "south"}),
        ({"sources": ["erp", "wms"]}, set(limits)),
    ):
        key = town.tell(about=about)
        town.run()
        told = company.conn.execute(
            "SELECT subscriber FROM lotwatch.message_delivery WHERE message_id ="
            " (SELECT outbox_id FROM lotwatch.outbox WHERE idempotency_key = %s)",
            (key,),
        )
        assert {subscriber for (subscriber,) in told} == reached, about


def test_a_message_that_concerns_nobody_is_said_to(db: psycopg.Connection) -> None:
    town = Town(db, ops(severity="critical"))
    town.tell("info")
    town.run()
    row = db.execute("SELECT state, last_error FROM lotwatch.outbox").fetchone()
    assert (row, town.subjects()) == (("refused", "Nobody is subscribed to it."), [])


# --- when


def test_quiet_hours_hold_all_but_the_critical_and_give_one_digest(db: psycopg.Connection) -> None:
    town = Town(db, ops(quiet_hours={"from": "07:00", "to": "09:00"}))  # it is 08:00
    for _ in range(3):
        town.tell("warning")
    town.tell("critical")
    town.run()
    assert town.subjects() == ["d failed: t"]
    assert town.run(minutes=59)["message_delivery.sent"] == 0
    town.run(minutes=1)
    town.run(minutes=60)
    assert town.subjects() == ["d failed: t", "3 messages that waited for you"]
    assert town.channels["smtp"].taken[1].text.count("it broke") == 3  # type: ignore[attr-defined]
    assert Counter(state for *_, state in town.states()) == {"gathered": 3, "sent": 2}


def test_one_message_that_waited_comes_as_itself(db: psycopg.Connection) -> None:
    town = Town(db, ops(digest="hourly"))
    town.tell()
    town.run()
    assert town.subjects() == []
    town.run(minutes=60)
    town.run(minutes=60)
    assert town.subjects() == ["d failed: t"]


def test_what_is_too_much_an_hour_is_gathered_and_none_is_lost(db: psycopg.Connection) -> None:
    town = Town(db, ops(at_most=2))
    for _ in range(10):
        town.tell()
    town.run()
    town.tell("critical")
    town.run()
    assert len(town.subjects()) == 3, "two within the limit, and the critical one"
    for _ in range(8):
        town.run(minutes=20)
    assert town.subjects()[3:] == ["8 messages that waited for you"]
    assert not [row for row in town.states() if row[2] == "held"]


def test_a_daily_digest_of_very_many_is_bounded(db: psycopg.Connection) -> None:
    town = Town(db, ops(digest="09:00"))
    for _ in range(60):
        town.tell()
    town.run()
    town.run(minutes=60)
    [digest] = town.channels["smtp"].taken
    assert digest.subject == "60 messages that waited for you"
    assert "… and 45 more" in digest.text
    assert digest.html.count("<h2") == 15


def test_two_senders_make_one_digest(db: psycopg.Connection, db_url: str) -> None:
    town = Town(db, ops(digest="hourly"))
    for _ in range(2):
        town.tell()
    town.run()
    with psycopg.connect(db_url, autocommit=True) as other:
        second = Town(other, ops(digest="hourly"), smtp=town.channels["smtp"])
        second.run(minutes=60)
    town.run(minutes=60)
    assert town.subjects() == ["2 messages that waited for you"]


# --- by which channel


def test_a_refused_address_falls_over_to_the_next_channel(db: psycopg.Connection) -> None:
    town = Town(db, ops(), smtp=always("refuse"))
    town.tell()
    for _ in range(3):
        town.run()
    assert town.states() == [("ops", "smtp", "failed_over"), ("ops", "twilio", "sent")]
    assert town.subjects("twilio") == ["d failed: t"]


def test_a_channel_that_is_away_too_long_is_given_up_for_the_next(db: psycopg.Connection) -> None:
    town = Town(db, ops(), smtp=always("down"))
    town.tell()
    for _ in range(6):
        town.run(minutes=1)
    assert town.states() == [("ops", "smtp", "failed_over"), ("ops", "twilio", "sent")]


def test_a_channel_that_is_not_set_up_falls_over(db: psycopg.Connection) -> None:
    town = Town(db, ops(channels=[{"wecom": []}, SMTP]))
    town.tell()
    town.run()
    assert town.states() == [("ops", "wecom", "failed_over"), ("ops", "smtp", "sent")]


def test_a_message_that_came_back_goes_by_the_next_channel_once(db: psycopg.Connection) -> None:
    town = Town(db, ops())
    town.tell()
    town.run()
    town.hear("bounce", town.channels["smtp"].taken[0].reference, "mailbox full")
    for _ in range(3):
        town.run()
    assert town.states() == [("ops", "smtp", "bounced"), ("ops", "twilio", "sent")]
    error = db.execute("SELECT last_error FROM lotwatch.outbox WHERE state = 'bounced'").fetchone()
    assert error is not None
    assert "mailbox full" in error[0]


def test_what_the_provider_delivered_is_delivered(db: psycopg.Connection) -> None:
    town = Town(db, ops())
    town.tell()
    town.run()
    town.hear("delivered", town.channels["smtp"].taken[0].reference)
    town.run()
    assert town.states() == [("ops", "smtp", "delivered")]


def test_those_who_have_it_are_not_sent_it_again(db: psycopg.Connection) -> None:
    class Half(Channel):
        def send(self, message: Message, to: Sequence[str]) -> str:
            self.to.append(to)
            if len(self.to) == 1:
                error: DeliveryError = Unavailable("busy")
                error.accepted = ("+1",)
                raise error
            return "m"

    town = Town(db, ops(channels=[{"twilio": ["+1", "+2"]}]), twilio=Half())
    town.tell()
    for _ in range(2):
        town.run()
    assert town.channels["twilio"].to == [["+1", "+2"], ["+2"]]


def test_a_critical_message_that_no_channel_takes_is_told_to_ops(db: psycopg.Connection) -> None:
    night = {"night": {"roles": ["buyer"], "channels": [{"twilio": "+200"}]}}
    town = Town(db, ops(channels=[SMTP]) | night, twilio=always("refuse"))
    town.tell("critical", ["buyer"])
    town.tell("warning", ["buyer"])
    for _ in range(3):
        town.run()
    assert town.subjects() == ["night was not reached by any channel: run_failed"]
    assert town.states()[:2] == [("night", "twilio", "failed")] * 2


def test_a_given_up_delivery_is_sent_again_when_somebody_says_so(db: psycopg.Connection) -> None:
    town = Town(db, ops(channels=[SMTP]), smtp=then("refuse"))
    town.tell()
    town.run()
    row = db.execute("SELECT outbox_id FROM lotwatch.outbox WHERE state = 'failed'").fetchone()
    assert row is not None
    assert outbox.send_again(db, row[0])
    town.run()
    assert town.states() == [("ops", "smtp", "sent")]
    assert not outbox.send_again(db, row[0]), "what was sent is not sent again"


# --- dead channels


def test_a_dead_channel_is_told_by_another_and_on_the_board_and_comes_back(db: psycopg.Connection) -> None:
    alone = {f"n{number}": {"roles": ["buyer"], "channels": [{"smtp": f"n{number}@x.example"}]} for number in range(6)}
    town = Town(db, alone | ops(), smtp=Channel(["down"] * 6))
    town.tell("warning", ["buyer"])
    town.run()
    [told] = town.channels["twilio"].taken
    assert told.subject == "The channel smtp fails: 5 messages in a row"
    evaluate_live(db, load_rules(), town.moment)
    alerts = "SELECT state FROM lotwatch.alert WHERE rule_id = 'channel_down'"
    assert db.execute(alerts).fetchall() == [("open",)]
    town.run(minutes=1)
    assert town.subjects() == [], "it rests"
    attempts = db.execute("SELECT max(attempts) FROM lotwatch.outbox").fetchone()
    assert attempts == (1,), "what was not tried does not count"
    for _ in range(3):
        town.run(minutes=6)
    assert len(town.subjects()) == 6
    assert {state for subscriber, _, state in town.states() if subscriber in alone} == {"sent"}
    evaluate_live(db, load_rules(), town.moment)
    assert db.execute(alerts).fetchall() == [("resolved",)]
    assert len(town.channels["twilio"].taken) == 1, "told once"


def test_one_bad_address_is_no_dead_channel(db: psycopg.Connection) -> None:
    town = Town(db, ops(channels=[SMTP]), smtp=always("refuse"))
    for _ in range(health.MOST_FAILURES + 3):
        town.tell()
    town.run()
    assert db.execute("SELECT failures_in_a_row FROM lotwatch.channel_health").fetchone() == (1,)


# --- unclear


def test_a_critical_message_may_come_twice_rather_than_not_at_all(db: psycopg.Connection) -> None:
    town = Town(db, ops(channels=[SMTP]), smtp=then("killed before", "silent"))
    town.tell("critical")
    for _ in range(5):
        town.run()
    assert len(town.subjects()) == 2
    assert town.states() == [("ops", "smtp", "sent")]


@pytest.mark.parametrize("trouble", ["killed before", "killed after", "silent"])
def test_any_other_message_is_sent_once_by_a_channel_and_goes_on_by_the_next(
    db: psycopg.Connection, trouble: str
) -> None:
    town = Town(db, ops(), smtp=then(trouble))
    town.tell("warning")
    for _ in range(5):
        town.run()
    assert len(town.subjects()) == (trouble != "killed before")
    assert town.states() == [("ops", "smtp", "failed_over"), ("ops", "twilio", "sent")]


def test_what_the_provider_told_of_is_not_unclear(db: psycopg.Connection) -> None:
    town = Town(db, ops(), smtp=then("killed after"))
    town.tell()
    town.run()
    town.hear("processed", town.channels["smtp"].taken[0].reference)
    town.run()
    assert town.states() == [("ops", "smtp", "sent")]
    assert len(town.subjects()) == 1


TROUBLES = st.lists(
    st.sampled_from(["", "down", "refuse", "silent", "killed before", "killed after"]), max_size=12
)  # fmt: skip


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    smtp=TROUBLES,
    twilio=TROUBLES,
    severities=st.lists(st.sampled_from(["warning", "critical"]), min_size=1, max_size=4),
)
def test_whatever_goes_wrong_nothing_is_lost_and_nothing_comes_twice_by_one_channel(
    db: psycopg.Connection, smtp: list[str], twilio: list[str], severities: list[str]
) -> None:
    for table in ("message_delivery", "channel_health", "outbox"):
        db.execute(psycopg.sql.SQL("DELETE FROM lotwatch.{}").format(psycopg.sql.Identifier(table)))
    second = {"second": {"roles": ["ops"], "channels": [TWILIO], "quiet_hours": {"from": "08:00", "to": "08:30"}}}
    town = Town(db, ops() | second, smtp=then(*smtp), twilio=then(*twilio))
    keys = {town.tell(severity): severity for severity in severities}
    for _ in range(60):
        town.run(minutes=6)
        left = "SELECT count(*) FROM lotwatch.outbox WHERE state IN ('waiting', 'unclear', 'held')"
        if db.execute(left).fetchone() == (0,):
            break
    else:
        raise AssertionError("the outbox never emptied")
    taken = Counter(message.reference for each in town.channels.values() for message in each.taken)
    rows = db.execute(
        "SELECT message.idempotency_key, delivery.subscriber, delivery.channel, row.state, row.idempotency_key,"
        " delivery.severity FROM lotwatch.message_delivery AS delivery JOIN lotwatch.outbox AS row USING (outbox_id)"
        " JOIN lotwatch.outbox AS message ON message.outbox_id = delivery.message_id ORDER BY row.outbox_id"
    ).fetchall()
    for message, subscriber, _, state, reference, severity in rows:
        assert severity == "critical" or taken[reference] <= 1, "twice by one channel"
        assert state != "sent" or taken[reference] >= 1, "said to be sent, and was not"
        last = [row for row in rows if row[:2] == (message, subscriber)][-1]
        assert last[3] in {"sent", "failed", "gathered"}, (message, last)
        wanted = town.people.root[subscriber].channel_names
        tried = [row[2] for row in rows if row[:2] == (message, subscriber)]
        assert last[3] != "failed" or tried == wanted, "given up although there is another channel"
    for key in keys:
        assert {row[1] for row in rows if row[0] == key} == {"ops", "second"}


def test_no_secret_is_in_what_is_kept(db: psycopg.Connection) -> None:
    """Addresses are read when a message is sent: what is in the database names subscribers and channels."""
    town = Town(db, ops())
    town.tell()
    town.run()
    kept = db.execute("SELECT string_agg(row::text, '') FROM lotwatch.outbox AS row").fetchone()
    assert kept is not None
    assert not re.search(r"o@x\.example|\+100", kept[0])


def test_a_backfilled_run_tells_nobody(db: psycopg.Connection) -> None:
    from lotwatch.jobs.order import send

    town = Town(db, ops())
    town.tell()
    gateways: Any = None
    send(db, replace(town.moment, run_type="backfill"), gateways)
    assert town.states() == []
