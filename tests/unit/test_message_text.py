"""Texts are cut between characters, never within an address, and always fit."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwatch.delivery.channels.text import address, longest, sms_parts, unmarked

LINK = "https://board.example/alerts/17?lang=zh"


@given(st.text(max_size=200), st.integers(0, 120))
def test_what_is_left_fits_and_is_the_beginning(text: str, limit: int) -> None:
    def fits(part: str) -> bool:
        return len(part.encode("utf-8", "surrogatepass")) <= limit

    left = longest(text, fits)
    assert fits(left)
    assert left == text or left == "" or text.startswith(left.removesuffix("…"))


@given(st.integers(6, 300))
def test_nothing_is_wasted_on_chinese(limit: int) -> None:
    left = longest("库存不足" * 100, lambda part: len(part.encode()) <= limit)
    assert limit - 3 < len(left.encode()) <= limit


@given(st.text("库a ", max_size=60), st.text("存b ", max_size=60), st.integers(1, 160))
def test_an_address_is_whole_or_not_there(before: str, after: str, limit: int) -> None:
    left = longest(f"{before} {LINK} {after}", lambda part: len(part) <= limit)
    assert ("http" not in left) or LINK in left


@pytest.mark.parametrize("whole", ["e\u0301", "👍🏽", "👩\u200d⚕️", "1\ufe0f\u20e3"])
def test_what_people_see_as_one_character_is_not_cut(whole: str) -> None:
    for limit in range(1, 20):
        left = longest(whole * 6, lambda part, limit=limit: len(part) <= limit).removesuffix("…")  # type: ignore[misc]
        assert left == whole * (len(left) // len(whole))


def test_nothing_is_left_where_nothing_fits() -> None:
    assert longest("text", lambda part: False) == ""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("库" * 70, 1),
        ("库" * 71, 2),
        ("库" * 134, 2),
        ("库" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_a_network_carries_a_text_in_parts(text: str, parts: int) -> None:
    assert sms_parts(text) == parts


def test_nobodys_data_becomes_a_link_or_a_call() -> None:
    assert unmarked("[a](https://x) <@all>") == "[a]\u200b(https://x) ＜@all>"
    assert unicodedata.name("＜") == "FULLWIDTH LESS-THAN SIGN"
    assert address("https://x.example/a(1)|b?c=d&e=%20") == "https://x.example/a%281%29%7Cb?c=d&e=%20"
