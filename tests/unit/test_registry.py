"""The registry refuses what cannot be meant, and says what to write instead."""

from pathlib import Path

import pytest

from lotwatch.errors import LotwatchError, SourceError
from lotwatch.sources.connector import Login
from lotwatch.sources.registry import KINDS, Source, connector, load_sources, receiver, source


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("kind: tryton_warehose\n  connection: tryton\n  schedule: '5 * * * *'", "did you mean tryton_warehouse"),
        ("kind: tryton_warehouse\n  connection: tryton", "neither read .* nor may it push"),
        ("kind: tryton_warehouse\n  schedule: '5 * * * *'", "needs a connection"),
        ("kind: tryton_warehouse\n  connection: tryton\n  push: keys", "cannot push"),
        ("kind: tryton_warehouse\n  connection: tryton\n  schedule: '5 * * * *'\n  shedule: x", "shedule"),
        (
            "kind: tryton_warehouse\n  connection: tryton\n  schedule: '5 * * * *'\n  thresholds: {lot: {share: 3}}",
            "less than or equal to 1",
        ),
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, entry: str, complaint: str) -> None:
    with pytest.raises(LotwatchError, match=f"(?s)wms.*{complaint}") as told:
        load_sources(written(tmp_path, f"wms:\n  {entry}\n"))
    assert "sources.yaml" in str(told.value)


def test_a_name_that_is_no_source_is_told_the_nearest_one() -> None:
    with pytest.raises(LotwatchError, match="did you mean wms"):
        source("wsm")


def test_every_kind_can_be_imported() -> None:
    from importlib import import_module

    for kind in KINDS.values():
        for target in filter(None, (kind.pull, kind.push)):
            module, function = target.split(":")
            assert callable(getattr(import_module(module), function))


def test_a_source_reads_the_entities_it_names_in_the_order_of_its_kind() -> None:
    wanted = Source(kind="tryton_warehouse", connection="x", schedule="5 * * * *", entities=("movement", "item"))
    assert connector(wanted, Login("http://127.0.0.1:1")).entities == ("item", "movement")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [({"entities": ("itme",)}, "did you mean item"), ({"options": {"page_sise": 3}}, "page_sise")],
)
def test_what_its_kind_does_not_have_is_refused(changes: dict, complaint: str) -> None:
    wanted = Source.model_validate({"kind": "tryton_warehouse", "connection": "x", "schedule": "5 * * * *"} | changes)
    with pytest.raises(SourceError, match=complaint):
        connector(wanted, Login("http://127.0.0.1:1"))


def test_what_cannot_push_has_no_receiver() -> None:
    with pytest.raises(SourceError, match="cannot do this"):
        receiver(Source(kind="tryton_quality", connection="x", schedule="5 * * * *"))
