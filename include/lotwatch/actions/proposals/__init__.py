"""What should be done, of every kind: as it stands, how far it has come, and what it is called outside."""

from lotwatch.actions.proposals.acting import acting
from lotwatch.actions.proposals.kinds import DISPOSITIONS, KINDS, Disposition, Kind
from lotwatch.actions.proposals.placed import ItemNames, approved_on, decline, item_names, order_in_erp
from lotwatch.actions.proposals.progress import confirmed, drafted, failed, is_approved, set_state, take_untold
from lotwatch.actions.proposals.proposal import Line, Proposal, load_proposal, lock

__all__ = [
    "DISPOSITIONS",
    "KINDS",
    "Disposition",
    "ItemNames",
    "Kind",
    "Line",
    "Proposal",
    "acting",
    "approved_on",
    "confirmed",
    "decline",
    "drafted",
    "failed",
    "is_approved",
    "item_names",
    "load_proposal",
    "lock",
    "order_in_erp",
    "set_state",
    "take_untold",
]
