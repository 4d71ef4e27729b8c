"""Decides what of openFDA is read: what is new, what may have changed, and from time to time everything."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pydantic import Field

from lotwatch.config import Strict
from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login, Page, Record
from lotwatch.sources.http import HttpClient
from lotwatch.sources.openfda.joining import Joined, with_recalls, with_reports
from lotwatch.sources.openfda.mapping import notice
from lotwatch.sources.openfda.query import LARGEST_PAGE, Endpoint, both, either, is_any, within

_NOT_TERMINATED = ["Ongoing", "Pending", "Completed"]
#: how often records that cannot be read are asked for again before they are taken for what they are
_TRIES = 4
_ALWAYS = date(2099, 12, 31)


class Options(Strict):
    """How openFDA is read.

    `search` limits it to what concerns the site (openFDA's syntax, over fields that both endpoints have, such as
    `recalling_firm:"..."`); `since` leaves out what was reported before. `overlap_days` before the last renewal are read
    again, and everything each `sweep_days`: a closed notice may change without any date that would tell.
    """

    search: str | None = None
    since: date | None = None
    page_size: int = Field(default=500, ge=1, le=LARGEST_PAGE)
    overlap_days: int = Field(default=14, ge=0)
    sweep_days: int = Field(default=30, ge=1)


def pull(login: Login, **options: Any) -> "OpenFda":
    """Recall notices of the FDA. The login's password is the API key, which goes as openFDA wants it: a parameter."""
    keyed = replace(login, extra={"auth": {"parameter": "api_key"}, **login.extra})
    return OpenFda(HttpClient("openFDA", keyed, answers={404}), Options(**options))


class OpenFda:
    """A connector over the two endpoints about device recalls."""

    def __init__(self, http: HttpClient, options: Options) -> None:
        self.entities: tuple[str, ...] = ("notice",)
        self._http, self._options = http, options
        self._reports = Endpoint(http, "device/enforcement.json", options.page_size)
        self._recalls = Endpoint(http, "device/recall.json", options.page_size)

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """All notices that may have changed since the data of the cursor; nothing while those are the last there are."""
        before = dict(cursor or {})
        renewed, today = self._renewed(), self._today()
        if before.get("renewed") == [each.isoformat() for each in renewed] and before["read_on"] > max(
            before["renewed"]
        ):
            return
        swept_on = _day(before.get("swept_on")) or date.min
        sweep = (today - swept_on).days >= self._options.sweep_days
        start = None if sweep else _day(before.get("since"))
        whole = True
        for page in self._read(*self._searches(start, _ALWAYS, open_too=not sweep), max(renewed)):
            whole = whole and not any(record.problems for record in page.records)
            yield page
        tries = 0 if whole else before.get("tries", 0) + 1
        again = 0 < tries < _TRIES  # the same is asked for again, whether or not the data are renewed
        since = min(renewed) - timedelta(days=self._options.overlap_days)
        yield Page(
            [],
            {
                "renewed": None if again else [each.isoformat() for each in renewed],
                "read_on": today.isoformat(),
                "since": before.get("since") if again else since.isoformat(),
                "swept_on": before.get("swept_on") if again else (today if sweep else swept_on).isoformat(),
                "tries": tries if again else 0,
            },
        )

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """Notices that were reported, posted or terminated within the days of the interval."""
        last = (end - timedelta(microseconds=1)).date()
        yield from self._read(*self._searches(start.date(), last, open_too=False), max(self._renewed()))

    def server_time(self) -> datetime | None:
        """What openFDA's clock shows; asks for one record, so that a wrong key or address fails here."""
        self._reports.last_updated()
        return self._http.server_time()

    def _searches(self, start: date | None, end: date, *, open_too: bool) -> tuple[str, str]:
        """What to ask the two endpoints for. Without `start`: all since the source's own."""
        options = self._options
        if start is None and options.since is None:
            return options.search or "", options.search or ""
        first = start or options.since
        assert first is not None  # noqa: S101  # one of them is given
        reports = [within(field, first, end) for field in ("report_date", "termination_date")]
        recalls = [
            within(field, first, end) for field in ("event_date_posted", "event_date_created", "event_date_terminated")
        ]
        if open_too:
            reports.append(is_any("status", _NOT_TERMINATED))
        return both(options.search, either(reports)), both(options.search, either(recalls))

    def _read(self, of_reports: str, of_recalls: str, renewed: date) -> Iterator[Page]:
        said_at = datetime.combine(renewed, time(), UTC)
        told: set[str] = set()
        for reports in self._reports.pages(of_reports, "recall_number:asc"):
            yield _page(with_recalls(reports, self._recalls), said_at, told)
        for recalls in self._recalls.pages(of_recalls, "product_res_number:asc"):
            fresh = [
                each for each in recalls if not isinstance(each, dict) or each.get("product_res_number") not in told
            ]
            yield _page(with_reports(fresh, self._reports), said_at, told)

    def _renewed(self) -> tuple[date, date]:
        return self._reports.last_updated(), self._recalls.last_updated()

    def _today(self) -> date:
        moment = self._http.server_time()
        if moment is None:
            raise SourceError("openFDA tells no time", where=self._http.url, do="look at the address in the connection")
        return moment.date()


def _page(joined: Iterator[Joined], said_at: datetime, told: set[str]) -> Page:
    records: list[Record] = [notice(each, said_at) for each in joined]
    told.update(record.source_key for record in records if not record.problems)
    return Page(records)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
