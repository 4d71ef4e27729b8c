"""openFDA: reports of adverse events with devices (MAUDE), a record for each device in a report.

Field names and meanings: openFDA's reference of `/device/event`. Millions of reports are none of ours: those are read that name
a device identifier of our items, and those that `search` asks for. A report is not proof of a cause, and many name no lot; what
is known of them is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import Field

from lotwatch.config import Strict
from lotwatch.sources.connector import Login, Page, Problem, Record
from lotwatch.sources.http import HttpClient
from lotwatch.sources.notices import storable
from lotwatch.sources.openfda.mapping import day, plain
from lotwatch.sources.openfda.query import LARGEST_PAGE, Endpoint, both, is_any, within

_ALWAYS = date(2099, 12, 31)
_TYPES = {"death": "death", "injury": "injury", "malfunction": "malfunction"}
#: how reporters write that they do not know
_UNKNOWN = frozenset({
    "",
    "UNK",
    "NI",
    "NA",
    "NONE",
    "ASKU",
    "NOTAVAILABLE",
    "NOTPROVIDED",
    "NOTREPORTED",
    "NOTAPPLICABLE",
})
_LONGEST_NARRATIVE = 4_000
#: identifiers asked for in one search
_AT_ONCE = 40


class Options(Strict):
    """How reports are read. `search` asks for others than those of our identifiers (openFDA's syntax, such as
    `device.manufacturer_d_name:"..."`); the first time those of the last `days` are read, later those received since
    `overlap_days` before the last renewal."""

    search: str | None = Field(default=None, min_length=1)
    days: int = Field(default=730, ge=1)
    page_size: int = Field(default=500, ge=1, le=LARGEST_PAGE)
    overlap_days: int = Field(default=45, ge=0)


def pull_events(login: Login, **options: Any) -> "OpenFdaEvents":
    """Reports of adverse events. The login's password is the API key, which goes as openFDA wants it: a parameter."""
    keyed = replace(login, extra={"auth": {"parameter": "api_key"}, **login.extra})
    return OpenFdaEvents(HttpClient("openFDA", keyed, answers={404}), Options(**options))


class OpenFdaEvents:
    """A connector over the endpoint about adverse events."""

    def __init__(self, http: HttpClient, options: Options) -> None:
        self.entities: tuple[str, ...] = ("adverse_event",)
        self._http, self._options = http, options
        self._reports = Endpoint(http, "device/event.json", options.page_size)
        self._identifiers: list[str] = []

    def ask_for(self, identifiers: Sequence[str]) -> None:
        """Reports about these devices are read."""
        self._identifiers = sorted({each for each in identifiers if '"' not in each})

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """Reports received since those of the cursor; nothing while its data are the last there are."""
        renewed = self._reports.last_updated()
        if cursor and cursor["renewed"] == renewed.isoformat():
            return
        since = date.fromisoformat(cursor["since"]) if cursor else renewed - timedelta(days=self._options.days)
        yield from self._read(since, _ALWAYS)
        next_since = renewed - timedelta(days=self._options.overlap_days)
        yield Page([], {"renewed": renewed.isoformat(), "since": next_since.isoformat()})

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """Reports received within the days of the interval."""
        yield from self._read(start.date(), (end - timedelta(microseconds=1)).date())

    def server_time(self) -> datetime | None:
        """What openFDA's clock shows; asks for one record, so that a wrong key or address fails here."""
        self._reports.last_updated()
        return self._http.server_time()

    def _read(self, first: date, last: date) -> Iterator[Page]:
        received = within("date_received", first, last)
        searches = [
            is_any("device.udi_di", self._identifiers[start : start + _AT_ONCE])
            for start in range(0, len(self._identifiers), _AT_ONCE)
        ]
        for search in filter(None, (*searches, self._options.search)):
            for reports in self._reports.pages(both(search, received), "date_received:asc"):
                yield Page([record for report in reports for record in adverse_events(report)])


def adverse_events(report: Any) -> list[Record]:
    """A report's devices. What cannot be read becomes a problem of the record."""
    raw, key = plain(report), _text(report, "mdr_report_key")
    devices = report.get("device") if isinstance(report, dict) else None
    if key is None or not isinstance(devices, list) or not all(isinstance(each, dict) for each in devices):
        digest = sha256(repr(raw).encode()).hexdigest()[:16]
        return [
            Record(
                f"unreadable {digest}", raw, {}, (Problem("report", "it has no mdr_report_key, or no list of devices"),)
            )
        ]
    shared: dict[str, Any] = {
        "report": key,
        "number": _text(report, "report_number"),
        "event_type": _TYPES.get((_text(report, "event_type") or "").casefold(), "other"),
        "narrative": _narrative(report.get("mdr_text")),
    }
    problems = []
    for column, name in (("occurred_on", "date_of_event"), ("received_on", "date_received")):
        try:
            shared[column] = day(_text(report, name))
        except ValueError:
            problems.append(Problem(name, f"{report.get(name)!r} is not a day"[:300]))
    return [
        Record(f"{key}/{place}", raw, shared | _device(device), tuple(problems))
        for place, device in enumerate(devices or [{}], 1)
    ]


def _device(device: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "udi_di": _known(device, "udi_di"),
        "catalogue_number": _known(device, "catalog_number") or _known(device, "model_number"),
        "lot_number": _known(device, "lot_number"),
        "brand": _known(device, "brand_name"),
        "maker": _known(device, "manufacturer_d_name"),
    }


def _narrative(texts: Any) -> str | None:
    told = [_text(each, "text") for each in texts if isinstance(each, dict)] if isinstance(texts, list) else []
    return "\n".join(filter(None, told))[:_LONGEST_NARRATIVE] or None


def _known(record: Mapping[str, Any], name: str) -> str | None:
    text = _text(record, name)
    letters = "".join(filter(str.isalnum, text or "")).upper()
    return None if letters in _UNKNOWN or letters.startswith("UNKNOWN") else text


def _text(record: Any, name: str) -> str | None:
    value = record.get(name) if isinstance(record, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return storable(value.strip()) or None if isinstance(value, str) else None
