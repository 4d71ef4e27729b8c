"""Of lots that a notice may mean, none is cleared and none is held for sure by words that were not understood."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from lotwatch.master.names import maker
from lotwatch.recall.matching.decide import decide
from lotwatch.recall.matching.match import told
from lotwatch.recall.matching.model import Item, Subject
from lotwatch.recall.reading import FIELDS, identifier_key, near_key, number_key, read

HERE = Path(__file__)
PROBES: dict[str, Any] = {
    name: probe
    for file in ("recall_probes.yaml", "recall_notices.yaml")
    for name, probe in yaml.safe_load(HERE.with_name(file).read_text()).items()
}
EMPTY: dict[str, Any] = dict.fromkeys((*FIELDS, "firm", "supplier_name")) | {
    "authority": "fda", "udi_dis": [], "catalogue_numbers": [], "attachments": [],
}  # fmt: skip


def item(number: int, described: Mapping[str, Any]) -> Item:
    numbers = [number_key(described["catalogue"])] if "catalogue" in described else []
    identifiers = [identifier_key(described["di"])] if "di" in described else []
    firm = maker(described["maker"])
    return Item(number, described["name"], frozenset({firm}), frozenset(identifiers), frozenset(numbers), frozenset())


def subject(item_id: int, place: int, number: str, *, serial: bool) -> Subject:
    """A lot or unit of a number that may be followed by =day of manufacture or ~last day of use."""
    number, _, usable_through = number.partition("~")
    number, _, made_on = number.partition("=")
    days = [date.fromisoformat(day) if day else None for day in (made_on, usable_through)]
    return Subject(item_id, 0 if serial else place, place if serial else 0, number_key(number), "", *days)


@pytest.mark.parametrize("name", PROBES)
def test_no_lot_is_cleared_or_held_for_sure_by_words_that_were_not_understood(name: str) -> None:
    probe = PROBES[name]
    notice = EMPTY | probe["notice"]
    heard = told(notice, read(notice))
    items = [item(*each) for each in enumerate(probe["items"], 1)]
    own = frozenset(
        near_key(number) for each in items if not heard.firms.isdisjoint(each.makers) for number in each.numbers
    )
    wrong = []
    for each, described in zip(items, probe["items"], strict=True):
        serial = "serials" in described
        labels = {
            subject(each.item_id, place, number, serial=serial): label
            for place, (label, number) in enumerate(
                (
                    (label, number)
                    for label, numbers in described["serials" if serial else "lots"].items()
                    for number in numbers
                ),
                1,
            )
        }
        verdicts, _ = decide(heard, each, labels, own)
        answers = {lot: verdicts[lot].answer if lot in verdicts else "not_affected" for lot in labels}
        for lot, label in labels.items():
            allowed = {
                "affected": {"affected", "needs_review"},
                "careful": {"affected", "needs_review"},
                "unknown": {"needs_review"},
                "unaffected": {"not_affected", "needs_review"},
            }[label]
            if answers[lot] not in allowed:
                wrong.append((lot.key, label, answers[lot]))
    assert wrong == []
