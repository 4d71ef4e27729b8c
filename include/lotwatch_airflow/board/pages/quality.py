"""Data quality: records that may not flow on, with their reasons, and what the latest pulls brought."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from lotwatch_airflow.board.filters import Filters, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.view import View, ViewDep

router = APIRouter()


class QuarantineFilters(Filters):
    """Which records in quarantine."""

    source: Text | None = None
    text: Text | None = None

    def statement(self) -> Statement:
        """The records, the last seen first."""
        return Statement("quarantine", self.parameters(), [Order("last_seen", True), Order("quarantine_id", True)])


@router.get("/quality")
def quality(view: ViewDep, filters: Annotated[QuarantineFilters, Query()]) -> Response:
    """Records in quarantine and the latest batches of each source."""
    with view.transaction() as conn:
        records = fetch_page(conn, filters.statement(), filters.page, filters.size)
        batches = fetch_all(conn, "batches")
        sources = [row["source"] for row in fetch_all(conn, "sources")]
    return view.page(
        "quality",
        filters=filters,
        records=records,
        batches=batches,
        sources=sources,
        as_json=_as_json,
        counts=lambda batch: counts(view, batch),
    )


def counts(view: View, batch: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What became of a batch's records, in words, for each entity; what did not occur is not said."""
    by_entity: Mapping[str, Mapping[str, int]] = batch["counts"]
    return [
        (
            view.texts.name("entity", entity),
            ", ".join(
                f"{view.texts.name('count', name)} {view.formats.number(number)}"
                for name, number in found.items()
                if number or name == "read"
            ),
        )
        for entity, found in by_entity.items()
    ]


def _as_json(record: object) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False)
