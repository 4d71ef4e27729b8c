"""What suppliers write in their answers, as exact values. Every function raises ValueError naming what cannot be one."""

from decimal import Decimal, InvalidOperation

_LONGEST_REASON = 500
_PRICE = Decimal("0.0001")


def pieces(written: str | None) -> int:
    """A whole quantity."""
    amount = _decimal(written, "quantity")
    if amount != amount.to_integral_value() or amount < 0:
        raise ValueError(f"a quantity is {amount}, no whole number of pieces")
    return int(amount)


def price(written: str, per: str = "1") -> Decimal:
    """The price of one piece, where so many cost what is written."""
    base = _decimal(per, "base quantity of a price")
    if base <= 0:
        raise ValueError("the base quantity of a price is not above zero")
    return (_decimal(written, "price") / base).quantize(_PRICE)


def line_number(written: str | None) -> int | None:
    """The number of a line; None where it is none of ours."""
    is_one = written and written.isascii() and written.isdigit() and len(written) < 9
    return (int(written) or None) if written and is_one else None


def words(said: str | None) -> str | None:
    """A reason, its spaces made plain and its length bounded; None where there is none."""
    return " ".join((said or "")[: 4 * _LONGEST_REASON].split())[:_LONGEST_REASON] or None


def _decimal(written: str | None, what: str) -> Decimal:
    try:
        read = Decimal((written or "").strip())
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite() or abs(read.adjusted()) > 15:
        raise ValueError(f'a {what} is "{(written or "")[:40]}"')
    return read
