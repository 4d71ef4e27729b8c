"""Finds for records of one endpoint what the other says of the same recall."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lotwatch.sources.openfda.query import Endpoint

Record = Mapping[str, Any]


class Joined(NamedTuple):
    """What the two endpoints say of one product of one recall; one of the two may be missing.

    `doubtful`: the other half was not found, but an answer in which it may have been could not be read.
    """

    enforcement: Any
    recall: Any
    doubtful: bool = False


def with_recalls(reports: Sequence[Any], recalls: Endpoint) -> Iterator[Joined]:
    """Enforcement reports with their recalls: by number, else by event and product."""
    by_number = _Found(recalls, "product_res_number", _values(reports, "recall_number"))
    alone = [each for each in reports if isinstance(each, dict) and by_number.get(each.get("recall_number")) is None]
    by_event: dict[tuple[Any, str], Any] = {
        (each.get("res_event_number"), _product(each)): each
        for each in recalls.find("res_event_number", _values(alone, "event_id"))
        if isinstance(each, dict) and not each.get("product_res_number")
    }
    for report in reports:
        if not isinstance(report, dict):
            yield Joined(report, None)
            continue
        found = by_number.get(report.get("recall_number")) or by_event.get((report.get("event_id"), _product(report)))
        yield Joined(report, found, found is None and by_number.doubtful)


def with_reports(recalls: Sequence[Any], reports: Endpoint) -> Iterator[Joined]:
    """Recalls with their enforcement reports: by number, or by event and product for those that have none."""
    by_number = _Found(reports, "recall_number", _values(recalls, "product_res_number"))
    without = [each for each in recalls if isinstance(each, dict) and not each.get("product_res_number")]
    by_event = {
        (each.get("event_id"), _product(each)): each
        for each in reports.find("event_id", _values(without, "res_event_number"))
        if isinstance(each, dict)
    }
    for recall in recalls:
        if not isinstance(recall, dict):
            yield Joined(None, recall)
            continue
        number = recall.get("product_res_number")
        event = (recall.get("res_event_number"), _product(recall))
        found = by_number.get(number) if number else by_event.get(event)
        yield Joined(found, recall, found is None and by_number.doubtful)


class _Found:
    """The records of an endpoint by a field; `doubtful` when one of them cannot be told."""

    def __init__(self, endpoint: Endpoint, field: str, values: list[str]) -> None:
        self.doubtful = False
        self._records: dict[str, Any] = {}
        for each in endpoint.find(field, values):
            value = each.get(field) if isinstance(each, dict) else None
            if isinstance(value, str) and value:
                self._records[value] = each
            else:
                self.doubtful = True

    def get(self, value: Any) -> Any:
        return self._records.get(value) if isinstance(value, str) else None


def _values(records: Sequence[Any], field: str) -> list[str]:
    named = (each.get(field) for each in records if isinstance(each, dict))
    return list(dict.fromkeys(value for value in named if isinstance(value, str) and value and '"' not in value))


def _product(record: Record) -> str:
    return " ".join(str(record.get("product_description", "")).split()).casefold()
