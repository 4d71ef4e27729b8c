"""A system that pushes, as a process of its own: reads what to do as JSON from stdin, tells what came of it as JSON.

`{"url", "secret", "seconds", "messages_per_second", "events", "open", "known": [[item, lot, site], ...], "first"}`: sends
messages of so many events for so long, at most `open` at a time; 0 messages a second: as fast as they are answered.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx

from lotwatch.sources.inbox.signature import secret_bytes, sign


async def send(told: dict[str, Any]) -> dict[str, Any]:
    """Send; returns accepted messages and events, answers by status, the first Retry-After of each, and their times."""
    secret = secret_bytes(told["secret"])
    statuses: Counter[str] = Counter()
    waits: dict[str, str] = {}
    times: list[float] = []
    numbers = count(told["first"])
    started = time.perf_counter()
    due = count()
    limits = httpx.Limits(max_connections=told["open"], max_keepalive_connections=told["open"])
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:

        async def work() -> None:
            while True:
                if told["messages_per_second"]:
                    wait = started + next(due) / told["messages_per_second"] - time.perf_counter()
                    await asyncio.sleep(max(0.0, wait))
                if time.perf_counter() - started >= told["seconds"]:
                    return
                number = next(numbers)
                body = _body(told, number)
                at = time.perf_counter()
                try:
                    answer = await client.post(told["url"], content=body, headers=_headers(secret, number, body))
                except httpx.HTTPError as error:
                    statuses[type(error).__name__] += 1
                    continue
                times.append(time.perf_counter() - at)
                statuses[str(answer.status_code)] += 1
                waits.setdefault(str(answer.status_code), answer.headers.get("retry-after", ""))

        await asyncio.gather(*(work() for _ in range(told["open"])))
    return {
        "accepted": statuses["202"],
        "events": statuses["202"] * told["events"],
        "seconds": time.perf_counter() - started,
        "statuses": dict(statuses),
        "retry_after": waits,
        "times": sorted(times),
    }


def _body(told: dict[str, Any], number: int) -> bytes:
    now = datetime.now(UTC).isoformat()
    events = []
    for place in range(told["events"]):
        key = number * told["events"] + place
        item, lot, site = told["known"][key % len(told["known"])]
        row = {"item_code": item, "lot_number": lot, "from_location": "VENDOR", "to_location": site}
        row |= {"quantity": 1, "occurred_at": now}
        events.append({"entity": "movement", "source_key": f"pushed-{told['first']}-{key}", "row": row})
    return json.dumps({"events": events}).encode()


def _headers(secret: bytes, number: int, body: bytes) -> dict[str, str]:
    stamp = int(time.time())
    return {
        "content-type": "application/json",
        "webhook-id": f"msg_{number}",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, f"msg_{number}", stamp, body),
    }


if __name__ == "__main__":
    json.dump(asyncio.run(send(json.load(sys.stdin))), sys.stdout)
