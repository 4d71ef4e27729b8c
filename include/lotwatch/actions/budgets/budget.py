"""Budgets: what each site may order for in a calendar month. The database says which are in force; they are written in
`include/config/budgets.yaml`, and changed by two persons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row
from pydantic import Field

from lotwatch import facts, governance
from lotwatch.audit import RunContext, record
from lotwatch.config import Strict, read_config
from lotwatch.db.query import query
from lotwatch.paths import BUDGETS


class Budget(Strict):
    """What a site may order for in each month."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    monthly: Decimal = Field(ge=0)


@dataclass(frozen=True, slots=True)
class Use:
    """How far a site's budget of a month has come; `free` is spoken for by nothing. All in `currency`."""

    site_code: str
    currency: str
    amount: Decimal
    ordered: Decimal
    in_transit: Decimal
    accepted: Decimal
    invoiced: Decimal
    free: Decimal


def load_budgets(path: Path = BUDGETS) -> dict[str, Budget]:
    """Budgets by site code. Raises LotwatchError naming the file, site and field."""
    budgets: dict[str, Budget] = read_config(path, dict[str, Budget], "The budgets")
    return budgets


def active_budgets(conn: psycopg.Connection, as_of: datetime) -> dict[str, Budget]:
    """The budgets in force, by site code. Where none ever were, those of the file are from now on. Raises LotwatchError."""
    found = governance.active(conn, "budget") or governance.release(conn, "budget", as_content(load_budgets()), as_of)
    return {site: Budget.model_validate(budget) for site, budget in found.content.items()}


def budget_use(conn: psycopg.Connection, as_of: datetime) -> list[Use]:
    """How far the budgets of the month of `as_of` have come, by site."""
    with conn.transaction(), conn.cursor(row_factory=class_row(Use)) as cursor:
        facts.live(conn, as_of)
        return cursor.execute(query(__package__, "use")).fetchall()


def as_content(budgets: Mapping[str, Budget]) -> dict[str, Any]:
    """Budgets as a change set has them."""
    return {site: budget.model_dump(mode="json") for site, budget in budgets.items()}


def apply_budgets(conn: psycopg.Connection, as_of: datetime, context: RunContext, budgets: dict[str, Budget]) -> int:
    """Make these the budgets of the month of `as_of`; each change is audited. Returns how many changed."""
    period = date(as_of.year, as_of.month, 1)
    changed = 0
    for site, budget in budgets.items():
        parameters = {"site": site, "period": period, "amount": budget.monthly, "currency": budget.currency}
        for (before,) in conn.execute(query(__package__, "apply"), parameters).fetchall():
            after = {"amount": budget.monthly, "currency": budget.currency}
            told = None if before is None else {"amount": before}
            record(conn, context, "budget set", "budget", f"{site} {period:%Y-%m}", before=told, after=after)
            changed += 1
    return changed
