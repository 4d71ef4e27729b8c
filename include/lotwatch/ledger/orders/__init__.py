"""What suppliers answer to orders, and what that means for each order line."""

from lotwatch.ledger.orders.answers import (
    Answer,
    AnsweredLine,
    AnsweredPart,
    apply_answers,
    apply_to_batch,
    declined,
    first_answer,
    keep_answer,
    last_answer,
    name_supplier,
    ordered,
    unknown_orders,
    wake,
    withdraw,
)

__all__ = [
    "Answer",
    "AnsweredLine",
    "AnsweredPart",
    "apply_answers",
    "apply_to_batch",
    "declined",
    "first_answer",
    "keep_answer",
    "last_answer",
    "name_supplier",
    "ordered",
    "unknown_orders",
    "wake",
    "withdraw",
]
