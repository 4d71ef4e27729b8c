"""What is tolerated of a cold chain is written in a file, in which a mistake is told."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lotwatch.errors import LotwatchError
from lotwatch.ledger import Tolerance, load_tolerance

START = datetime(2026, 6, 15, 8, tzinfo=UTC)


def run(minutes: float, *, low: int | None = 2, coldest: float = 5) -> dict[str, Any]:
    return {
        "started_at": START,
        "ended_at": START + timedelta(minutes=minutes),
        "min_c": None if low is None else Decimal(low),
        "coldest_c": Decimal(str(coldest)),
    }


@pytest.mark.parametrize(
    ("excursion", "beyond"),
    [
        (run(30), False),
        (run(30.1), True),
        (run(0, coldest=0), True),
        (run(0, coldest=0.1), False),
        (run(20, low=-25, coldest=-30), False),
        (run(20, low=None, coldest=-30), False),
    ],
)
def test_freezing_is_not_tolerated_and_the_rest_for_half_an_hour(excursion: dict[str, Any], beyond: bool) -> None:
    assert Tolerance().is_exceeded(excursion) is beyond


def test_what_the_file_says_is_what_is_tolerated_where_nothing_is_said() -> None:
    assert load_tolerance() == Tolerance()


@pytest.mark.parametrize(
    "text", ["minuts: 30\nfreezing_minutes: 0", "minutes: -1\nfreezing_minutes: 0", "minutes: [", "minutes: 5"]
)
def test_a_mistake_in_the_file_is_told_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cold_chain.yaml"
    path.write_text(text)
    with pytest.raises(LotwatchError, match=r"cold_chain\.yaml"):
        load_tolerance(path)
