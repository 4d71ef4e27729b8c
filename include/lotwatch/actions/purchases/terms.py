"""What buying costs beside the goods, from `include/config/purchasing.yaml`."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import Field

from lotwatch.config import Strict, read_config
from lotwatch.paths import PURCHASING


class Freight(Strict):
    """Of one delivery, by currency: none where its currency is not named, or the order is worth `free_above` or more."""

    cost: Mapping[str, Decimal] = {}
    free_above: Mapping[str, Decimal] = {}


class FreightOfEach(Freight):
    """The freight of each supplier; `of`: those with another one, by code."""

    of: Mapping[str, Freight] = {}


class Purchasing(Strict):
    """`holding_rate`: what it costs to hold stock for a year, as a part of its value."""

    holding_rate: Decimal = Field(default=Decimal("0.2"), ge=0, le=2)
    freight: FreightOfEach = FreightOfEach()


@cache
def load_purchasing(path: Path = PURCHASING) -> Purchasing:
    """What buying costs. Raises LotwatchError naming the file and the field."""
    terms: Purchasing = read_config(path, Purchasing, "The costs of purchasing")
    return terms
