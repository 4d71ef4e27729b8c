"""What can be done with a lot at a site, what each way recovers, and until when it can."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from lotwatch.actions.proposals import Disposition
from lotwatch.config import Strict

#: why something must become of it: it ends (or has ended), failed its inspection, is too much, or came with too little life
Why = Literal["ending", "failed", "surplus", "short_life"]
Said = dict[str, str]


class DispositionSettings(Strict):
    """`quiet_days`: how long a lot is left alone after a no, or after its task was closed. `credit_part`, `resale_part`: of its
    worth, what a supplier that delivered badly credits, and what a buyer pays. `resale_days`: of life that a buyer asks for;
    `scrap_days`: within which what is to be scrapped is. `currency` of costs that do not say theirs."""

    quiet_days: int = 7
    credit_part: float = Field(default=0.5, ge=0, le=1)
    resale_part: float = Field(default=0.3, ge=0, le=1)
    resale_days: int = 60
    scrap_days: int = 7
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot or serial unit at a site: `quantity` of it is to go, each unit worth `value`. Of its days None: there is none.

    `usable`: neither held, blocked nor expired. `own`: it is ours, not its supplier's. `at_risk`: it will not be used in time
    by itself. `transferable`: no rule leaves it to transfers, which have been looked for before. `credited`: its supplier was asked
    for credit already.
    """

    why: Why
    quantity: int
    value: float
    today: date
    last_day: date | None
    return_by: date | None
    transfer_by: date | None
    own: bool
    usable: bool
    expired: bool
    at_risk: bool
    transferable: bool
    credited: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One thing that can become of it: what that recovers, the last day on which it can be done, and why it cannot, if so."""

    disposition: Disposition
    recovers: float
    by: date | None = None
    why_not: Said | None = None


def ways(lot: Lot, settings: DispositionSettings) -> list[Way]:
    """All of them: first those that can be done, what recovers most before the rest, and of equals what ends first."""
    found = [
        _return(lot),
        _credit(lot, settings),
        _redistribute(lot),
        _use_first(lot),
        _resale(lot, settings),
        _scrap(lot, settings),
    ]
    return sorted(found, key=lambda way: (way.why_not is not None, -way.recovers, way.by or date.max))


def _worth(lot: Lot) -> float:
    return lot.quantity * lot.value


def _return(lot: Lot) -> Way:
    if not lot.own:  # what is its supplier's goes back at any time
        return Way("return_to_supplier", _worth(lot), lot.last_day if not lot.expired else None)
    if not lot.usable and lot.why != "failed" and not lot.expired:
        return _not("return_to_supplier", "it is held or blocked", "已隔离或冻结")
    if lot.return_by is None:
        return _not("return_to_supplier", "its supplier takes nothing back", "供应商不接受退货")
    if lot.return_by < lot.today:
        return _not(
            "return_to_supplier", f"the return window ended on {lot.return_by}", f"退货期已于 {lot.return_by} 结束"
        )
    return Way("return_to_supplier", _worth(lot), lot.return_by)


def _credit(lot: Lot, settings: DispositionSettings) -> Way:
    if not lot.own or lot.why not in {"failed", "short_life"}:
        return _not("supplier_credit", "its supplier delivered as agreed", "供应商按约定交付")
    if lot.credited:
        return _not("supplier_credit", "it was claimed before", "已索赔")
    return Way("supplier_credit", _worth(lot) * settings.credit_part)


def _redistribute(lot: Lot) -> Way:
    if not lot.own or not lot.usable or lot.transfer_by is None or lot.transfer_by < lot.today:
        return _not("redistribute", "no other site can use it in time", "没有其他站点能及时使用")
    if not lot.transferable:
        return _not("redistribute", "left to transfers, which found none that pays", "由调拨处理，未发现划算的调拨")
    return Way("redistribute", _worth(lot), lot.transfer_by)


def _use_first(lot: Lot) -> Way:
    if not lot.usable or lot.why == "surplus":
        return _not("use_first", "it is not to be used, or not needed", "不得使用，或不需要")
    return Way("use_first", 0 if lot.at_risk else _worth(lot), lot.last_day)


def _resale(lot: Lot, settings: DispositionSettings) -> Way:
    last = None if lot.last_day is None else lot.last_day - timedelta(days=settings.resale_days)
    if not lot.own or not lot.usable:
        return _not("resale", "it may not be sold", "不得出售")
    if last is not None and last < lot.today:
        return _not(
            "resale",
            f"less than {settings.resale_days} days of life are left",
            f"剩余效期不足 {settings.resale_days} 天",
        )
    return Way("resale", _worth(lot) * settings.resale_part, last)


def _scrap(lot: Lot, settings: DispositionSettings) -> Way:
    if not lot.own or not (lot.expired or lot.why == "failed"):
        return _not("scrap", "it can still be used, or is not ours", "仍可使用，或不属于我方")
    return Way("scrap", 0, lot.today + timedelta(days=settings.scrap_days))


def _not(disposition: Disposition, english: str, chinese: str) -> Way:
    return Way(disposition, 0, why_not={"en": english, "zh": chinese})
