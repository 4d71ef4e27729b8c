"""What buying costs beside the goods, and how long a no is kept to, from `include/config/purchasing.yaml`."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import Field

from lotwatch.config import Duration, Strict, read_config
from lotwatch.paths import PURCHASING


class Freight(Strict):
    """Of one delivery, by currency: none where its currency is not named, or the order is worth `free_above` or more."""

    cost: Mapping[str, Decimal] = {}
    free_above: Mapping[str, Decimal] = {}


class FreightOfEach(Freight):
    """The freight of each supplier; `of`: those with another one, by code."""

    of: Mapping[str, Freight] = {}


class Purchasing(Strict):
    """`holding_rate`: what it costs to hold stock for a year, as a part of its value. `quiet_after_no`: how long a need is not
    proposed again after a person said no or nobody answered, nor proposed to a supplier that declined it."""

    holding_rate: Decimal = Field(default=Decimal("0.2"), ge=0, le=2)
    freight: FreightOfEach = FreightOfEach()
    quiet_after_no: Duration = timedelta(days=7)


@cache
def load_purchasing(path: Path = PURCHASING) -> Purchasing:
    """What is set. Raises LotwatchError naming the file and the field."""
    terms: Purchasing = read_config(path, Purchasing, "The terms of purchasing")
    return terms
