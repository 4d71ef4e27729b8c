"""The inbox's door: who is let in, what is kept when it says so, and how it turns away what would be too much."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from lotwatch.errors import SourceError
from lotwatch.sources.inbox.signature import Key, read_keys, sign, signer
from lotwatch.sources.registry import Source
from lotwatch_airflow.inbox.app import Registry, create_app
from lotwatch_airflow.inbox.keys import KeyRing, Login, login_of
from lotwatch_airflow.inbox.limits import Bucket, Limits
from lotwatch_local import postgres

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
SECRET, NEXT = b"s" * 32, b"n" * 32
SOURCES = {
    "events": Source(kind="rows", push="inbox_events"),
    "tryton": Source(kind="tryton_warehouse", connection="tryton", schedule="5 * * * *"),
}
BODY = json.dumps({"events": [{"entity": "movement", "source_key": "a", "row": {}}]}).encode()


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Site:
    """The door over a database, with keys that a test may change."""

    def __init__(self, url: str, **limits: Any) -> None:
        self.login: Login | SourceError = Login((Key("k1", SECRET),))
        self.clock = Clock()
        self.look_ups = 0
        self.app = create_app(
            lambda: SOURCES, self._look_up, lambda: url, limits=Limits(**limits), now=lambda: NOW, clock=self.clock
        )

    def _look_up(self, conn_id: str) -> Login:
        assert conn_id == "inbox_events"
        self.look_ups += 1
        if isinstance(self.login, SourceError):
            raise self.login
        return self.login

    def run(self, work: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
        async def within() -> Any:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://inbox") as client:
                try:
                    return await work(client)
                finally:
                    await self.app.state.door.committer.close()

        return asyncio.run(within())

    def post(self, body: Any = BODY, source: str = "events", **changes: Any) -> httpx.Response:
        async def send(client: httpx.AsyncClient) -> httpx.Response:
            return await client.post(f"/v1/{source}", content=body, headers=signed(body, **changes))

        return self.run(send)


def signed(
    body: Any = BODY,
    message_id: str = "msg_1",
    at: datetime = NOW,
    secret: bytes = SECRET,
    headers: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    stamp = int(at.timestamp())
    content = body if isinstance(body, bytes) else b""
    made: dict[str, Any] = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, message_id, stamp, content),
    }
    return {name: value for name, value in (made | dict(headers or {})).items() if value is not None}


@pytest.fixture
def site(db_url: str) -> Site:
    return Site(db_url)


def kept(conn: psycopg.Connection) -> list[Any]:
    statement = "SELECT source, event_id, key_id, media, events, body FROM lotwatch.inbox ORDER BY inbox_id"
    return [(*row[:5], bytes(row[5])) for row in conn.execute(statement)]


def test_what_is_signed_is_kept_when_it_says_202(site: Site, db: psycopg.Connection) -> None:
    answer = site.post()
    assert (answer.status_code, answer.json()) == (202, {"id": "msg_1", "status": "accepted"})
    assert kept(db) == [("events", "msg_1", "k1", "json", 1, BODY)]


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    """From the reference libraries of Standard Webhooks."""
    (key,) = read_keys({"k": {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}, "test")
    made = sign(key.secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"secret": NEXT}, 401, "No key in force"),
        ({"headers": {"webhook-signature": "v1,AAAA v2,BBBB nonsense"}}, 401, "No key in force"),
        ({"headers": {"webhook-signature": "v1,é".encode()}}, 401, "No key in force"),
        ({"headers": {"webhook-signature": None}}, 401, "A message is signed"),
        ({"headers": {"webhook-id": None}}, 401, "A message is signed"),
        ({"headers": {"webhook-timestamp": None}}, 401, "A message is signed"),
        ({"at": NOW - timedelta(seconds=301)}, 401, "differs by more than 300 s"),
        ({"at": NOW + timedelta(seconds=301)}, 401, "differs by more than 300 s"),
        ({"headers": {"webhook-timestamp": "soon"}}, 400, "seconds since 1970"),
        ({"message_id": "a.b"}, 400, "webhook-id"),
        ({"message_id": "a" * 257}, 400, "webhook-id"),
        ({"headers": {"content-type": "image/png"}}, 415, "Content-Type"),
        ({"headers": {"content-type": None}}, 415, "Content-Type"),
        ({"headers": {"content-encoding": "gzip"}}, 415, "Content-Encoding"),
        ({"source": "nobody"}, 404, "no source"),
        ({"source": "tryton"}, 403, "may not push"),
        ({"body": b"{"}, 400, "not JSON"),
        ({"body": b"\xff{}"}, 400, "not JSON"),
        ({"body": b"[" * 50_000}, 400, "not JSON"),
    ],
)
def test_what_is_refused_is_told_why_and_not_kept(
    site: Site, db: psycopg.Connection, changes: dict[str, Any], status: int, words: str
) -> None:
    answer = site.post(**changes)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert kept(db) == []


def test_a_body_that_was_changed_on_its_way_is_refused(site: Site) -> None:
    async def send(client: httpx.AsyncClient) -> int:
        return (await client.post("/v1/events", content=BODY + b" ", headers=signed(BODY))).status_code

    assert site.run(send) == 401


def test_only_post_is_answered(site: Site) -> None:
    async def ask(client: httpx.AsyncClient) -> list[int]:
        found = [(await client.request(method, "/v1/events")).status_code for method in ("GET", "PUT", "DELETE")]
        return [*found, (await client.get("/")).status_code, (await client.get("/openapi.json")).status_code]

    assert site.run(ask) == [405, 405, 405, 404, 404]


@pytest.mark.parametrize(
    ("content_type", "media"),
    [
        ("application/json; charset=utf-8", "json"),
        ("application/fhir+json", "json"),
        ("application/xml", "xml"),
        ("text/xml", "xml"),
        ("application/fhir+xml", "xml"),
        ("text/csv", "text"),
    ],
)
def test_json_xml_and_text_are_taken(site: Site, db: psycopg.Connection, content_type: str, media: str) -> None:
    assert site.post(headers={"content-type": content_type}).status_code == 202
    assert [row[3] for row in kept(db)] == [media]


# --- the same message again


def test_a_message_that_is_sent_again_is_answered_again_and_kept_once(site: Site, db: psycopg.Connection) -> None:
    assert site.post().json()["status"] == "accepted"
    again = site.post()
    assert (again.status_code, again.json()["status"]) == (202, "known")
    assert len(kept(db)) == 1
    other = site.post(b'{"events": []}')
    assert (other.status_code, len(kept(db))) == (409, 1)


def test_many_at_once_are_each_kept_once(site: Site, db: psycopg.Connection) -> None:
    async def send(client: httpx.AsyncClient) -> list[int]:
        headers = [signed(message_id=f"msg_{n % 30}") for n in range(60)]
        answers = await asyncio.gather(*(client.post("/v1/events", content=BODY, headers=each) for each in headers))
        return [answer.status_code for answer in answers]

    assert set(site.run(send)) == {202}
    assert len(kept(db)) == 30
    commits = db.execute("SELECT count(DISTINCT xmin::text) FROM lotwatch.inbox").fetchone()
    assert commits is not None
    assert commits[0] < 15, "what came at once was committed together"


# --- keys


def test_keys_overlap_while_they_are_changed(site: Site, db: psycopg.Connection) -> None:
    old, new = Key("2026-09", SECRET, NOW + timedelta(days=1)), Key("2026-10", NEXT)
    site.login = Login((old, new))
    assert site.post(message_id="a").status_code == 202
    assert site.post(message_id="b", secret=NEXT).status_code == 202
    both = f"{sign(b'x' * 32, 'c', int(NOW.timestamp()), BODY)} {sign(NEXT, 'c', int(NOW.timestamp()), BODY)}"
    assert site.post(message_id="c", headers={"webhook-signature": both}).status_code == 202
    assert [row[2] for row in kept(db)] == ["2026-09", "2026-10", "2026-10"]


def test_a_key_counts_until_its_end_and_not_a_moment_longer() -> None:
    signature = sign(SECRET, "m", 1, b"x")
    key = Key("k", SECRET, NOW)
    assert signer([key], signature, "m", 1, b"x", NOW - timedelta(microseconds=1)) == "k"
    assert signer([key], signature, "m", 1, b"x", NOW) is None


def test_keys_are_looked_up_seldom_and_a_new_one_counts_soon(site: Site) -> None:
    for number in range(3):
        assert site.post(message_id=f"a{number}").status_code == 202
    assert site.look_ups == 1
    site.login = Login((Key("k2", NEXT),))
    site.clock.seconds += 31
    assert site.post(message_id="b").status_code == 401
    assert site.post(message_id="b", secret=NEXT).status_code == 202


def test_keys_that_cannot_be_used_are_our_fault_and_their_secrets_told_nobody(site: Site, caplog) -> None:
    with pytest.raises(SourceError) as told:
        login_of(None, {"keys": {"2026-10": {"secret": "too-short-a-secret"}}}, "Airflow's connection x")
    site.login = told.value
    answer = site.post()
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "2026-10" in caplog.text
    assert "too-short" not in caplog.text + answer.text


@pytest.mark.parametrize("extra", [{}, {"keys": []}, {"keys": {"a": "b"}}, {"keys": {"a": {"secret": "whsec_%"}}}])
def test_a_connection_without_a_usable_key_is_refused_by_name(extra: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="connection x"):
        login_of(None, extra, "connection x")


def test_a_connections_password_is_a_key_and_its_extra_holds_others() -> None:
    extra = {
        "keys": {"2026-10": {"secret": "whsec_" + b64encode(NEXT).decode(), "until": "2026-11-30"}},
        "messages_per_second": 5,
    }
    found = login_of("p" * 32, extra, "x")
    assert found.rate == 5
    assert {key.key_id: (key.secret, key.until) for key in found.keys} == {
        "2026-10": (NEXT, datetime(2026, 11, 30, tzinfo=UTC)),
        "password": (b"p" * 32, None),
    }
    assert "p" * 32 not in repr(found)


# --- limits


def test_what_is_too_large_is_refused_by_its_head_or_while_it_comes(db_url: str, db: psycopg.Connection) -> None:
    site = Site(db_url, body=100)
    large = b"x" * 101
    assert site.post(large).status_code == 413

    async def pieces() -> Any:
        for _ in range(3):
            yield b"x" * 50

    assert site.post(pieces()).status_code == 413
    assert kept(db) == []


@pytest.mark.parametrize(
    "document",
    [{"events": [1] * 6}, {"entry": [1] * 6}, {"epcisBody": {"eventList": [1] * 6}}, [1] * 6],
    ids=["rows", "FHIR", "EPCIS", "list"],
)
def test_a_message_with_too_many_events_is_refused(db_url: str, document: Any) -> None:
    content = json.dumps(document).encode()
    assert Site(db_url, events=5).post(content).status_code == 413
    assert Site(db_url, events=6).post(content).status_code == 202


def test_a_source_may_send_so_many_messages_and_more_later(db_url: str) -> None:
    site = Site(db_url, rate=2, burst=3)
    answers = [site.post(message_id=f"m{n}") for n in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[-1].headers["retry-after"] == "1"
    site.clock.seconds += 0.5
    assert site.post(message_id="m3").status_code == 202


def test_strangers_cannot_use_up_a_sources_turn(db_url: str) -> None:
    site = Site(db_url, rate=1, burst=1)
    assert {site.post(secret=NEXT, message_id=f"m{n}").status_code for n in range(5)} == {401}
    assert site.post().status_code == 202


def test_a_connection_may_give_its_source_a_rate_of_its_own(db_url: str) -> None:
    site = Site(db_url, rate=1, burst=1)
    site.login = replace(site.login, rate=5)  # type: ignore[arg-type]
    assert [site.post(message_id=f"m{n}").status_code for n in range(6)] == [202] * 5 + [429]


def test_tokens_come_back_at_their_rate_up_to_the_burst() -> None:
    bucket = Bucket(rate=10, burst=2, now=0)
    assert [bucket.take(0), bucket.take(0)] == [0, 0]
    assert bucket.take(0) == pytest.approx(0.1)
    assert [bucket.take(100), bucket.take(100)] == [0, 0]
    assert bucket.take(100) > 0


def test_what_waits_to_be_read_turns_more_away(db_url: str, db: psycopg.Connection) -> None:
    site = Site(db_url, backlog=2)
    assert [site.post(message_id=f"m{n}").status_code for n in range(2)] == [202, 202]
    site.clock.seconds += 2
    answer = site.post(message_id="m2")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    db.execute("UPDATE lotwatch.inbox SET taken_at = now()")
    db.commit()
    site.clock.seconds += 2
    assert site.post(message_id="m2").status_code == 202


def test_a_busy_server_turns_away_before_it_reads(site: Site) -> None:
    site.app.state.door.receiving.lag.seconds = 1.0
    site.app.state.door.receiving.lag._measuring = True

    async def never() -> Any:
        raise AssertionError("it was read")
        yield b""

    answer = site.post(never(), headers={"content-length": "10"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


def test_more_than_so_many_at_once_are_turned_away(db_url: str, db: psycopg.Connection) -> None:
    site = Site(db_url, open=4)

    async def send(client: httpx.AsyncClient) -> list[int]:
        headers = [signed(message_id=f"msg_{n}") for n in range(20)]
        answers = await asyncio.gather(*(client.post("/v1/events", content=BODY, headers=each) for each in headers))
        return [answer.status_code for answer in answers]

    statuses = site.run(send)
    assert set(statuses) == {202, 429}
    assert len(kept(db)) == statuses.count(202)


def test_a_body_that_does_not_come_does_not_keep_its_place(db_url: str) -> None:
    site = Site(db_url, patience=0.05)

    async def slow() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    assert site.post(slow()).status_code == 503
    assert site.app.state.door.receiving.open == 0


# --- the database


def test_a_database_that_is_away_gets_no_202_and_the_retry_is_kept_once(
    database, db_name: str, db_url: str, site: Site
) -> None:
    """The connections are cut while messages come: whoever has 202 is there, whoever has not sends again."""
    statuses: dict[str, int] = {}

    async def send(client: httpx.AsyncClient) -> None:
        async def one(number: int) -> None:
            message_id = f"msg_{number}"
            answer = await client.post("/v1/events", content=BODY, headers=signed(message_id=message_id))
            statuses[message_id] = answer.status_code

        await one(0)
        with postgres.connect_superuser(database) as admin:
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            admin.execute(allow.format(sql.Identifier(db_name), sql.SQL("false")))
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (db_name,))
            await asyncio.gather(*(one(number) for number in range(1, 10)))
            admin.execute(allow.format(sql.Identifier(db_name), sql.SQL("true")))
        assert {statuses[f"msg_{number}"] for number in range(1, 10)} == {503}
        await asyncio.gather(*(one(number) for number in range(10)))

    site.run(send)
    assert set(statuses.values()) == {202}
    with psycopg.connect(db_url) as conn:
        assert sorted(row[1] for row in kept(conn)) == sorted(statuses)


def test_a_commit_whose_answer_was_lost_is_found_by_the_retry(site: Site, db: psycopg.Connection, monkeypatch) -> None:
    from lotwatch.sources import inbox

    receive = inbox.receive
    failures = 2

    async def answer_lost(conn: Any, bodies: Any) -> Any:
        nonlocal failures
        found = await receive(conn, bodies)
        if failures:
            failures -= 1
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return found

    monkeypatch.setattr(inbox, "receive", answer_lost)
    assert site.post().status_code == 503
    assert site.post().json()["status"] == "known"
    assert len(kept(db)) == 1


def test_a_look_up_that_fails_is_tried_again_later() -> None:
    clock = Clock()
    answers: list[Any] = [SourceError("no"), Login((Key("k", SECRET),))]

    def look_up(_: str) -> Login:
        found = answers.pop(0)
        if isinstance(found, SourceError):
            raise found
        return found

    ring = KeyRing(look_up, clock)
    with pytest.raises(SourceError):
        asyncio.run(ring.login("x"))
    clock.seconds += 31
    assert asyncio.run(ring.login("x")).keys


def test_a_source_that_is_added_may_push_without_a_restart_and_a_broken_file_takes_none_away(tmp_path, caplog) -> None:
    clock, path = Clock(), tmp_path / "sources.yaml"
    path.write_text("events: {kind: rows, push: a}\n")
    registry = Registry(path, clock)
    assert set(registry()) == {"events"}
    path.write_text("events: {kind: rows, push: a}\nmore: {kind: rows, push: b}\n")
    os.utime(path, ns=(1, 1))
    assert set(registry()) == {"events"}
    clock.seconds += 11
    assert set(registry()) == {"events", "more"}
    path.write_text("events: {kind: rwos, push: a}\n")
    os.utime(path, ns=(2, 2))
    clock.seconds += 11
    assert set(registry()) == {"events", "more"}
    assert "did you mean rows" in caplog.text
