"""What may be let through without somebody looking at it, from `include/config/caps.yaml`."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from pydantic import Field

from lotwatch.config import Strict, read_config
from lotwatch.paths import CAPS


class Cap(Strict):
    """In one day (UTC): so many proposals, and so much in each currency. A currency that is not named is refused."""

    number: int = Field(ge=0)
    value: Mapping[str, Decimal]


class CapOfEach(Cap):
    """The cap of each supplier or rule; `of`: those with another one, by code or id."""

    of: Mapping[str, Cap] = {}


class Caps(Strict):
    """`price_jump`: the part by which a price may be above the median of earlier orders. `together_within_days`: orders of
    one supplier and site so near to each other need the approval of their sum."""

    supplier: CapOfEach
    rule: CapOfEach
    price_jump: Decimal = Field(default=Decimal("0.2"), ge=0)
    together_within_days: int = Field(default=2, ge=0, le=31)


@cache
def load_caps() -> Caps:
    """The caps. Raises LotwatchError naming the file and the field."""
    caps: Caps = read_config(CAPS, Caps, "The caps")
    return caps
