"""Holds: an overlay on stock that only its own authority lifts, whatever the warehouse system goes on moving."""

from lotwatch.ledger.holds.hold import (
    AUTHORITY,
    Cause,
    Hold,
    PlacedHold,
    confirm_hold,
    hold_failed_lots,
    list_holds,
    named,
    place_hold,
    release_hold,
    unconfirm_hold,
)

__all__ = [
    "AUTHORITY",
    "Cause",
    "Hold",
    "PlacedHold",
    "confirm_hold",
    "hold_failed_lots",
    "list_holds",
    "named",
    "place_hold",
    "release_hold",
    "unconfirm_hold",
]
