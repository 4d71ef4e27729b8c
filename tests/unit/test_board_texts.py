"""Whoever reads the board reads it in their language, all of it."""

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

import lotwatch
from lotwatch.errors import LotwatchError
from lotwatch_airflow.board.texts import LANGUAGES, hindrance, texts

_BOARD = files("lotwatch_airflow.board")
#: rooms whose errors people meet on their phones; and files in them that only a shell or a DAG reaches
_MET, _NOT_MET = ("recall", "ledger/holds", "actions/tasks"), ("duties.py", "drill.py")


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


def _sentences(room: str) -> Iterator[str]:
    """What the errors of a room say is wrong, and to be done."""
    for path in Path(lotwatch.__path__[0], room).rglob("*.py"):
        if path.name in _NOT_MET:
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "LotwatchError":
                said = [*call.args, *(each.value for each in call.keywords if each.arg == "do")]
                yield from (str(each.value) for each in said if isinstance(each, ast.Constant))


@pytest.mark.parametrize("room", _MET)
def test_what_hinders_somebody_at_work_is_said_in_chinese_too(room: str) -> None:
    known = yaml.safe_load(_BOARD.joinpath("texts", "hindrances.zh.yaml").read_text(encoding="utf-8"))
    asked = {sentence for sentence in _sentences(room) if "lotwatch " not in sentence}  # a command is for a shell
    assert len(asked) > 3
    assert asked <= known.keys()


def test_what_hinders_says_where_and_what_to_do() -> None:
    error = LotwatchError("This one is not affected", where="L2", do="leave it in use")
    assert hindrance("zh", error) == "这一件不受影响。位置：L2。可继续使用。"
    assert hindrance("en", error) == str(error)
    assert hindrance("zh", LotwatchError("The sky fell", where="L2")) == "The sky fell. Where: L2."


def test_chinese_is_written_in_chinese() -> None:
    plain = {"csv", "none", "column.erp_number"}
    english = [
        key
        for key in texts("zh").catalogue.keys() - plain
        if not re.search(r"[\u4e00-\u9fff]", texts("zh").catalogue[key])
    ]
    assert english == []
