"""The routes of the compliance service: openFDA's endpoints about recalls and adverse events, and GUDID's look-up of one device.

They are coroutines that touch what is published without awaiting in between.
"""

import os
import secrets
import time
from collections import deque
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from sandbox.compliance.search import read
from sandbox.compliance.world import Published, publish
from sandbox.http import Misbehaviour, Mood, bearer, control, cut_off, new_app

_LARGEST_LIMIT, _LARGEST_SKIP = 1000, 25_000
_MODES = frozenset({"latency", "429", "500", "cut_off", "garbage", "repeat", "back_in_time", "change", "malformed"})
_NUMBER = {"enforcement": "recall_number", "recall": "product_res_number", "event": "mdr_report_key"}
_TERMS = "Do not rely on openFDA to make decisions regarding medical care."
Endpoint = Literal["enforcement", "recall", "event"]


class Said(BaseModel):
    """What a notice says from now on; `fields` replace its own, a number not seen before is a new notice."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Endpoint
    number: str
    fields: dict[str, Any]
    renewed: date | None = None


class Limiter:
    """At most so many requests a minute, as openFDA allows for one key."""

    def __init__(self, most: int) -> None:
        self._most, self._times = most, deque[float]()

    def wait(self) -> float | None:
        """Seconds to wait; None when the request may go on, which is then counted."""
        now = time.monotonic()
        while self._times and now - self._times[0] >= 60:
            self._times.popleft()
        if len(self._times) >= self._most:
            return 60 - (now - self._times[0])
        self._times.append(now)
        return None


def create_app(state: Path, token: str, control_token: str) -> FastAPI:
    """The service for whoever holds `token`. What it publishes follows from the day and data with which it began."""
    app = new_app(
        "Compliance",
        "Device recalls, enforcement reports and device records.",
        largest_body=8 * 1024 * 1024,
        invalid_status=400,
    )
    today, data = _beginning(state)
    published = publish(today, data)
    mood = Mood(reject_status=400)
    limiter = Limiter(int(os.environ.get("SANDBOX_COMPLIANCE_RATE", "240")))

    def begin_again() -> None:
        nonlocal published
        published = publish(today, data)

    app.include_router(control(control_token, mood, begin_again))
    holder = Depends(bearer({control_token: "control"}))

    @app.post("/control/say", dependencies=[holder], include_in_schema=False)
    async def say(said: Said) -> dict[str, Any]:
        records = getattr(published, said.endpoint)
        if said.number not in records:
            records[said.number] = {_NUMBER[said.endpoint]: said.number}
        published.change(said.endpoint, said.number, **said.fields)
        published.renewed = said.renewed or published.renewed
        return dict(records[said.number])

    @app.get("/control/published", dependencies=[holder], include_in_schema=False)
    async def numbers() -> dict[str, Any]:
        return {"numbers": sorted(published.enforcement.keys() | published.recall.keys())}

    @app.get("/device/{endpoint}.json")
    async def search_records(
        request: Request,
        endpoint: Endpoint,
        search: str = "",
        limit: int = 1,
        skip: int = 0,
        sort: str = "",
        search_after: str | None = None,
        api_key: str = "",
    ) -> Response:
        """Records that match, `limit` of them; the Link header leads on to those after them."""
        if (refusal := _refuse(api_key, token, limiter)) is not None:
            return refusal
        suffered = mood.take("read")
        if (answer := await mood.before(suffered)) is not None:
            return answer
        if limit > _LARGEST_LIMIT:
            return _error(400, "BAD_REQUEST", f"Limit cannot exceed {_LARGEST_LIMIT} results for search requests.")
        if skip > _LARGEST_SKIP:
            return _error(400, "BAD_REQUEST", f"Skip value must {_LARGEST_SKIP} or less.")
        try:
            matches = read(search)
        except ValueError as error:
            return _error(400, "BAD_REQUEST", f"Search not supported: {error}")
        stale = suffered is not None and suffered.mode == "back_in_time"
        records = _records(published, endpoint, stale)
        found = _sorted([each for each in records if matches(each)], sort)
        start = int(search_after) if search_after else skip
        page = found[start : start + limit]
        if not page:
            return _error(404, "NOT_FOUND", "No matches found!")
        renewed = published.renewed - timedelta(days=7) if stale else published.renewed
        answer = JSONResponse({
            "meta": {
                "disclaimer": _TERMS,
                "terms": "https://open.fda.gov/terms/",
                "license": "https://open.fda.gov/license/",
                "last_updated": renewed.isoformat(),
                "results": {"skip": start, "limit": limit, "total": len(found)},
            },
            "results": _misread(page, suffered, endpoint),
        })
        if start + limit < len(found):
            asked = {
                name: value for name, value in request.query_params.items() if name not in {"skip", "search_after"}
            }
            link = f"https://api.fda.gov/device/{endpoint}.json?{urlencode(asked | {'search_after': start + limit})}"
            answer.headers["Link"] = f'<{link}>; rel="next"'
        if suffered is not None and suffered.mode == "change":
            _change_shown(published, endpoint, page)
        if suffered is not None and suffered.mode == "cut_off":
            return cut_off(answer)
        return await mood.after(suffered) or answer

    @app.get("/api/v3/devices/lookup.json")
    async def look_up(di: Annotated[str, Query(min_length=1)], api_key: str = "") -> Response:
        """The record of the device with this identifier, on its label or on a package of it."""
        if (refusal := _refuse(api_key, token, limiter)) is not None:
            return refusal
        suffered = mood.take("read")
        if (answer := await mood.before(suffered)) is not None:
            return answer
        found = next((each for each in published.devices.values() if di in _identifiers(each)), None)
        if found is None:
            return JSONResponse({"error": "No device found", "di": di}, 404)
        if suffered is not None and suffered.mode == "garbage":
            found = {"gudid": {"device": {**found["gudid"]["device"], "identifiers": "garbled"}}}
        answer = JSONResponse(found)
        return cut_off(answer) if suffered is not None and suffered.mode == "cut_off" else answer

    return app


def _beginning(state: Path) -> tuple[date, Path | None]:
    """The day and the folder of real data from which the published world was made first; later starts keep them."""
    path = state / "beginning"
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
        day = os.environ.get("SANDBOX_TODAY") or date.today().isoformat()
        path.write_text(f"{day}\n{os.environ.get('SANDBOX_DATA', '')}\n", encoding="utf-8")
    day, data = path.read_text(encoding="utf-8").splitlines()
    return date.fromisoformat(day), Path(data) if data else None


def _refuse(api_key: str, token: str, limiter: Limiter) -> Response | None:
    if not secrets.compare_digest(api_key.encode(), token.encode()):
        code = "API_KEY_INVALID" if api_key else "API_KEY_MISSING"
        return _error(403, code, "No valid api_key was supplied. Get one at https://api.fda.gov:443")
    wait = limiter.wait()
    if wait is None:
        return None
    answer = _error(429, "OVER_RATE_LIMIT", "You have exceeded your rate limit. Try again later or contact us.")
    answer.headers["Retry-After"] = str(int(wait) + 1)
    return answer


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _records(published: Published, endpoint: Endpoint, stale: bool) -> list[dict[str, Any]]:
    """What there is; or what there was before the last changes."""
    records: dict[str, dict[str, Any]] = getattr(published, endpoint)
    if stale:
        records = records | published.earlier[endpoint]
    return list(records.values())


def _sorted(records: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    name, _, direction = sort.partition(":")
    if not name:
        return records
    return sorted(records, key=lambda each: str(each.get(name, "")), reverse=direction == "desc")


def _misread(page: list[dict[str, Any]], suffered: Misbehaviour | None, endpoint: Endpoint) -> list[Any]:
    if suffered is None:
        return page
    if suffered.mode == "repeat":
        return [each for each in page for _ in range(2)]
    if suffered.mode == "garbage":
        return [_garbled(each, place, endpoint) if place % 10 == 0 else each for place, each in enumerate(page)]
    return page


def _garbled(record: Mapping[str, Any], place: int, endpoint: Endpoint) -> Any:
    """A record in ways in which a broken export spoils one."""
    spoilt: tuple[Any, ...] = (
        dict(record) | {"recalling_firm": {"garbled": True}, "code_info": 17.5, "reason_for_recall": ["?"]},
        "<<< garbled >>>",
        dict(record) | {_NUMBER[endpoint]: None},
    )
    return spoilt[place // 10 % len(spoilt)]


def _change_shown(published: Published, endpoint: Endpoint, page: list[dict[str, Any]]) -> None:
    """The notice that was shown first grows by a lot, once it has been shown."""
    number = page[0][_NUMBER[endpoint]]
    published.change(endpoint, number, code_info=f"{page[0]['code_info']}; also lot LATE01")


def _identifiers(record: Mapping[str, Any]) -> list[str]:
    return [each["deviceId"] for each in record["gudid"]["device"]["identifiers"]["identifier"]]
