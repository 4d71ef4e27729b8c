"""What is set for one source of events."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from lotwatch.config import Strict


class EpcisOptions(Strict):
    """`places`: our codes by their identifiers (a GLN, with `.extension` where it has one, or a URI).

    `moves_stock_at`: codes, or patterns of codes (`H-N1*`), of the places whose stock this source books. Where another
    system books it, events are followed but move nothing: otherwise stock would be there twice. A movement needs both
    its ends among these, `transit_location` (what is shipped goes through it) and `transformation_location` (what is
    repacked or relabelled goes through it), which need not be listed.

    `sites`: codes of sites of ours that ship: what leaves one of them is a transfer. `announces`: which shipping events are deliveries: `all`, those `without_despatch_advice` (the others are announced by
    that document), or `none`.
    """

    per_page: int = Field(default=500, ge=1, le=10_000)
    overlap_minutes: int = Field(default=60, ge=0)
    places: Mapping[str, str] = {}
    moves_stock_at: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    transit_location: str | None = None
    transformation_location: str | None = None
    announces: Literal["all", "without_despatch_advice", "none"] = "without_despatch_advice"

    def code_of(self, place: str | None) -> str | None:
        """Our code of a place, or the place as it is named, for cross references to resolve."""
        return None if place is None else self.places.get(place, place)

    def books(self, code: str | None) -> bool:
        """Whether this source books the stock of a place."""
        if code is None:
            return False
        through = {self.transit_location, self.transformation_location}
        return code in through or any(fnmatchcase(code, pattern) for pattern in self.moves_stock_at)
