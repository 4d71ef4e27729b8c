"""EPCIS documents and events as they come: what is one, what identifies it, and what of it cannot be used.

EPCIS 2.0 and CBV 2.0 (GS1). The schema is GS1's and not part of this project: what the mapping relies on is checked here,
and the tests hold it against the schema.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Problem
from lotwatch.sources.epcis.identify import LONGEST

TYPES = ("ObjectEvent", "AggregationEvent", "TransformationEvent", "TransactionEvent", "AssociationEvent")
ACTIONS = ("ADD", "OBSERVE", "DELETE")
#: what does not belong to what happened: left out of the hash of an event without an id, as in CBV 2.0, section 8.9
_NOT_CONTENT = {"@context", "eventID", "recordTime", "errorDeclaration", "certificationInfo"}
#: standard vocabulary in its three forms (bare, URN, Web URI) means the same
_STANDARD = re.compile(
    r"(?:urn:epcglobal:(?:cbv|epcis):(?:bizstep|disp|btt|sdt|er):|(?:https?://ref\.gs1\.org/cbv/|cbv:)"
    r"(?:BizStep|Disp|BTT|SDT|ER)-)(?P<name>[\w.-]+)"
)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class Transaction:
    """A business document: its type (po, desadv, inv, ...), its number, and the GLN of who gave it (where it says so)."""

    type: str | None
    number: str
    party: str | None

    @property
    def key(self) -> str:
        """The document's identity among those of everybody."""
        return f"{self.party}:{self.number}" if self.party else self.number


@dataclass(slots=True)
class Event:
    """An event with its problems. `key` identifies it for ever; moments are UTC.

    `error` is set where the event says that the event of the same id did not happen as told.
    """

    key: str
    raw: Mapping[str, Any]
    type: str
    action: str | None
    step: str | None
    disposition: str | None
    occurred_at: datetime | None
    recorded_at: datetime | None
    transactions: tuple[Transaction, ...]
    error: Mapping[str, Any] | None
    problems: tuple[Problem, ...]
    #: what it names, once the mapping has looked
    named: Any = None

    def transaction(self, kind: str) -> Transaction | None:
        """The first document of a type."""
        return next((each for each in self.transactions if each.type == kind), None)


def events_of(body: Any, where: str) -> list[Any]:
    """The events of a document, of a query's answer, of a list, or the event itself. Raises SourceError for others."""
    match body:
        case {"epcisBody": {"eventList": list(events)}}:
            return events
        case {"epcisBody": {"event": Mapping() as event}}:
            return [event]
        case {"epcisBody": {"queryResults": {"resultsBody": {"eventList": list(events)}}}}:
            return events
        case list(events):
            return events
        case {"type": str(kind)} if kind in TYPES:
            return [body]
    raise SourceError(
        "This is neither an EPCIS document nor an event", where=where,
        do="send an EPCISDocument, an EPCISQueryDocument, an event or a list of events in JSON",
    )  # fmt: skip


def read_event(body: Any) -> Event:
    """Read one event; what is wrong with it is in its `problems`. Raises nothing, whatever it is given."""
    raw = cleaned(body)
    if not isinstance(raw, dict):
        return _unreadable(raw, "it is no JSON object")
    problems: list[Problem] = []
    kind, action = raw.get("type"), raw.get("action")
    if kind not in TYPES:
        problems.append(Problem("type", f"{_shown(kind)} is no type of event"))
    if kind != "TransformationEvent" and action not in ACTIONS:
        problems.append(Problem("action", f"{_shown(action)} is not one of {', '.join(ACTIONS)}"))
    identity = raw.get("eventID")
    if identity is not None and not (isinstance(identity, str) and 0 < len(identity) <= LONGEST):
        problems.append(Problem("eventID", f"{_shown(identity)} is no identifier"))
        identity = None
    error = raw.get("errorDeclaration")
    if error is not None and not isinstance(error, dict):
        problems.append(Problem("errorDeclaration", "it is no JSON object"))
        error = None
    return Event(
        key=identity or f"hash:{content_hash(raw)}",
        raw=raw,
        type=str(kind),
        action=action if isinstance(action, str) else None,
        step=standard(raw.get("bizStep")),
        disposition=standard(raw.get("disposition")),
        occurred_at=_moment(raw, "eventTime", problems, required=True),
        recorded_at=_moment(raw, "recordTime", problems),
        transactions=tuple(_transactions(raw.get("bizTransactionList"), problems)),
        error=error,
        problems=tuple(problems),
    )


def content_hash(raw: Mapping[str, Any]) -> str:
    """SHA-256 of what an event says, for one without an id.

    In the spirit of CBV 2.0's event hash id, not its very algorithm: the same content gives the same hash, whatever the
    order of its fields, whenever it was recorded and wherever it is read, and so does a declaration of its error.
    """
    content = {name: value for name, value in raw.items() if name not in _NOT_CONTENT}
    if (moment := read_moment(raw.get("eventTime"), raw.get("eventTimeZoneOffset"))) is not None:
        content["eventTime"] = moment.isoformat()
    text = json.dumps(kept(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def standard(value: object) -> str | None:
    """A term of CBV's vocabulary by its bare name; another one as it is; None where it is no text."""
    if not isinstance(value, str) or not value or len(value) > LONGEST:
        return None
    match = _STANDARD.fullmatch(value)
    return match["name"] if match else value


def read_moment(value: object, offset: object = None) -> datetime | None:
    """A moment in UTC; one without a zone is read in the offset beside it (+08:00). None where it cannot be read."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            match = _OFFSET.fullmatch(offset) if isinstance(offset, str) else None
            if match is None:
                return None
            sign = -1 if match[1] == "-" else 1
            moment = moment.replace(tzinfo=timezone(sign * timedelta(hours=int(match[2]), minutes=int(match[3]))))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number(value: object) -> Decimal | None:
    """A finite number, exactly as it is written; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        return None
    return read if read.is_finite() and abs(read.adjusted()) < 100 else None


def cleaned(value: Any) -> Any:
    """What was read, without the characters that no database keeps (NUL, halves of surrogate pairs)."""
    kind = type(value)  # JSON has these and no others: asking for the very type is fast
    if kind is str:
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode() if _is_odd(value) else value
    if kind is dict:
        return {cleaned(str(name)): cleaned(part) for name, part in value.items()}
    if kind is list:
        return [cleaned(part) for part in value]
    return value


def kept(value: Any) -> Any:
    """What was read as JSON can keep it: a number with a decimal point as text, so that it stays exact."""
    kind = type(value)
    if kind is str or kind is int:
        return value
    if kind is dict:
        return {name: kept(part) for name, part in value.items()}
    if kind is list:
        return [kept(part) for part in value]
    if kind is Decimal or (kind is float and not math.isfinite(value)):
        return str(value)
    return value


def _is_odd(text: str) -> bool:
    return not text.isascii() or "\x00" in text


def _unreadable(raw: Any, reason: str) -> Event:
    held = {"event": kept(raw)}
    key = f"hash:{content_hash(held)}"
    return Event(key, held, "", None, None, None, None, None, (), None, (Problem("event", reason),))


def _moment(raw: Mapping[str, Any], name: str, problems: list[Problem], *, required: bool = False) -> datetime | None:
    value = raw.get(name)
    moment = read_moment(value, raw.get("eventTimeZoneOffset"))
    if moment is None and (required or value is not None):
        problems.append(Problem(name, f"{_shown(value)} is no moment with a zone"))
    return moment


def _transactions(value: object, problems: list[Problem]) -> Iterator[Transaction]:
    if value is None:
        return
    if not isinstance(value, list):
        problems.append(Problem("bizTransactionList", "it is no list"))
        return
    for each in value:
        identity = each.get("bizTransaction") if isinstance(each, dict) else None
        if not isinstance(identity, str) or not 0 < len(identity) <= LONGEST:
            problems.append(Problem("bizTransactionList", f"{_shown(identity)} is no identifier of a document"))
            continue
        yield transaction(standard(each.get("type")), identity)


def transaction(kind: str | None, identity: str) -> Transaction:
    """A document by its identifier: CBV's URN (`urn:epcglobal:cbv:bt:GLN:NUMBER`), else the last part of the URI."""
    if match := re.fullmatch(r"urn:epcglobal:cbv:bt:(\d{13}):(.+)", identity):
        return Transaction(kind, match[2], match[1])
    return Transaction(kind, re.split(r"[/#]", identity.rstrip("/#"))[-1] or identity, None)


def _shown(value: object) -> str:
    return "nothing" if value is None else f'"{str(value)[:80]}"'
