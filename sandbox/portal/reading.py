"""Pages of the supplier's answers, and what may go wrong with them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sandbox.http import Misbehaviour
from sandbox.portal.models import KeptAnswer

PAGE = 100
_GARBAGE_EVERY = 10
_Record = TypeVar("_Record")


def page_of(answers: Sequence[KeptAnswer], after: str | None) -> tuple[list[KeptAnswer], str | None, bool]:
    """The answers after the one with that number, the number to go on from, and whether there are more."""
    numbers = [each.answer.number for each in answers]
    start = numbers.index(after) + 1 if after in numbers else 0
    found = list(answers[start : start + PAGE])
    return found, found[-1].answer.number if found else after, len(answers) > start + PAGE


def suffering(records: list[_Record], suffered: Misbehaviour | None, spoil: Callable[[Any], _Record]) -> list[_Record]:
    """The records of a page as they are answered."""
    match suffered:
        case Misbehaviour(mode="garbage"):
            return [spoil(each) if number % _GARBAGE_EVERY == 0 else each for number, each in enumerate(records)]
        case Misbehaviour(mode="repeat"):
            return [*records, *records]
        case Misbehaviour(mode="reverse"):
            return records[::-1]
    return records
