"""Where providers tell what became of messages: who is believed, and that each event is kept once."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twilio.request_validator import RequestValidator

from lotwatch.audit import begin_run
from lotwatch.delivery.channels.sendgrid_events import SendGridEvents
from lotwatch.delivery.channels.twilio_events import TwilioEvents
from lotwatch.errors import LotwatchError
from lotwatch.jobs import house
from lotwatch_airflow.inbox.limits import Limits
from lotwatch_airflow.message_events import create_app
from lotwatch_local import airflow
from lotwatch_local.settings import Settings
from sandbox.mail.events import events_of
from sandbox.mail.events import signed as signed_by_sandbox
from sandbox.mail.models import Address, ReceivedMessage
from tests.integration.company import context

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
PUBLIC = b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
TOKEN, CALLBACK = "the-auth-token", "https://board.hospital.example/lotwatch-messages/v1/twilio"


def event(**changes: Any) -> dict[str, Any]:
    """An event as SendGrid's description has it; our reference is a custom argument."""
    told = {
        "email": "buyer@hospital.example",
        "timestamp": int(NOW.timestamp()) - 60,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": "delivered",
        "response": "250 OK",
        "sg_event_id": "rWVYmVk90MjZJ9iohOBa3w==",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "reference": "alert:17:en",
    }
    return {name: value for name, value in (told | changes).items() if value is not None}


def signed(body: bytes, at: datetime = NOW, key: ec.EllipticCurvePrivateKey = KEY) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
    }


class Site:
    """The door over a database."""

    def __init__(self, url: str, **limits: Any) -> None:
        readers = {"sendgrid": SendGridEvents(PUBLIC), "twilio": TwilioEvents(TOKEN, CALLBACK)}
        self.app = create_app(lambda: readers, lambda: url, limits=Limits(**limits), now=lambda: NOW, clock=lambda: 0.0)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        async def within() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                return await client.post(path, content=body, headers=dict(headers))

        return asyncio.run(within())

    def tell(self, *events: Any) -> httpx.Response:
        body = json.dumps(events).encode()
        return self.post("/v1/sendgrid", body, signed(body))

    def tell_sms(self, token: str = TOKEN, query: str = "?reference=alert%3A17%3Azh", **form: str) -> httpx.Response:
        signature = RequestValidator(token).compute_signature(CALLBACK + query, form)
        return self.post(f"/v1/twilio{query}", urlencode(form).encode(), {"X-Twilio-Signature": signature})


@pytest.fixture
def site(db_url: str) -> Site:
    return Site(db_url)


@pytest.fixture
def kept(db: psycopg.Connection) -> Any:
    def read() -> list[Any]:
        db.rollback()
        statement = (
            "SELECT channel, reference, recipient, event, reason, at "
            "FROM lotwatch.message_event ORDER BY message_event_id"
        )
        return list(db.execute(statement))

    return read


def test_what_became_of_a_mail_is_kept(site: Site, kept: Any) -> None:
    answer = site.tell(
        event(event="processed", sg_event_id="1", response=None),
        event(),
        event(event="bounce", sg_event_id="2", reason="550 no such user", response=None, type="bounce"),
        event(event="deferred", sg_event_id="3", response="451 later"),
        event(event="dropped", sg_event_id="4", reason="Bounced Address"),
        event(event="spamreport", sg_event_id="5", response=None),
    )
    assert (answer.status_code, answer.content) == (204, b"")
    at = NOW - timedelta(seconds=60)
    who = ("sendgrid", "alert:17:en", "buyer@hospital.example")
    assert kept() == [
        (*who, "processed", None, at),
        (*who, "delivered", "250 OK", at),
        (*who, "bounce", "550 no such user", at),
        (*who, "deferred", "451 later", at),
        (*who, "dropped", "Bounced Address", at),
        (*who, "spam", None, at),
    ]


def test_who_opened_a_mail_and_what_is_not_ours_is_not_kept(site: Site, kept: Any) -> None:
    others = [event(event="open"), event(event="click"), event(reference=None), "nonsense"]
    assert site.tell(*others).status_code == 204
    assert kept() == []


def test_what_is_told_again_is_kept_once(site: Site, kept: Any) -> None:
    assert [site.tell(event(), event()).status_code for _ in range(2)] == [204, 204]
    assert len(kept()) == 1


def test_a_replayed_request_changes_nothing_and_an_old_one_is_refused(site: Site, kept: Any) -> None:
    body = json.dumps([event()]).encode()
    recent, old = signed(body, NOW - timedelta(seconds=200)), signed(body, NOW - timedelta(seconds=301))
    assert [site.post("/v1/sendgrid", body, headers).status_code for headers in (recent, recent, old)] == [
        204,
        204,
        401,
    ]
    assert len(kept()) == 1


BODY = json.dumps([event()]).encode()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY, signed(BODY, key=OTHER)),
        (BODY + b" ", signed(BODY)),
        (BODY, {}),
        (BODY, signed(BODY) | {"X-Twilio-Email-Event-Webhook-Signature": "no base64"}),
        (BODY, signed(BODY) | {"X-Twilio-Email-Event-Webhook-Signature": ""}),
        (BODY, signed(BODY) | {"X-Twilio-Email-Event-Webhook-Timestamp": "yesterday"}),
        (BODY, signed(BODY) | {"X-Twilio-Email-Event-Webhook-Timestamp": str(int(NOW.timestamp()) + 1)}),
        (BODY, signed(BODY, NOW + timedelta(hours=1))),
        (b"\xff\xfe", signed(b"\xff\xfe")),
    ],
)
def test_what_sendgrid_did_not_sign_is_not_believed(
    site: Site, kept: Any, body: bytes, headers: dict[str, str]
) -> None:
    assert site.post("/v1/sendgrid", body, headers).status_code == 401
    assert kept() == []


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"not json",
        b"[" * 5000,
        json.dumps([event(timestamp="soon")]).encode(),
        json.dumps([event(timestamp=10**30)]).encode(),
        json.dumps([event(sg_event_id=None)]).encode(),
        json.dumps([event(sg_event_id="x" * 301)]).encode(),
        json.dumps([event(reference={"a": 1})]).encode(),
    ],
)
def test_what_is_signed_and_cannot_be_read_is_refused_whole(site: Site, kept: Any, body: bytes) -> None:
    assert site.post("/v1/sendgrid", body, signed(body)).status_code == 400
    assert kept() == []


def test_a_null_in_a_text_does_not_stop_it(site: Site, kept: Any) -> None:
    assert site.tell(event(response="250\x00 OK" + "x" * 1000)).status_code == 204
    assert kept()[0][4] == ("250 OK" + "x" * 1000)[:500]


def test_an_unknown_channel_is_not_found_and_nothing_but_post_is_taken(site: Site) -> None:
    assert site.post("/v1/fax", BODY, signed(BODY)).status_code == 404


def test_what_is_too_large_or_too_much_is_turned_away(db_url: str, kept: Any) -> None:
    assert Site(db_url, body=100).tell(event()).status_code == 413
    assert Site(db_url, events=1).tell(event(), event(sg_event_id="2")).status_code == 413
    assert kept() == []
    busy = Site(db_url, rate=1, burst=1)
    assert busy.tell(event()).status_code == 204
    turned_away = busy.tell(event())
    assert (turned_away.status_code, turned_away.headers["Retry-After"]) == (429, "1")
    # strangers do not use it up
    assert busy.post("/v1/sendgrid", BODY, {}).status_code == 401


def test_without_a_database_it_is_to_be_sent_again() -> None:
    answer = Site("postgresql://nobody@127.0.0.1:1/none").tell(event())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_what_became_of_an_sms_is_kept(site: Site, kept: Any) -> None:
    form = {"MessageSid": "SM1", "To": "+15005550001", "AccountSid": "AC1"}
    for status in ("queued", "sent", "delivered", "delivered"):
        assert site.tell_sms(**form, MessageStatus=status).status_code == 204
    assert (
        site.tell_sms(**form | {"MessageSid": "SM2"}, MessageStatus="undelivered", ErrorCode="30003").status_code == 204
    )
    assert [each[:5] for each in kept()] == [
        ("twilio", "alert:17:zh", "+15005550001", "processed", None),
        ("twilio", "alert:17:zh", "+15005550001", "delivered", None),
        ("twilio", "alert:17:zh", "+15005550001", "bounce", "30003"),
    ]


def test_what_twilio_did_not_sign_is_not_believed(site: Site, kept: Any) -> None:
    form = {"MessageSid": "SM1", "To": "+15005550001", "MessageStatus": "delivered"}
    assert site.tell_sms("guessed", **form).status_code == 401
    signature = RequestValidator(TOKEN).compute_signature(f"{CALLBACK}?reference=alert%3A17%3Azh", form)
    moved = site.post("/v1/twilio?reference=another", urlencode(form).encode(), {"X-Twilio-Signature": signature})
    assert moved.status_code == 401
    assert site.tell_sms(query="", **form).status_code == 400  # signed, and of no message of ours
    assert kept() == []


def test_the_sandboxs_mail_service_tells_as_sendgrid_does(tmp_path: Path) -> None:
    mail = ReceivedMessage(
        message_id="m1",
        received_at=NOW,
        sender=Address(email="l@x.example"),
        to=[Address(email="a@x.example"), Address(email="nobody@x.example")],
        cc=[],
        bcc=[],
        subject="S",
        text="T",
        html=None,
        custom_args={"reference": "alert:17:en"},
        request={},
    )
    body = json.dumps(events_of(mail)).encode()
    settings = Settings(home=tmp_path)
    query = parse_qs(urlsplit(airflow.connections(settings)["sendgrid"]).query)
    reader, key = SendGridEvents(query["events_key"][0]), settings.secrets["sendgrid_key"]
    told = reader.read(httpx.Headers(signed_by_sandbox(body, key)), "", body, datetime.now(UTC))
    assert told
    assert [(each.recipient, each.event) for each in told] == [
        ("a@x.example", "processed"),
        ("a@x.example", "delivered"),
        ("nobody@x.example", "processed"),
        ("nobody@x.example", "bounce"),
    ]


def test_what_is_no_key_says_so() -> None:
    with pytest.raises(LotwatchError, match="events_key"):
        SendGridEvents("nonsense")


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("UPDATE lotwatch.message_event SET event = 'bounce'", psycopg.errors.InsufficientPrivilege),
        ("DELETE FROM lotwatch.message_event", psycopg.errors.RaiseException),
    ],
)
def test_nobody_changes_what_was_told(
    site: Site, db: psycopg.Connection, statement: str, refused: type[psycopg.Error]
) -> None:
    site.tell(event())
    with pytest.raises(refused):
        db.execute(statement)


def test_at_night_what_was_told_long_ago_is_forgotten(site: Site, db: psycopg.Connection, kept: Any) -> None:
    site.tell(event(sg_event_id="fresh"))
    run = begin_run(db, context("keep_house", "night", datetime.now(UTC)))
    for days in (399, 401):
        db.execute(
            "INSERT INTO lotwatch.message_event (channel, provider_event_id, reference, recipient, event, at, recorded_at)"
            " VALUES ('sendgrid', %s, %s, 'r', 'delivered', now(), now() - make_interval(days => %s))",
            (str(days), f"{days} days old", days),
        )
    db.commit()
    past = context("keep_house", "past", run_type="backfill", as_of=run.as_of)
    assert [house.forget(db, past), house.forget(db, run), house.forget(db, run)] == [
        {"message_events": gone} for gone in (0, 1, 0)
    ]
    db.commit()
    assert [row[1] for row in kept()] == ["alert:17:en", "399 days old"]
