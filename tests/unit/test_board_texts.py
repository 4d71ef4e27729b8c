"""Whoever reads the board reads it in their language, all of it."""

import re
from importlib.resources import files

import pytest
import yaml

from lotwatch_airflow.board.texts import LANGUAGES, texts

_BOARD = files("lotwatch_airflow.board")


def _sources() -> str:
    templates = [path for path in _BOARD.joinpath("templates").iterdir() if path.name.endswith(".html")]
    modules = [
        path for room in (_BOARD, _BOARD.joinpath("pages")) for path in room.iterdir() if path.name.endswith(".py")
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in (*templates, *modules))


def test_all_languages_say_the_same_things() -> None:
    first, *others = (texts(language).catalogue.keys() for language in LANGUAGES)
    for other in others:
        assert other == first


def test_all_languages_fill_in_the_same_values() -> None:
    for key in texts("en").catalogue:
        fields = [set(re.findall(r"{(\w+)}", texts(language).catalogue[key])) for language in LANGUAGES]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_taken_for_something_else_by_yaml(language: str) -> None:
    def check(tree: dict[object, object], where: str) -> None:
        for key, value in tree.items():
            assert isinstance(key, str), f"{where}{key!r}: quote it"
            if isinstance(value, dict):
                check(value, f"{where}{key}.")
            else:
                assert isinstance(value, str), f"{where}{key}: quote it"
                assert value

    check(yaml.safe_load(_BOARD.joinpath("texts", f"{language}.yaml").read_text(encoding="utf-8")), "")


def test_every_text_a_page_asks_for_is_there() -> None:
    asked = set(re.findall(r"""\b(?:t|texts)\("([a-z_.]+)"[,)]""", _sources()))
    assert len(asked) > 30
    assert asked <= texts("en").catalogue.keys()


def test_every_heading_has_a_name() -> None:
    asked = set(re.findall(r"""(?:heading|name\("column",)\s*\(?"([a-z_]+)\"""", _sources()))
    assert len(asked) > 20
    assert {f"column.{name}" for name in asked} <= texts("en").catalogue.keys()


def test_chinese_is_written_in_chinese() -> None:
    plain = {"csv", "none", "column.erp_number"}
    english = [
        key
        for key in texts("zh").catalogue.keys() - plain
        if not re.search(r"[\u4e00-\u9fff]", texts("zh").catalogue[key])
    ]
    assert english == []
