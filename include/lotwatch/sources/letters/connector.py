"""Makes a letter, with what the person who loads it says of it, a notice."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from lotwatch.config import Strict
from lotwatch.sources.connector import Page, Record
from lotwatch.sources.letters.reading import Letter
from lotwatch.sources.notices import identifiers_in

_HAN, _KANA = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[\u3040-\u30ff]")


class Stated(Strict):
    """What somebody says of a letter: who sent it, its number, and what they read in it (None, or none: nothing)."""

    supplier: str
    number: str
    title: str | None = None
    written_on: date | None = None
    recall_class: Literal["I", "II", "III"] | None = None
    action_kind: Literal["remove", "correct", "inspect", "advise", "other"] | None = None
    firm: str | None = None
    code_info: str | None = None
    catalogue_numbers: tuple[str, ...] = ()


class LetterFile:
    """A connector over one letter."""

    def __init__(self, letter: Letter, stated: Stated, as_of: datetime) -> None:
        self.entities: tuple[str, ...] = ("notice",)
        self._record = notice(letter, stated, as_of)

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """The letter."""
        yield Page([self._record])

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """The letter, whenever it was written."""
        return self.changed(entity, None)

    def server_time(self) -> None:
        """A letter tells no time."""


def notice(letter: Letter, stated: Stated, as_of: datetime) -> Record:
    """The notice of a letter that is loaded at `as_of`.

    It counts as said when it was sent, else on the day that it bears, else now: so the letter that was written last is in
    force, in whatever order letters are loaded.
    """
    written_on = stated.written_on or (letter.sent_at.date() if letter.sent_at else None)
    dated = datetime.combine(stated.written_on, time(), UTC) if stated.written_on else None
    row = {
        "authority": "supplier",
        "supplier_code": stated.supplier,
        "number": stated.number,
        "recall_class": stated.recall_class,
        "status": "ongoing",
        "action_kind": stated.action_kind,
        "title": stated.title or letter.title,
        "code_info": stated.code_info,
        "udi_dis": identifiers_in(stated.code_info, letter.text),
        "catalogue_numbers": list(stated.catalogue_numbers),
        "firm": stated.firm,
        "language": _language(letter.text),
        "published_on": written_on,
        "body": letter.text,
        "attachments": letter.described(),
        "said_at": letter.sent_at or dated or as_of,
    }
    raw = {"stated": stated.model_dump(mode="json"), "sender": letter.sender, "files": letter.described()}
    return Record(f"{stated.supplier}/{stated.number}", raw, row)


def _language(text: str) -> str | None:
    """zh for Chinese; None: not told apart."""
    start = text[:20_000]
    return "zh" if len(_HAN.findall(start)) > len(start) / 20 and not _KANA.search(start) else None
