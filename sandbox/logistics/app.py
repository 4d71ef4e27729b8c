"""The routes of the logistics service: the capture and query interfaces of EPCIS 2.0, and a list of despatch advices.

A page begins after the last record of the page before it (by its moment of recording), so what is recorded or changed
while somebody pages is at the end, and nothing is skipped.
"""

import os
import secrets
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime

from sandbox.http import Misbehaviour, Mood, bearer, control, cut_off, failure, new_app
from sandbox.logistics.store import Store, stamp
from sandbox.logistics.world import fill

Clock = Callable[[], datetime]
#: one record in so many is spoilt by `garbage`
_GARBAGE_EVERY = 10
Found = list[tuple[datetime, Any]]


def create_app(state: Path, token: str, control_token: str) -> FastAPI:
    """The service for whoever holds `token`, keeping what it is given in `state`; the first start fills it."""
    app = new_app(
        "Logistics", "EPCIS 2.0 events and despatch advices.", largest_body=8 * 1024 * 1024, invalid_status=400
    )
    store, mood = Store(state), Mood(reject_status=400)
    if store.is_empty:
        data = os.environ.get("SANDBOX_DATA", "")
        fill(store, datetime.now(UTC), Path(data) if data else None)
    authorized = [Depends(bearer({token: "lotwatch"}))]
    app.include_router(_events(store, mood), dependencies=authorized)
    app.include_router(_advices(store, mood), dependencies=authorized)
    app.include_router(control(control_token, mood, store.clear))
    return app


def _events(store: Store, mood: Mood) -> APIRouter:
    router = APIRouter(tags=["events"])
    answers = _Answers(mood)

    @router.get("/events")
    async def query(
        request: Request,
        recorded_from: Annotated[AwareDatetime | None, Query(alias="GE_recordTime")] = None,
        recorded_before: Annotated[AwareDatetime | None, Query(alias="LT_recordTime")] = None,
        happened_from: Annotated[AwareDatetime | None, Query(alias="GE_eventTime")] = None,
        happened_before: Annotated[AwareDatetime | None, Query(alias="LT_eventTime")] = None,
        per_page: Annotated[int, Query(alias="perPage", ge=1, le=10_000)] = 30,
        next_page: Annotated[str | None, Query(alias="nextPageToken")] = None,
        order_by: Annotated[str, Query(alias="orderBy", pattern="^recordTime$")] = "recordTime",
        direction: Annotated[str, Query(alias="orderDirection", pattern="^ASC$")] = "ASC",
    ) -> Response:
        """Events by when they were recorded, oldest first."""
        found: Found = [
            (each.recorded_at, each.shown)
            for each in store.events()
            if _within(each.recorded_at, recorded_from, recorded_before)
            and (
                not (happened_from or happened_before) or _within(_happened(each.event), happened_from, happened_before)
            )
        ]

        def answer(page: list[Any], following: str | None) -> Response:
            document = {
                "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
                "type": "EPCISQueryDocument",
                "schemaVersion": "2.0",
                "creationDate": stamp(datetime.now(UTC)),
                "epcisBody": {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": page}}},
            }
            link = request.url.include_query_params(nextPageToken=following) if following else None
            headers = {"GS1-EPCIS-Version": "2.0.0"} | ({"Link": f'<{link}>; rel="next"'} if link else {})
            return JSONResponse(document, headers=headers)

        return await answers.page(found, per_page, next_page, answer, _spoil_event, _again(store))

    @router.post("/capture", status_code=202)
    async def capture(document: Annotated[dict[str, Any], Body()]) -> Response:
        """Capture a document's events."""
        events = document.get("epcisBody", {}).get("eventList")
        if document.get("type") != "EPCISDocument" or not isinstance(events, list):
            return failure(400, "this is no EPCISDocument with an eventList", "epcisBody.eventList")
        store.capture(events, datetime.now(UTC))
        return Response(status_code=202, headers={"Location": f"/capture/{secrets.token_hex(8)}"})

    @router.post("/events", status_code=201)
    async def capture_one(event: Annotated[dict[str, Any], Body()]) -> Response:
        """Capture one event."""
        store.capture([event], datetime.now(UTC))
        return Response(status_code=201)

    return router


def _advices(store: Store, mood: Mood) -> APIRouter:
    router = APIRouter(prefix="/despatch-advices", tags=["despatch advices"])
    answers = _Answers(mood)

    @router.get("")
    async def query(
        request: Request,
        changed_since: AwareDatetime | None = None,
        changed_before: AwareDatetime | None = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 30,
        after: str | None = None,
    ) -> Response:
        """Despatch advices by when they last changed, oldest first."""
        found: Found = [
            (each.changed_at, {"id": each.id, "changed_at": stamp(each.changed_at), "content": each.content})
            for each in store.advices()
            if _within(each.changed_at, changed_since, changed_before)
        ]

        def answer(page: list[Any], following: str | None) -> Response:
            link = str(request.url.include_query_params(after=following)) if following else None
            return JSONResponse({"documents": page, "next": link})

        def change(record: Any) -> None:
            store.advise(record["id"], record["content"], datetime.now(UTC))

        return await answers.page(found, limit, after, answer, _spoil_advice, change)

    @router.put("/{identity}", status_code=204)
    async def store_advice(identity: str, request: Request, content_type: Annotated[str, Header()] = "") -> Response:
        """Store a despatch advice (XML), or what it has become."""
        if "xml" not in content_type:
            return failure(400, "send XML", "Content-Type")
        store.advise(identity, (await request.body()).decode("utf-8", "replace"), datetime.now(UTC))
        return Response(status_code=204)

    return router


class _Answers:
    """Pages of records that suffer what was asked for."""

    def __init__(self, mood: Mood) -> None:
        self._mood = mood

    async def page(
        self,
        found: Found,
        size: int,
        after: str | None,
        answer: Callable[[list[Any], str | None], Response],
        spoil: Callable[[Any], Any],
        change: Callable[[Any], None],
    ) -> Response:
        suffered = self._mood.take("read")
        if (refusal := await self._mood.before(suffered)) is not None:
            return refusal
        start = datetime.fromisoformat(after) if after else None
        rest = [each for each in found if start is None or each[0] > start]
        shown = rest[:size]
        following = shown[-1][0].isoformat() if len(rest) > size else None
        records = self._suffering([record for _, record in shown], suffered, spoil)
        if suffered and suffered.mode == "change" and shown:
            change(shown[0][1])
        whole = answer(records, following)
        return cut_off(whole) if suffered and suffered.mode == "cut_off" else whole

    @staticmethod
    def _suffering(records: list[Any], suffered: Misbehaviour | None, spoil: Callable[[Any], Any]) -> list[Any]:
        match suffered:
            case Misbehaviour(mode="garbage"):
                return [spoil(each) if number % _GARBAGE_EVERY == 0 else each for number, each in enumerate(records)]
            case Misbehaviour(mode="repeat"):
                return [*records, *records]
            case Misbehaviour(mode="back_in_time"):
                return [_an_hour_ago(each) for each in records]
        return records


def _within(moment: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    return moment is not None and (start is None or moment >= start) and (end is None or moment < end)


def _happened(event: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(event["eventTime"])
    except (KeyError, TypeError, ValueError):
        return None


def _again(store: Store) -> Callable[[Any], None]:
    """What a page has shown is recorded again, as when a repository is loaded anew while somebody reads it."""

    def record(event: Any) -> None:
        plain = {name: value for name, value in event.items() if name != "recordTime"}
        store.capture([plain], datetime.now(UTC))

    return record


def _spoil_event(event: Any) -> Any:
    spoilt = deepcopy(event)
    spoilt["eventTime"] = "yesterday \x00"
    return spoilt


def _spoil_advice(document: Any) -> Any:
    return {**document, "content": document["content"][: len(document["content"]) // 2]}


def _an_hour_ago(record: Any) -> Any:
    name = "recordTime" if "recordTime" in record else "changed_at"
    earlier = datetime.fromisoformat(record[name]) - timedelta(hours=1)
    return {**record, name: stamp(earlier)}
