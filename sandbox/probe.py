"""A temperature probe in the store of a site, which pushes what it measures to Lotwatch's inbox."""

import json
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import requests

from lotwatch.errors import LotwatchError
from lotwatch.sources.inbox.signature import secret_bytes, sign
from lotwatch_local.settings import Settings

SOURCE, PLACE, SENSOR = "events", "DC-N-STO", "probe-1"
#: degrees Celsius, every five minutes up to now: nothing that is kept there minds
MEASURED = ("6.1", "6.0", "6.2")


def push(settings: Settings) -> int:
    """Push some readings in one signed message; returns how many were taken. Raises LotwatchError if they were not."""
    now = datetime.now(UTC)
    events = [
        {
            "entity": "temperature_reading",
            "source_key": f"{SENSOR}:{moment:%Y%m%dT%H%M%S}",
            "row": {"location_code": PLACE, "celsius": value, "measured_at": moment.isoformat(), "sensor": SENSOR},
        }
        for moment, value in zip(
            (now - timedelta(minutes=5 * ago) for ago in reversed(range(len(MEASURED)))), MEASURED, strict=True
        )
    ]
    body = json.dumps({"events": events}).encode()
    message_id, timestamp = f"msg_{uuid4().hex}", int(time.time())
    secret = secret_bytes(settings.secrets["inbox_key"])
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id, timestamp, body),
    }
    url = f"{settings.airflow_url}/lotwatch-inbox/v1/{SOURCE}"
    answer = requests.post(url, data=body, headers=headers, timeout=30)
    if answer.status_code != requests.codes.accepted:
        raise LotwatchError(f"The inbox answered HTTP {answer.status_code}: {answer.text[:300]}", where=url)
    return len(events)
