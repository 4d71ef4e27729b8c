"""Whatever may be told about has a name in both languages: a record, a thing to be sent."""

from typing import get_args

import pytest

from lotwatch.delivery.messages import DIGEST, catalogue
from lotwatch.gate.suites import ENTITIES
from lotwatch.outbox.queue import Kind
from lotwatch_airflow.board.texts import LANGUAGES, texts


@pytest.mark.parametrize("message", ["gate", "quarantine_waiting"])
def test_every_entity_has_a_name_in_messages(message: str) -> None:
    names = catalogue()[message]["names"]["entity"]
    assert set(names) == set(ENTITIES)
    assert all(set(name) == {"en", "zh"} for name in names.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entity_and_everything_that_is_sent_has_a_name_on_the_board(language: str) -> None:
    known = texts(language).catalogue
    assert {f"entity.{entity}" for entity in ENTITIES} <= known.keys()
    assert {f"outbox_kind.{kind}" for kind in get_args(Kind)} <= known.keys()
    assert {f"template.{name}" for name in [*catalogue(), DIGEST]} <= known.keys()
