"""What every connector is: it reads what changed in another system, page by page, mapped to our entities.

A connector is small. It keeps the raw record beside the mapped row, says which field could not be mapped
instead of failing, and never decides whether a record is good: that is the gate's work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Login:
    """Where a system is and how to log in: an Airflow connection without Airflow. `extra` is the connection's JSON."""

    url: str
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """A field of a record that could not be mapped, and why."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record of another system.

    `source_key` is its identity there (for a movement: the event's identity, for ever). `raw` is the record as
    read, JSON-able. `row` holds the columns of `stage.<entity>`, typed (str, bool, int, Decimal, date, aware
    datetime in UTC, a list of one of them, JSON-able for jsonb, or None). A record with `problems` goes to quarantine whatever the rest of its row says.
    """

    source_key: str
    raw: Mapping[str, Any]
    row: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some records and the cursor from which reading resumes after them."""

    records: list[Record] = field(default_factory=list)
    cursor: dict[str, Any] = field(default_factory=dict)


class Connector(Protocol):
    """Reads one source. Raises `lotwatch.errors.SourceError` when the system cannot be read."""

    #: what it can read, in the order in which the records depend on one another
    entities: tuple[str, ...]

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """What changed since `cursor` (everything when None), with an overlap: a record may come again."""

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What was last changed in [start, end): for backfills, which never touch a cursor."""

    def server_time(self) -> datetime | None:
        """What the system's clock shows (UTC); None where it tells no time. Logs in, so it fails as reading would."""


@runtime_checkable
class Reconciling(Protocol):
    """A connector that can also say what its system still has: records that vanish leave nothing to be read.

    What such a source said last of each record is remembered, with the rows of `stage.<entity>`.
    """

    #: the entities of which it can
    reconciled: tuple[str, ...]

    def remembers(self, entity: str, record: Record) -> bool:
        """Whether a record may vanish later, and should be remembered: not one that is past and final."""

    def forgets_before(self, entity: str, moment: datetime) -> datetime | None:
        """What was read last before the moment returned can vanish no more; None: anything can, at any time."""

    def present(self, entity: str, moment: datetime) -> Iterator[list[str]]:
        """The source keys of all remembered records that the system still has (others may be among them), page by page."""

    def gone(self, entity: str, source_key: str, row: Mapping[str, Any], moment: datetime) -> Record:
        """What a vanished record, of which `row` was the last, means for us: an order line is cancelled, and so on."""

    def returned(self, entity: str, source_key: str, row: Mapping[str, Any], moment: datetime) -> Record:
        """The record that was thought gone and is there again: as `row` last said."""


@runtime_checkable
class LooksUp(Protocol):
    """A connector that asks for what we have, one by one, rather than for what changed."""

    def ask_for(self, identifiers: Sequence[str]) -> None:
        """Told before it reads: the device identifiers of our items."""


class Receiver(Protocol):
    """Reads what another system pushes: one body of a POST (parsed JSON, or text) into records of our entities."""

    def __call__(self, body: Any) -> Iterator[tuple[str, Record]]:
        """(entity, record) in the order of the body. Raises SourceError for a body that is nothing of this kind."""
