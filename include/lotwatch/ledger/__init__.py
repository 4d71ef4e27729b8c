"""Movements, positions and what hangs on them: one true picture of every lot and serial."""

from lotwatch.ledger.cold_chain import Tolerance, load_tolerance, watch_cold_chain
from lotwatch.ledger.counts import decide_count
from lotwatch.ledger.holds import AUTHORITY, Hold, confirm_hold, place_hold, release_hold, unconfirm_hold
from lotwatch.ledger.labels import LabelPolicy, check_labels, load_label_policy
from lotwatch.ledger.past import quantity_at, take_snapshot
from lotwatch.ledger.post import post_events
from lotwatch.ledger.posting import Changes, changed_items, clear_changes, make_partitions
from lotwatch.ledger.reconcile import Difference, rebuild, verify

__all__ = [
    "AUTHORITY",
    "Changes",
    "Difference",
    "Hold",
    "LabelPolicy",
    "Tolerance",
    "changed_items",
    "check_labels",
    "clear_changes",
    "confirm_hold",
    "decide_count",
    "load_label_policy",
    "load_tolerance",
    "make_partitions",
    "place_hold",
    "post_events",
    "quantity_at",
    "rebuild",
    "release_hold",
    "take_snapshot",
    "unconfirm_hold",
    "verify",
    "watch_cold_chain",
]
