"""Checks are refused as they are read, and words and numbers are compared as people mean them."""

from importlib.resources import files
from pathlib import Path

import pytest

from lotwatch.consistency import catalogue
from lotwatch.consistency.matching import Described, Known
from lotwatch.consistency.matching.describe import describe
from lotwatch.errors import LotwatchError
from lotwatch.master.names import compact, maker, number, words

GOOD = """
title: {en: A, zh: 甲}
do: {en: B, zh: 乙}
severity: warning
columns: {item_code: {en: Item, zh: 物料}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of checks in place of ours."""
    monkeypatch.setattr(catalogue, "files", lambda _: tmp_path)
    catalogue.load_checks.cache_clear()
    yield tmp_path
    catalogue.load_checks.cache_clear()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD.replace("warning", "urgent"), "severity"),
        (GOOD.replace(", zh: 甲", ""), "title.zh"),
        (GOOD + "colour: red", "colour"),
        ("title: [", "bad.yaml"),
        ("", "bad.yaml"),
    ],
)
def test_a_check_that_cannot_be_used_is_refused_with_its_file(folder: Path, content: str, said: str) -> None:
    (folder / "bad.yaml").write_text(content, encoding="utf-8")
    (folder / "bad.sql").write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(LotwatchError, match=said):
        catalogue.load_checks()


def test_a_check_without_sql_is_refused(folder: Path) -> None:
    (folder / "bad.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(LotwatchError, match=r"bad\.sql"):
        catalogue.load_checks()


def test_every_check_has_words_and_sql_and_a_name_that_nobody_has_to_guess() -> None:
    ours = files(catalogue.PACKAGE)
    pairs = {path.name.partition(".")[0] for path in ours.iterdir() if path.name.endswith(".sql")}
    assert pairs == catalogue.load_checks().keys()
    with pytest.raises(LotwatchError, match="did you mean stock_negative"):
        catalogue.choose(["stock_negativ"])


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("ACME Medical, Inc.", "acme medical"),
        ("Acme-Medical GmbH", "acme medical"),
        ("山东威高集团医用高分子制品股份有限公司", "山东威高医用高分子制品"),
        ("Ｓｉｅｍｅｎｓ　ＡＧ", "siemens"),
    ],
)
def test_a_manufacturer_is_known_without_its_legal_form(name: str, same: str) -> None:
    assert maker(name) == same


def test_numbers_are_the_same_with_and_without_signs_and_short_ones_say_nothing() -> None:
    assert compact("G-30 15/é") == compact("g3015e")
    assert number("01-7548") == "017548"
    assert number("XL") == ""
    assert number(None) == ""


def test_chinese_words_are_pairs_of_characters_beside_latin_ones() -> None:
    assert words("输液器 0.55x19 Stent-A") == ["055x19", "stenta", "输液", "液器"]


def test_a_record_is_described_by_what_it_says_of_the_thing_alone() -> None:
    raw = {
        "productName": "Stent", "Manufacturer": "Acme", "supplier_name": "Dealer", "规格型号": "3.0x15", "qty": "3",
        "device": {"catalogNumber": "G-3015"}, "warehouse_name": "Main", "注册证编号": "国械注准1",
    }  # fmt: skip
    assert describe(raw) == {
        "name": "Stent", "maker": "Acme", "model": "3.0x15", "catalogue_number": "G-3015",
        "registration_number": "国械注准1",
    }  # fmt: skip


def test_another_manufacturer_is_never_shown_whatever_the_names() -> None:
    known = Known({"A": Described(code="A", name="Coronary stent 3.0x15", maker="Acme Medical")})
    (found,) = known.matches(Described(code="X", name="Coronary stent 3.0x15", maker="Zenith"))
    assert found.score <= 55


def test_many_that_are_alike_are_no_suggestion() -> None:
    many = {f"P{n}": Described(code=f"P{n}", name="Perfusion pack", maker="Acme") for n in range(30)}
    best = Known(many).matches(Described(code="X", name="perfusion pack", maker="Acme"))[0]
    assert best.score < 60
    assert "30 are as like" in best.en
