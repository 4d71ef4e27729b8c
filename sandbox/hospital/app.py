"""The routes of the hospital's FHIR server: R4 at /r4, R5 at /r5, the same world in both.

Searches by type, `_id`, `_lastUpdated` and `based-on`, sorted by `_lastUpdated`, in pages whose links count records as
most servers' do; reads; histories of a type and of a resource; writes. Whatever is asked of it, an error is an
OperationOutcome.
"""

import os
import secrets
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Form, Request, Response
from fastapi.responses import JSONResponse

from sandbox.hospital.r4 import as_r4
from sandbox.hospital.store import Store, Version, text
from sandbox.hospital.world import hospital
from sandbox.http import Mood, control, cut_off, new_app

Content = dict[str, Any]

FHIR_VERSIONS = {"r4": "4.0.1", "r5": "5.0.0"}
TYPES = {
    "r4": ("Location", "Organization", "Device", "SupplyDelivery", "SupplyRequest", "DeviceUseStatement", "Procedure", "ServiceRequest", "Appointment", "DeviceRequest"),
    "r5": ("Location", "Organization", "Device", "SupplyDelivery", "SupplyRequest", "DeviceUsage", "DeviceDispense", "Procedure", "ServiceRequest", "Appointment", "DeviceRequest"),
}  # fmt: skip
INTERACTIONS = ("read", "search-type", "history-type", "history-instance", "create", "update", "delete")
_JSON = "application/fhir+json"
_LARGEST_BODY = 8 * 1024 * 1024
_HOUR = timedelta(hours=1)
#: requests a second, and at once, that are served: more get 429
RATE, BURST = 200, 1000


def create_app(state: Path, token: str, control_token: str) -> FastAPI:
    """The service for whoever holds `token` (or gets one with it at /token), keeping what it is given in `state`."""
    app = new_app("Hospital", "FHIR R4 and R5.", largest_body=_LARGEST_BODY, invalid_status=400)
    app.state.tells_time = True
    data = os.environ.get("SANDBOX_DATA") or os.environ.get("LOTWATCH_DATA")
    seed = hospital(first_day(state), Path(data) if data else None)
    stores = {
        "r4": Store(state / "r4.jsonl", [(each, moment) for content, moment in seed for each in as_r4(content)]),
        "r5": Store(state / "r5.jsonl", seed),
    }
    mood, guard = Mood(reject_status=422), _Guard(token)

    def forget() -> None:
        guard.forget()
        for store in stores.values():
            store.clear()

    app.include_router(control(control_token, mood, forget))
    app.include_router(guard.routes())
    for name, store in stores.items():
        app.include_router(_Server(name, store, mood, guard).routes(), prefix=f"/{name}")
    return app


def first_day(state: Path) -> date:
    """The day on which this hospital was made: it is the same one after a restart."""
    path = state / "made-on"
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
        path.write_text(datetime.now(UTC).date().isoformat())
    return date.fromisoformat(path.read_text())


class _Guard:
    """Who may ask, and how often."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._issued: set[str] = set()
        self._left, self._looked = float(BURST), monotonic()

    def forget(self) -> None:
        """Tokens that were issued have expired."""
        self._issued.clear()

    def routes(self) -> APIRouter:
        """SMART backend services' token endpoint, with a client secret."""
        router = APIRouter()

        @router.post("/token")
        async def issue(request: Request, grant_type: Annotated[str, Form()]) -> Response:
            sent = request.headers.get("Authorization", "").removeprefix("Basic ")
            good = b64encode(f"lotwatch:{self._token}".encode()).decode()
            if grant_type != "client_credentials" or not secrets.compare_digest(sent.encode(), good.encode()):
                return JSONResponse({"error": "invalid_client"}, 401)
            issued = secrets.token_urlsafe(24)
            self._issued.add(issued)
            return JSONResponse({"access_token": issued, "token_type": "bearer", "expires_in": 300})

        return router

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request that may not be served; None for one that may."""
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if not any(secrets.compare_digest(sent, known.encode()) for known in (self._token, *self._issued)):
            return outcome(401, "login", "a bearer token is needed", {"WWW-Authenticate": "Bearer"})
        now = monotonic()
        self._left = min(self._left + (now - self._looked) * RATE, BURST)
        self._looked = now
        if self._left < 1:
            return outcome(429, "throttled", "too many requests", {"Retry-After": "1"})
        self._left -= 1
        return None


@dataclass(frozen=True)
class _Server:
    """One version of FHIR over its store."""

    name: str
    store: Store
    mood: Mood
    guard: _Guard

    def routes(self) -> APIRouter:
        router = APIRouter()
        router.get("/metadata")(self.metadata)
        router.get("/{kind}/_history")(self.history_of_type)
        router.get("/{kind}/{identity}/_history")(self.history)
        router.get("/{kind}/{identity}")(self.read)
        router.get("/{kind}")(self.search)
        router.post("/{kind}")(self.create)
        router.put("/{kind}/{identity}")(self.update)
        router.delete("/{kind}/{identity}")(self.delete)
        return router

    async def metadata(self) -> Response:
        """What this server can do: anybody may ask."""
        back = self.mood.asked is not None and self.mood.asked.mode == "back_in_time"
        resources = [
            {"type": kind, "interaction": [{"code": code} for code in INTERACTIONS], "versioning": "versioned"}
            for kind in TYPES[self.name]
        ]
        statement = {
            "resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "date": "2026-01-01",
            "fhirVersion": FHIR_VERSIONS[self.name], "format": ["json"],
            "rest": [{"mode": "server", "resource": resources}],
        }  # fmt: skip
        return _answer(statement, back=back)

    async def search(self, request: Request, kind: str) -> Response:
        """Resources of a type."""
        if (refused := self._refused(request, kind)) is not None:
            return refused
        try:
            matching = [each for each in self.store.current(kind) if _matches(each, request)]
        except ValueError as error:
            return outcome(400, "invalid", str(error))
        return await self._bundle(request, "searchset", matching)

    async def history_of_type(self, request: Request, kind: str) -> Response:
        """Versions of all resources of a type, the newest first."""
        if (refused := self._refused(request, kind)) is not None:
            return refused
        since = request.query_params.get("_since")
        moment = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
        found = [each for each in self.store.history(kind) if each.changed_at >= moment]
        return await self._bundle(request, "history", found)

    async def history(self, request: Request, kind: str, identity: str) -> Response:
        """Versions of one resource, the newest first."""
        if (refused := self._refused(request, kind)) is not None:
            return refused
        found = self.store.history(kind, identity)
        return await self._bundle(request, "history", found) if found else outcome(404, "not-found", "no such resource")

    async def read(self, request: Request, kind: str, identity: str) -> Response:
        """One resource."""
        if (refused := self._refused(request, kind)) is not None:
            return refused
        found = self.store.get(kind, identity)
        if found is None or (content := found.shown()) is None:
            return outcome(404 if found is None else 410, "not-found", "no such resource")
        return _answer(content)

    async def create(self, request: Request, kind: str) -> Response:
        """A new resource, with an id of the server's."""
        return await self._write(request, kind, secrets.token_hex(8), 201)

    async def update(self, request: Request, kind: str, identity: str) -> Response:
        """A resource, or a new version of it."""
        return await self._write(request, kind, identity, 200)

    async def delete(self, request: Request, kind: str, identity: str) -> Response:
        """Take a resource away; its history stays."""
        if (refused := self._refused(request, kind)) is not None:
            return refused
        self.store.write(kind, identity, None)
        return Response(status_code=204)

    async def _write(self, request: Request, kind: str, identity: str, status: int) -> Response:
        if (refused := self._refused(request, kind)) is not None:
            return refused
        content = await request.json()
        if not isinstance(content, dict) or content.get("resourceType") != kind:
            return outcome(400, "structure", f"the body is no {kind}")
        written = self.store.write(kind, identity, {**content, "id": identity})
        return _answer(written.shown() or {}, status)

    def _refused(self, request: Request, kind: str) -> Response | None:
        refused = self.guard.refusal(request)
        if refused is None and kind not in TYPES[self.name]:
            return outcome(404, "not-supported", f"there is no {kind} here")
        return refused

    async def _bundle(self, request: Request, kind: str, versions: list[Version]) -> Response:
        suffered = self.mood.take("read")
        if (answer := await self.mood.before(suffered)) is not None:
            return answer
        mode = suffered.mode if suffered else None
        count = max(1, min(int(request.query_params.get("_count", 50)), 1000))
        offset = int(request.query_params.get("_offset", 0))
        page = versions[offset : offset + count]
        entries = list(self._entries(page, kind, request))
        if mode == "repeat":
            entries = [each for entry in entries for each in (entry, entry)]
        if mode == "garbage":
            entries = spoiled(entries, offset + len(self.name) + len(versions))
        if mode == "back_in_time":
            entries = [_earlier(entry) for entry in entries]
        if mode == "change" and page and page[0].content is not None:
            self.store.write(page[0].kind, page[0].id, page[0].content)
        links = [{"relation": "self", "url": str(request.url)}]
        if offset + count < len(versions):
            asked = [(name, value) for name, value in request.query_params.multi_items() if name != "_offset"]
            following = urlencode([*asked, ("_offset", offset + count)])
            links.append({"relation": "next", "url": f"{str(request.url).partition('?')[0]}?{following}"})
        bundle = {"resourceType": "Bundle", "type": kind, "total": len(versions), "link": links, "entry": entries}
        answer = _answer(bundle, back=mode == "back_in_time")
        return cut_off(answer) if mode == "cut_off" else answer

    def _entries(self, page: list[Version], kind: str, request: Request) -> Iterator[Content]:
        base = f"{request.base_url}{self.name}"
        for version in page:
            content = version.shown()
            entry: Content = {"fullUrl": f"{base}/{version.kind}/{version.id}"}
            if kind == "searchset":
                yield entry | {"resource": content, "search": {"mode": "match"}}
            elif content is None:
                yield entry | {"request": {"method": "DELETE", "url": f"{version.kind}/{version.id}"}}
            else:
                yield entry | {"resource": content, "request": {"method": "PUT", "url": f"{version.kind}/{version.id}"}}


def outcome(status: int, code: str, diagnostics: str, headers: dict[str, str] | None = None) -> Response:
    """An error as FHIR tells it."""
    issue = {"severity": "error", "code": code, "diagnostics": diagnostics}
    content = {"resourceType": "OperationOutcome", "issue": [issue]}
    return JSONResponse(content, status, headers, media_type=_JSON)


def spoiled(entries: list[Content], first: int = 0) -> list[Content]:
    """One entry in ten as no server should answer it, each in another way, from the way `first` on."""
    ways = (
        lambda content: content | {"status": "nonsense"},
        lambda content: {name: value for name, value in content.items() if name != "id"},
        lambda content: content | {"resourceType": "Garbage"},
        lambda content: {name: [value] if isinstance(value, str) else "\x00?" for name, value in content.items()},
        lambda _: "not a resource",
    )
    entries = deepcopy(entries)
    for number, place in enumerate(range(0, len(entries), 10)):
        if "resource" in entries[place]:
            entries[place]["resource"] = ways[(first + number) % len(ways)](entries[place]["resource"])
    return entries


def _answer(content: Content, status: int = 200, *, back: bool = False) -> JSONResponse:
    moment = datetime.now(UTC) - (_HOUR if back else timedelta())
    headers = {"Date": format_datetime(moment.replace(microsecond=0), usegmt=True)}
    return JSONResponse(content, status, headers, media_type=_JSON)


def _earlier(entry: Content) -> Content:
    """An entry stamped an hour ago."""
    resource = entry.get("resource")
    if resource is None:
        return entry
    moment = datetime.fromisoformat(resource["meta"]["lastUpdated"]) - _HOUR
    return entry | {"resource": resource | {"meta": resource["meta"] | {"lastUpdated": text(moment)}}}


def _matches(version: Version, request: Request) -> bool:
    """Whether a resource is what is searched for. Raises ValueError for a parameter that cannot be read."""
    asked = request.query_params
    for bound in asked.getlist("_lastUpdated"):
        moment = datetime.fromisoformat(bound[2:])
        if (bound[:2] == "ge" and version.changed_at < moment) or (bound[:2] == "le" and version.changed_at > moment):
            return False
    if "_id" in asked and version.id not in asked["_id"].split(","):
        return False
    if "based-on" in asked:
        named = {each.get("reference") for each in (version.content or {}).get("basedOn", [])}
        return bool(named & set(asked["based-on"].split(",")))
    return True
