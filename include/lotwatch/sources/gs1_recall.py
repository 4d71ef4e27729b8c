"""GS1 XML 3 Product Recall Notification, as it is pushed: one notice for each recall.

Read by the names of its elements alone, wherever they stand, so that releases that nest them differently are read alike:
`originalPRNIdentification` (the number under which later notifications of one recall come, a GDTI) or `pRNIdentification`,
`pRNTitle`, `pRNStatusCode`, `incidentRiskLevelCode` (CLASS_1 to CLASS_3), `explanationForProductRecall`,
`creationDateTime`; and of each item `gtin`, `batchNumber`, `lotNumber` and `serialNumber`, in the order in which they
stand. All that was said is kept beside that, as the notice's body.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Problem, Receiver, Record
from lotwatch.sources.notices import storable
from lotwatch.sources.xml import local_name, read_xml

_NAME = "GS1 recall message"
_NOTICE = "productRecallNotification"
_CLASS = re.compile(r"CLASS_?([123])$")
#: by how the code begins
_STATES = {"ISSUED": "ongoing", "ACTIVE": "ongoing", "UPDATE": "ongoing", "CANCEL": "terminated", "CLOSE": "terminated"}
_NUMBERS = {"batchNumber": "batch", "lotNumber": "lot", "serialNumber": "serial"}


def push() -> Receiver:
    """Reads a message: XML text with one or more notifications."""

    def receive(body: Any) -> Iterator[tuple[str, Record]]:
        if not isinstance(body, str):
            raise SourceError("It is not XML", where=_NAME, do="send the message as XML")
        root = read_xml(body, _NAME)
        found = [each for each in root.iter() if local_name(each) == _NOTICE]
        if not found:
            raise SourceError(f"There is no {_NOTICE} in it", where=_NAME, do="send GS1 XML 3's recall notification")
        for each in found:
            yield "notice", notice(each)

    return receive


def notice(message: ElementTree.Element) -> Record:
    """A notification's notice."""
    problems: list[Problem] = []
    number = _first(message, "originalPRNIdentification") or _first(message, "pRNIdentification")
    if number is None:
        problems.append(Problem("pRNIdentification", "it has no number"))
    created = _first(message, "creationDateTime")
    said_at = _moment(created, problems)
    risk = _first(message, "incidentRiskLevelCode")
    found = _CLASS.search(risk or "")
    row = {
        "authority": "gs1",
        "number": number,
        "recall_class": "I" * int(found[1]) if found else risk,
        "status": _status(_first(message, "pRNStatusCode")),
        "action_kind": "remove",  # what the message is for
        "reason": _all(message, "explanationForProductRecall"),
        "title": _first(message, "pRNTitle"),
        "code_info": _code_info(message),
        "udi_dis": list(dict.fromkeys(text for name, text in _texts(message) if name == "gtin")),
        "published_on": said_at.date() if said_at else None,
        "body": "\n".join(f"{name}: {text}" for name, text in _texts(message)),
        "said_at": said_at,
    }
    raw = {"message": storable(ElementTree.tostring(message, encoding="unicode"))}
    return Record(number or "without number", raw, row, tuple(problems))


def _texts(message: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """(name, text) of every element that has a text."""
    for each in message.iter():
        if text := (each.text or "").strip():
            yield local_name(each), storable(text)


def _first(message: ElementTree.Element, name: str) -> str | None:
    """The first text in or under an element of that name."""
    for each in message.iter():
        if local_name(each) == name:
            return next((text for _, text in _texts(each)), None)
    return None


def _all(message: ElementTree.Element, name: str) -> str | None:
    return "\n".join(dict.fromkeys(text for known, text in _texts(message) if known == name)) or None


def _code_info(message: ElementTree.Element) -> str | None:
    """The items and their numbers as the message has them: `GTIN 0405...: lot A1, serial S1; GTIN ...`."""
    items: list[tuple[str, list[str]]] = []
    for name, text in _texts(message):
        if name == "gtin":
            items.append((text, []))
        elif name in _NUMBERS:
            if not items:
                items.append(("not named", []))
            items[-1][1].append(f"{_NUMBERS[name]} {text}")
    return "; ".join(f"GTIN {gtin}: {', '.join(numbers) or 'no lot named'}" for gtin, numbers in items) or None


def _status(code: str | None) -> str | None:
    if code is None:
        return None
    return next((state for begin, state in _STATES.items() if code.upper().startswith(begin)), "unknown")


def _moment(text: str | None, problems: list[Problem]) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        problems.append(Problem("creationDateTime", f'"{text}" is no moment'))
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
