"""The connectors: other systems' records mapped to rows, without a network and without a database."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from bench.figures import Figure, Yardstick, median_seconds
from bench.world import World
from lotwatch.sources.fhir import push
from sandbox.hospital.world import hospital

MADE_ON = date(2026, 1, 5)


def measure_hospital(world: World) -> Iterator[Figure]:
    """FHIR resources from JSON to rows: checked, resolved within their Bundle, with the patient left out."""
    resources = [content for content, _ in hospital(MADE_ON)]
    bundles = [_text(resources)] * max(1, world.rows // len(resources) // 4)
    rows = len(resources) * len(bundles)
    receiver = push(version="R5", usage_from=("usage", "dispense", "procedure"))
    floor = median_seconds(3, lambda: [json.loads(text) for text in bundles])
    seconds = median_seconds(3, lambda: [list(receiver(json.loads(text))) for text in bundles])
    yield Figure("connectors", "FHIR R5", rows, "resources", seconds, Yardstick("parsing the JSON", floor))


def _text(resources: list[dict[str, Any]]) -> str:
    entries = [{"resource": content} for content in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
