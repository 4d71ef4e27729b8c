"""What a notice's words ask for: nothing is read as what it is not, and what is not understood is left to a person."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lotwatch.recall.reading import Ask, asks, decided

ANSWERS: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("recall_actions.yaml").read_text("utf-8"))


def read(action: str | None = None, body: str | None = None) -> list[Ask]:
    return asks({"action": action, "body": body})


def kind(text: str) -> str:
    return decided({ask.kind for ask in read(text)}) or "person"


def test_no_text_of_the_answer_file_is_read_wrongly_and_few_that_tell_are_left_to_a_person() -> None:
    told = [(want, text) for want, texts in ANSWERS.items() for text in texts]
    assert len(told) > 130
    assert [(want, kind(text), text) for want, text in told if kind(text) not in {want, "person"}] == []
    clear = [text for want, text in told if want != "person"]
    assert sum(kind(text) == "person" for text in clear) < len(clear) / 5


def test_of_several_things_asked_the_strictest_counts_and_all_are_kept_with_their_words() -> None:
    text = "Customers are to update the software. Users should inspect each pump before use. Please return the pumps of lot A1."
    assert [(ask.kind, text[ask.starts : ask.ends] == ask.said) for ask in read(text)] == [
        ("correct", True), ("inspect", True), ("remove", True),
    ]  # fmt: skip
    assert kind(text) == "remove"
    assert [(ask.field, ask.said) for ask in read(body=f"Dear customer,\n{text}") if ask.kind == "remove"] == [
        ("body", "Please return the pumps of lot A1")
    ]


@pytest.mark.parametrize(
    ("clear", "unclear"),
    [
        ("Users should inspect each pump before use.", "Users should frobnicate the pumps."),
        ("Please apply the enclosed label to each device.", "If it leaks, return the device."),
        ("The product may continue to be used.", "Please return the product."),
        ("产品可继续使用。", "如发现漏液，应退回产品。"),
    ],
)
def test_what_is_not_understood_leaves_the_text_to_a_person(clear: str, unclear: str) -> None:
    assert kind(clear) != "person"
    assert kind(f"{clear} {unclear}") == "person"


def test_a_letter_that_calls_itself_a_removal_is_not_read_as_less() -> None:
    asked = "Users should inspect each pump before use."
    assert kind(f"A Medical Device Correction letter was sent. {asked}") == "inspect"
    assert kind(f'An "URGENT MEDICAL DEVICE REMOVAL" letter was sent. {asked}') == "person"


@pytest.mark.parametrize(
    "text",
    [
        "notify to return " * 6_000,
        "if you have " * 50_000,
        "please if you no return, " * 9_000,
        "如果停止使用，" * 20_000,
    ],
)
def test_whatever_the_text_it_is_read_in_little_time(text: str) -> None:
    found: Any = read(body=f"Please return the product. {text}"), read(body=f"Please inspect each pump. {text}")
    assert [decided({ask.kind for ask in each}) for each in found] in (["remove", None], ["remove", "inspect"])
    assert max(map(len, found)) <= 100


def test_what_stands_behind_all_that_is_read_is_not_taken_for_nothing() -> None:
    long = "Please inspect each pump before use. " * 200
    assert kind(f"{long} Please return the pumps.") == "person"
    assert kind("Please inspect each pump before use." + " " * 50_000 + "Please return the pumps.") == "person"
