"""Reorder points by the textbook's formula for independent demand and lead time.

Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed. (2017), ch. 6:
with daily demand of mean d and variance v, and a protection interval P = review period + lead time L,
mean demand over P is d P, its variance P v + d^2 Var(L); the reorder point is the mean plus z standard deviations.
"""

from datetime import datetime
from statistics import NormalDist

import psycopg
from psycopg.types.json import Jsonb
from pydantic import Field

from lotwatch.config import Strict
from lotwatch.db.query import query


class PlanSettings(Strict):
    """What planning is told. Service levels are probabilities of no stock-out within a cycle, by criticality; usage is read of
    `history_days`, an order is to last `order_cycle_days`."""

    cycle_service_level: dict[str, float] = Field(
        default={"life_supporting": 0.995, "critical": 0.98, "standard": 0.95}
    )
    review_days: int = 1
    order_cycle_days: int = 30
    history_days: int = 365
    transfer_lead_time_days: float = 2


def plan(conn: psycopg.Connection, as_of: datetime, settings: PlanSettings, set_by: str) -> dict[str, int]:
    """Compute a policy for each item and site with stock, usage or an order; append those that changed.

    Sees nothing that happened after `as_of`. Returns how many item-sites were planned and how many policies changed.
    """
    z = {level: NormalDist().inv_cdf(probability) for level, probability in settings.cycle_service_level.items()}
    parameters = settings.model_dump() | {
        "as_of": as_of,
        "z": Jsonb(z),
        "service_level": Jsonb(settings.cycle_service_level),
        "set_by": set_by,
    }
    del parameters["cycle_service_level"]
    row = conn.execute(query(__package__, "plan"), parameters).fetchone()
    planned, changed = row or (0, 0)
    return {"planned": planned, "changed": changed}
