"""Of lots that a notice may mean, none is cleared and none is held for sure by words that were not understood."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lotwatch.master.names import maker
from lotwatch.recall.matching.decide import decide
from lotwatch.recall.matching.match import told
from lotwatch.recall.matching.model import Item, Subject
from lotwatch.recall.reading import FIELDS, identifier_key, near_key, number_key, read

PROBES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("recall_probes.yaml").read_text())
EMPTY: dict[str, Any] = dict.fromkeys((*FIELDS, "firm", "supplier_name")) | {
    "authority": "fda", "udi_dis": [], "catalogue_numbers": [], "attachments": [],
}  # fmt: skip


def item(number: int, described: Mapping[str, Any]) -> Item:
    numbers = [number_key(described["catalogue"])] if "catalogue" in described else []
    identifiers = [identifier_key(described["di"])] if "di" in described else []
    firm = maker(described["maker"])
    return Item(number, described["name"], frozenset({firm}), frozenset(identifiers), frozenset(numbers), frozenset())


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
            Subject(
                each.item_id, 0 if serial else place, place if serial else 0, number_key(number.partition("=")[0])
            ): label
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
        answers = {subject: verdicts[subject].answer if subject in verdicts else "not_affected" for subject in labels}
        for subject, label in labels.items():
            allowed = {
                "affected": {"affected", "needs_review"},
                "careful": {"affected", "needs_review"},
                "unknown": {"needs_review"},
                "unaffected": {"not_affected", "needs_review"},
            }[label]
            if answers[subject] not in allowed:
                wrong.append((subject.key, label, answers[subject]))
    assert wrong == []
