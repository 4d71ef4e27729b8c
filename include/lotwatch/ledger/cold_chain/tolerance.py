"""How long what is stored may be outside of its range, from `include/config/cold_chain.yaml`."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from lotwatch.config import Strict, read_config
from lotwatch.paths import COLD_CHAIN


class Tolerance(Strict):
    """How long what is stored may be outside of its range before it is held.

    `minutes` of any excursion; `freezing_minutes` of one at or below 0 °C of what must be kept above it, which may spoil at
    once. An excursion longer than that is beyond tolerance; with 0, a single reading is.
    """

    minutes: Decimal = Field(default=Decimal(30), ge=0)
    freezing_minutes: Decimal = Field(default=Decimal(0), ge=0)

    def is_exceeded(self, run: dict[str, Any]) -> bool:
        """Whether a run of readings outside is beyond tolerance."""
        minutes = Decimal(str((run["ended_at"] - run["started_at"]).total_seconds())) / 60
        froze = run["min_c"] is not None and run["min_c"] >= 0 and run["coldest_c"] <= 0
        limit = min(self.minutes, self.freezing_minutes) if froze and run["coldest_c"] < run["min_c"] else self.minutes
        return minutes > limit or limit == 0


class _Written(Tolerance):
    """The file says both: what is left out would be tolerated unnoticed."""

    minutes: Decimal = Field(ge=0)
    freezing_minutes: Decimal = Field(ge=0)


@cache
def load_tolerance(path: Path = COLD_CHAIN) -> Tolerance:
    """What the site tolerates. Raises LotwatchError for a file that cannot be used."""
    said: _Written = read_config(path, _Written, "The tolerances of the cold chain")
    return Tolerance(**said.model_dump())
