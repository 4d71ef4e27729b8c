"""Messages to people: who is concerned by one, when they are told, by which channel, and by which next when that fails.

Each subscriber gets a delivery of their own, a row of the outbox, once for a message and a channel. What is unclear (no
answer came, or the worker was killed) cannot be looked up at most providers: unless the provider has told meanwhile that it
took it, a critical message is sent again, and may come twice; any other goes to the next channel, and never twice by one.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import psycopg

from lotwatch import actions, outbox
from lotwatch.actions import Links
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.delivery import health
from lotwatch.delivery.channels import Message
from lotwatch.delivery.gateways import Gateways
from lotwatch.delivery.messages import DIGEST, Content, render, render_digest, severity_of
from lotwatch.delivery.outcome import DeliveryError, Refused, Unavailable, Unclear
from lotwatch.delivery.people import About, People, Subscriber
from lotwatch.delivery.timing import HOUR, held_until
from lotwatch.delivery.words import Names, plain_names
from lotwatch.errors import LotwatchError
from lotwatch.formats import Language
from lotwatch.outbox import Delivery

#: tries by a channel while there is another one
TRIES_BEFORE_NEXT = 4
#: how long after a message was taken its provider's word that it came back counts
_HEARD = timedelta(days=3)
#: about these nobody is told that they reached nobody: it would never end
_LAST = ("message_failed", "channel_down")


class Resting(Unavailable):  # an outcome, as the others
    """The channel is dead for now, and nothing was tried."""


def route(conn: psycopg.Connection, row: outbox.Row, people: People, context: RunContext) -> bool:
    """Make a delivery for each subscriber whom a message concerns; False where it is nobody.

    Raises KeyError for a template that is not there.
    """
    told = row.payload
    severity = severity_of(told["template"], told.get("severity"))
    names = told.get("subscribers")
    if names is None:
        names = people.concerned(told["to"], severity, _about(conn, **told.get("about", {})))
    with conn.transaction():
        for name in sorted(names):  # in this order: two workers never wait for one another
            subscriber = people.get(name)
            if subscriber is None:
                continue
            outbox.lock_subscriber(conn, name)
            released = outbox.released(conn, name, context.as_of - HOUR)
            until = held_until(subscriber, severity, context.as_of, released)
            outbox.deliver_to(
                conn,
                message_id=row.outbox_id,
                message_key=row.key,
                subscriber=name,
                channel=subscriber.channel_names[0],
                lang=subscriber.language,
                template=told["template"],
                severity=severity,
                released_at=None if until else context.as_of,
                held_until=until,
            )
        if names:
            outbox.close_as_sent(conn, row.key, {"subscribers": list(names)})
        else:
            outbox.close(conn, row.outbox_id, "refused", "Nobody is subscribed to it.")
    return bool(names)


def _about(
    conn: psycopg.Connection, sites: Sequence[str] = (), proposals: Sequence[int] = (), sources: Sequence[str] = ()
) -> About:
    """What a message is about, as its sender tells: codes of sites, ids of proposals, names of sources."""
    found = conn.execute(query(__package__, "about"), {"sites": list(sites), "proposals": list(proposals)}).fetchall()
    codes, regions = (frozenset(filter(None, column)) for column in zip(*found, strict=True)) if found else ((), ())
    return About(frozenset(codes), frozenset(regions), sources=frozenset(sources))


def gather(conn: psycopg.Connection, people: People, context: RunContext) -> int:
    """Send on what was held and is due: alone, or many as one digest. Returns how many deliveries were let go."""
    total = 0
    for name in outbox.holding(conn, context.as_of):
        with conn.transaction():
            outbox.lock_subscriber(conn, name)
            total += _gather_for(conn, name, people.get(name), context)
    return total


def _gather_for(conn: psycopg.Connection, name: str, subscriber: Subscriber | None, context: RunContext) -> int:
    due = outbox.held(conn, name, context.as_of)
    rows = [each.outbox_id for each in due]
    if not due:
        return 0  # another worker was quicker
    if subscriber is None:
        for outbox_id in rows:
            outbox.close(conn, outbox_id, "refused", f"{name} is no subscriber any more.")
        return 0
    worst = "warning" if any(each.severity == "warning" for each in due) else "info"
    released = outbox.released(conn, name, context.as_of - HOUR)
    until = held_until(subscriber, worst, context.as_of, released, due=True)
    if until:
        outbox.hold(conn, rows, until)
        return 0
    together = [each for each in due if not each.alone]
    for each in due:
        if each.alone or len(together) == 1:
            outbox.let_go(conn, each.outbox_id, context.as_of)
    if len(together) < 2:
        return len(due)
    rows = [each.outbox_id for each in together]
    key = f"{DIGEST}:{rows[0]}-{rows[-1]}"
    digest_id = outbox.gather(conn, rows, key, {"template": DIGEST, "messages": [each.message_id for each in together]})
    outbox.deliver_to(
        conn,
        message_id=digest_id,
        message_key=key,
        subscriber=name,
        channel=subscriber.channel_names[0],
        lang=subscriber.language,
        template=DIGEST,
        severity=worst,
        released_at=context.as_of,
    )
    return len(due)


def hear(conn: psycopg.Connection, people: People, context: RunContext) -> int:
    """Note what providers told later; what came back goes to the next channel. Returns how many came back."""
    with conn.transaction():
        bounced = [each for each in outbox.hear(conn, context.as_of - _HEARD) if each.bounced]
        for each in bounced:
            error = Refused(f"It came back ({each.reason or 'no reason told'}).", do="correct the address")
            fall_over(conn, outbox.delivery(conn, each.outbox_id), people, error, context, closed="bounced")
    return len(bounced)


def send(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> Delivery:
    """Send a delivery, once. Raises Refused, Unavailable (Resting: nothing was tried) or Unclear."""
    delivery = outbox.delivery(conn, row.outbox_id)
    channel = gateways.channels.get(delivery.channel)
    subscriber = gateways.people.get(delivery.subscriber)
    where = f"{delivery.channel}, message to {delivery.subscriber}"
    if row.look_first and outbox.heard(conn, row.key):
        _note_sent(conn, row, delivery, "told by the provider", context)
        return delivery
    if row.look_first and delivery.severity != "critical":
        raise Unclear("It may have arrived, and is not sent again this way.", where=where, do="ask whether it arrived")
    if subscriber is None or delivery.channel not in subscriber.channel_names:
        raise Refused(f"{delivery.subscriber} is not told by it any more.", where=where, do="see people.yaml")
    if channel is None:
        raise Refused("The channel is not set up.", where=where, do="add its connection in Airflow, or take it out")
    if health.rests(conn, delivery.channel, context.as_of):
        raise Resting("The channel failed too often and rests.", where=where, retry_after=health.REST.total_seconds())
    content = content_of(conn, delivery.payload, delivery.lang, gateways.board_url, gateways.names, gateways.links)
    message = Message(reference=row.key, lang=delivery.lang, severity=delivery.severity, **content)
    accepted = row.payload.get("accepted", ())
    to = [address for address in subscriber.addresses(delivery.channel) if address not in accepted]
    try:
        number = channel.send(message, to)
    except DeliveryError as error:
        if error.accepted:
            outbox.note_accepted(conn, row.outbox_id, error.accepted)
        health.fails(conn, delivery.channel, delivery.subscriber, error, context.as_of)
        raise
    _note_sent(conn, row, delivery, number, context)
    health.works(conn, delivery.channel, context.as_of)
    return delivery


def _note_sent(conn: psycopg.Connection, row: outbox.Row, delivery: Delivery, number: str, context: RunContext) -> None:
    with conn.transaction():
        outbox.close_as_sent(conn, row.key, {"id": number})
        after = {"template": delivery.template, "subscriber": delivery.subscriber, "channel": delivery.channel}
        record(conn, context, "message sent", "message", row.key, after=after | {"id": number})


def content_of(
    conn: psycopg.Connection,
    payload: Mapping[str, Any],
    lang: Language,
    board_url: str,
    names: Names = plain_names,
    links: Links | None = None,
) -> Content:
    """A message in words; of a digest, those of the messages it gathers. Without `links` nobody can answer by it."""
    if payload["template"] == DIGEST:
        told = [
            each | {"data": actions.with_addresses(each["data"], links)}
            for each in outbox.payloads(conn, payload["messages"])
        ]
        return render_digest(told, lang, board_url, names)
    data = actions.with_addresses(payload["data"], links)
    return render(payload["template"], lang, data, board_url, names)


def next_channel(delivery: Delivery, people: People) -> str | None:
    """The subscriber's next channel, if there is one that was not tried for this message."""
    subscriber = people.get(delivery.subscriber)
    names = subscriber.channel_names if subscriber else []
    return next((name for name in names if name not in delivery.tried), None)


def fall_over(
    conn: psycopg.Connection,
    delivery: Delivery,
    people: People,
    error: LotwatchError,
    context: RunContext,
    *,
    closed: Literal["failed_over", "bounced"] = "failed_over",
) -> str:
    """This channel does not reach them: the next one is to, or the delivery has failed. Returns the state it is in now."""
    channel = next_channel(delivery, people)
    with conn.transaction():
        if channel is None:
            state: Literal["failed", "failed_over", "bounced"] = "bounced" if closed == "bounced" else "failed"
            outbox.close(conn, delivery.outbox_id, state, str(error))
            _failed(conn, delivery, error, context)
            return state
        outbox.close(conn, delivery.outbox_id, closed, str(error))
        outbox.deliver_to(
            conn,
            message_id=delivery.message_id,
            message_key=delivery.message_key,
            subscriber=delivery.subscriber,
            channel=channel,
            lang=delivery.lang,
            template=delivery.template,
            severity=delivery.severity,
        )
    return closed


def _failed(conn: psycopg.Connection, delivery: Delivery, error: LotwatchError, context: RunContext) -> None:
    """Nobody is reached: it is on the board, and of a critical message ops is told."""
    key = f"{delivery.message_key}:{delivery.subscriber}"
    record(conn, context, "message failed", "message", key, reason=str(error))
    if delivery.severity == "critical" and delivery.template not in _LAST:
        data = {
            "subscriber": delivery.subscriber,
            "what": delivery.template,
            "error": str(error),
            "number": delivery.message_id,
        }
        payload = {"template": "message_failed", "to": ["ops"], "data": data}
        outbox.enqueue(conn, "message", f"message_failed:{key}", payload)
