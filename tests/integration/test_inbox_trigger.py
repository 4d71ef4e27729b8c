"""`handle_events` is woken for everything that comes, whatever is lost between the inbox and the triggerer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from lotwatch.sources import inbox
from lotwatch_airflow.inbox import trigger as module
from lotwatch_airflow.inbox.trigger import InboxTrigger, watch
from lotwatch_local import postgres

PATIENCE = 60
QUIETLY = (
    "INSERT INTO lotwatch.inbox (source, event_id, key_id, media, events, digest, body)"
    " VALUES (%s, %s, 'k', 'json', 1, sha256('x'), 'x')"
)


def body(event_id: str, source: str = "events") -> inbox.Body:
    return inbox.Body(source, event_id, "k", "json", 1, b"x")


async def push(url: str, *bodies: inbox.Body) -> None:
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await inbox.receive(conn, bodies)


async def heard(answers: AsyncIterator[Any]) -> Any:
    return await asyncio.wait_for(anext(answers), PATIENCE)


def test_what_comes_is_heard_and_what_comes_together_is_heard_once(db_url: str) -> None:
    async def story() -> None:
        answers = watch(db_url, sweep=PATIENCE)
        listening = asyncio.create_task(heard(answers))
        await push(db_url, body("a"), body("b"), body("c", "other"))
        assert await listening == ["events", "other"]
        listening = asyncio.create_task(heard(answers))
        await push(db_url, body("d"))
        assert await listening == ["events"]
        await answers.aclose()

    asyncio.run(story())


def test_a_notification_that_was_lost_costs_one_sweep(db: psycopg.Connection, db_url: str) -> None:
    async def story() -> None:
        answers = watch(db_url, sweep=0.05)
        listening = asyncio.create_task(heard(answers))
        db.execute(QUIETLY, ("events", "a"))  # tells nobody
        db.commit()
        assert await listening == ["events"]
        await answers.aclose()

    asyncio.run(story())


def test_what_came_while_nobody_listened_is_heard_at_the_start(db_url: str) -> None:
    async def story() -> None:
        await push(db_url, body("a"))
        answers = watch(db_url)
        assert await heard(answers) == ["events"]
        await answers.aclose()

    asyncio.run(story())


def test_what_was_announced_to_a_run_that_died_is_announced_again(db: psycopg.Connection, db_url: str) -> None:
    async def story() -> None:
        await push(db_url, body("a"))
        answers = watch(db_url, sweep=0.05)
        assert await heard(answers) == ["events"]
        await answers.aclose()
        db.execute("UPDATE lotwatch.inbox SET announced_at = announced_at - interval '21 seconds'")
        db.commit()
        answers = watch(db_url)
        assert await heard(answers) == ["events"]
        await answers.aclose()

    asyncio.run(story())


def test_a_trigger_survives_that_its_connection_is_cut(
    database, db_name: str, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RECONNECT", 0)
    made = InboxTrigger()

    async def address() -> str:
        return db_url

    monkeypatch.setattr(made, "_address", address)
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND application_name = 'lotwatch inbox watch'"
    )

    async def story() -> None:
        answers = made.run()
        await push(db_url, body("a"))
        assert (await heard(answers)).payload == {"sources": ["events"]}
        with postgres.connect_superuser(database) as admin:
            assert admin.execute(cut, (db_name,)).fetchall()
        await push(db_url, body("b"))
        assert (await heard(answers)).payload == {"sources": ["events"]}
        await answers.aclose()

    asyncio.run(story())


def test_airflow_can_make_the_trigger_anew_from_what_it_keeps() -> None:
    path, arguments = InboxTrigger(sweep=7).serialize()
    assert path == f"{InboxTrigger.__module__}.{InboxTrigger.__qualname__}"
    assert InboxTrigger(**arguments).sweep == 7
