"""Which receipts are checked and which findings hold them, from `include/config/receipts.yaml`."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from lotwatch.config import Strict, read_config
from lotwatch.paths import RECEIPTS

Finding = Literal[
    "di_unknown", "di_of_another_item", "lot_missing", "lot_unexpected", "lot_differs", "serial_missing",
    "serial_unexpected", "serial_differs", "serial_elsewhere", "expiry_missing", "expiry_differs",
    "registration_not_in_force", "registration_differs", "package_quantity",
]  # fmt: skip


class Holding(Strict):
    """What is held: an item of one of these kinds (cost per base unit), for one of these findings."""

    criticality: tuple[Literal["life_supporting", "critical", "standard"], ...] = ()
    device_class: tuple[str, ...] = ()
    unit_cost_from: Decimal | None = Field(default=None, ge=0)
    findings: tuple[Finding, ...] = ()


class LabelPolicy(Strict):
    """Receipts of the last `days` before they were read are checked."""

    days: int = Field(default=30, ge=0)
    hold: Holding = Holding()


@cache
def load_label_policy(path: Path = RECEIPTS) -> LabelPolicy:
    """The policy. Raises LotwatchError naming the file and what is wrong in it."""
    policy: LabelPolicy = read_config(path, LabelPolicy, "The checks of receipts")
    return policy
