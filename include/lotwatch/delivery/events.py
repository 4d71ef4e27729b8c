"""What became of messages after their provider had taken them, as it tells us."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

import psycopg
from pydantic import AfterValidator, AwareDatetime, StringConstraints

from lotwatch.config import Strict
from lotwatch.db.query import query


def _no_null(text: str) -> str:
    return text.replace("\x00", "")


def _believable(moment: datetime) -> datetime:
    if not datetime(2000, 1, 1, tzinfo=UTC) < moment < datetime(2200, 1, 1, tzinfo=UTC):
        raise ValueError("no time at which anything happened")
    return moment


class MessageEvent(Strict):
    """One event: see the columns of `lotwatch.message_event`. Raises `pydantic.ValidationError` for what cannot be one."""

    event_id: Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_no_null)]
    reference: Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(_no_null)]
    recipient: Annotated[str, StringConstraints(max_length=254), AfterValidator(_no_null)]
    event: Literal["processed", "delivered", "deferred", "bounce", "dropped", "spam"]
    reason: Annotated[str, AfterValidator(_no_null)] | None
    at: Annotated[AwareDatetime, AfterValidator(_believable)]


def record_events(conn: psycopg.Connection, channel: str, events: Sequence[MessageEvent]) -> int:
    """Keep what `channel` told, each event once; returns how many are new. In the transaction of `conn`."""
    if not events:
        return 0
    parameters = {
        "channel": channel,
        "provider_event_id": [event.event_id for event in events],
        "reference": [event.reference for event in events],
        "recipient": [event.recipient for event in events],
        "event": [event.event for event in events],
        "reason": [event.reason[:500] if event.reason else None for event in events],
        "at": [event.at for event in events],
    }
    row = conn.execute(query(__package__, "record_events"), parameters).fetchone()
    return row[0] if row else 0


def forget_events(conn: psycopg.Connection, before: datetime) -> int:
    """Forget what was told before a moment; returns how many events. The database keeps what is younger than 180 days."""
    return conn.execute(query(__package__, "forget_events"), {"before": before}).rowcount
