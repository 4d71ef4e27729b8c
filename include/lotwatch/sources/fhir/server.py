"""A FHIR server over HTTP: what it can do, what changed there, and what a record's references lead to."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login
from lotwatch.sources.fhir.reading import stamp
from lotwatch.sources.fhir.site import FhirSite, Version
from lotwatch.sources.http import Answer, HttpClient

SYSTEM = "The FHIR server"
#: how many ids are asked for at once: an address of that length passes everywhere
_IDS_AT_ONCE = 50
#: records asked for at once where many have one stamp
_MOST = 1000
_VERSIONS: Mapping[str, Version] = {"4.0": "R4", "4.3": "R4", "5.0": "R5"}

Params = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Capability:
    """What a server says of itself: its version of FHIR, and what may be done with each type."""

    version: Version
    interactions: Mapping[str, frozenset[str]]

    def offers(self, kind: str, interaction: str) -> bool:
        """Whether something may be done with a type. One that lists nothing for a type may be searched."""
        offered = self.interactions.get(kind)
        return offered is not None and (interaction in offered or (not offered and interaction == "search-type"))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a Bundle: a resource (as JSON has it, whatever it is), or the reference of one that was deleted."""

    content: Any
    deleted: str | None = None


class FhirServer:
    """Reads one server. Raises SourceError when it cannot be read, or answers with something that is no Bundle."""

    def __init__(self, login: Login, site: FhirSite) -> None:
        self._site = site
        if login.database:  # a connection's schema is the path below its host
            login = replace(login, url=f"{login.url.rstrip('/')}/{login.database.strip('/')}", database="")
        self._http = HttpClient(SYSTEM, login, headers={"Accept": "application/fhir+json"})
        self._capability: Capability | None = None

    @property
    def capability(self) -> Capability:
        """What it can do, read once."""
        if self._capability is None:
            self._capability = self._read_capability()
        return self._capability

    def clock(self) -> datetime | None:
        """What its clock shows (UTC, to the second)."""
        self._capability = self._read_capability()
        return self._http.server_time()

    def can_read(self, kind: str) -> None:
        """Ask for one resource of a type, so that what is not permitted is told now."""
        self._http.get(kind, {"_count": "1"})

    def changed(self, kind: str, since: datetime | None, until: datetime | None) -> Iterator[list[Any]]:
        """The resources of a type that were last changed in [since, until], page by page, those changed first first.

        The next page is asked for by the last stamp seen, not by its number, so that nothing is skipped when a record
        moves to the end of the list while it is read. Where many records have one stamp, more are asked for at once; the
        server's link is followed where that leads no further, and where a server does not sort. A record may come more
        than once.
        """
        asked, count = since, self._site.page_size
        while True:
            page, following = self._page(self._http.get(kind, self._window(asked, until, count)))
            yield [entry.content for entry in page]
            stamps = _stamps(page)
            if following is not None and stamps and not _leads_on(stamps, asked) and len(page) >= count < _MOST:
                count = min(2 * count, _MOST)
                continue
            seen: set[str] = set()
            while following is not None and not _leads_on(stamps, asked):
                if following in seen:
                    what = f"{SYSTEM}'s pages of {kind} lead in a circle"
                    raise SourceError(what, where=following, do="tell who runs it; or ask for larger pages (page_size)")
                seen.add(following)
                page, following = self._page(self._http.get(following))
                yield [entry.content for entry in page]
                stamps = _stamps(page) if stamps else None
            if following is None:
                return
            asked, count = stamps[-1] if stamps else None, self._site.page_size

    def deleted(self, kind: str, since: datetime) -> Iterator[str]:
        """References ("Type/id") of what was deleted since; each once."""
        told: set[str] = set()
        params: Params = {"_since": _text(since), "_count": str(self._site.page_size)}
        for page in self._pages(f"{kind}/_history", params):
            for entry in page:
                if entry.deleted is not None and entry.deleted not in told:
                    told.add(entry.deleted)
                    yield entry.deleted

    def history(self, reference: str) -> list[Entry]:
        """The versions of a resource, the oldest first; deletions among them."""
        entries = [entry for page in self._pages(f"{reference}/_history", {}) for entry in page]
        entries.reverse()
        return entries

    def by_id(self, kind: str, ids: Iterable[str]) -> Iterator[Any]:
        """Resources of a type by their ids, as many as are there."""
        yield from self._by("_id", kind, ids)

    def based_on(self, kind: str, references: Iterable[str]) -> Iterator[Any]:
        """Resources of a type that are based on one of these."""
        yield from self._by("based-on", kind, references)

    def _by(self, parameter: str, kind: str, values: Iterable[str]) -> Iterator[Any]:
        remaining = iter(sorted(set(values)))
        while some := list(islice(remaining, _IDS_AT_ONCE)):
            for page in self._pages(kind, {parameter: ",".join(some), "_count": str(self._site.page_size)}):
                yield from (entry.content for entry in page)

    def _window(self, since: datetime | None, until: datetime | None, count: int) -> Params:
        bounds = [f"ge{_text(since)}"] if since else []
        bounds += [f"le{_text(until)}"] if until else []
        return {"_lastUpdated": bounds, "_sort": "_lastUpdated", "_count": str(count)}

    def _pages(self, path: str, params: Params) -> Iterator[list[Entry]]:
        page, following = self._page(self._http.get(path, params))
        yield page
        seen: set[str] = set()
        while following is not None and following not in seen:
            seen.add(following)
            page, following = self._page(self._http.get(following))
            yield page

    def _page(self, answer: Answer) -> tuple[list[Entry], str | None]:
        """(the entries of a Bundle, where the next page is)."""
        bundle = parsed(answer)
        if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
            raise SourceError(
                f"{SYSTEM} answered with something that is no Bundle{_outcome(bundle)}", where=answer.url,
                do="look at the address in the connection: it is the base, as https://host/fhir", retry=True,
            )  # fmt: skip
        return list(entries(bundle)), _next(bundle)

    def _read_capability(self) -> Capability:
        answer = self._http.get("metadata")
        statement = parsed(answer)
        if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
            raise SourceError(
                f"{SYSTEM} has no CapabilityStatement", where=answer.url,
                do="look at the address in the connection: it is the base, as https://host/fhir", retry=True,
            )  # fmt: skip
        told = str(statement.get("fhirVersion", ""))
        version = self._site.version or _VERSIONS.get(told[:3])
        if version is None:
            raise SourceError(
                f'{SYSTEM} speaks FHIR "{told}", and R4 and R5 are read here', where=answer.url,
                do="name the version in the source's options if the server errs",
            )  # fmt: skip
        return Capability(version, dict(_interactions(statement)))


def parsed(answer: Answer) -> Any:
    """An answer's JSON, decimals exact."""
    try:
        return json.loads(answer.content, parse_float=Decimal)
    except ValueError as error:
        raise SourceError(
            f"{SYSTEM} answered with something that is no JSON ({error})", where=answer.url,
            do="look at that server's log; the next try may meet a better answer", retry=True,
        ) from error  # fmt: skip


def entries(bundle: Mapping[str, Any]) -> Iterator[Entry]:
    """The entries of a Bundle: matches and included resources, and deletions; what a server adds about the search is not."""
    found = bundle.get("entry")
    for entry in found if isinstance(found, list) else []:
        if not isinstance(entry, dict):
            yield Entry(None)
            continue
        search, request = entry.get("search"), entry.get("request")
        if isinstance(search, dict) and search.get("mode") == "outcome":
            continue
        if "resource" not in entry and isinstance(request, dict) and request.get("method") == "DELETE":
            yield Entry(None, str(request.get("url", "")).partition("/_history")[0].strip("/"))
            continue
        yield Entry(entry.get("resource"))


def _next(bundle: Mapping[str, Any]) -> str | None:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def _interactions(statement: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    for rest in statement.get("rest") or []:
        for resource in rest.get("resource") or []:
            codes = (each.get("code") for each in resource.get("interaction") or [])
            yield str(resource.get("type")), frozenset(code for code in codes if isinstance(code, str))


def _stamps(page: list[Entry]) -> list[datetime] | None:
    """When the records of a page were changed; None where one does not say, or they are not in order."""
    stamps: list[datetime] = []
    for entry in page:
        meta = entry.content.get("meta") if isinstance(entry.content, dict) else None
        found = stamp(meta.get("lastUpdated")) if isinstance(meta, dict) else None
        if found is None or (stamps and found < stamps[-1]):
            return None
        stamps.append(found)
    return stamps


def _leads_on(stamps: list[datetime] | None, asked: datetime | None) -> bool:
    """Whether asking from the last stamp seen leads further than what was asked for."""
    return bool(stamps) and (asked is None or stamps[-1] > asked)  # type: ignore[index]


def _outcome(answer: Any) -> str:
    """What an OperationOutcome says."""
    issues = answer.get("issue") if isinstance(answer, dict) else None
    for issue in issues if isinstance(issues, list) else []:
        if isinstance(issue, dict) and isinstance(issue.get("diagnostics"), str):
            return f": {issue['diagnostics'][:200]}"
    return ""


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
