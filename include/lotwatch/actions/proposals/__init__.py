"""What should be done, of every kind: as it stands, how far it has come, and what it is called outside."""

from lotwatch.actions.proposals.acting import acting
from lotwatch.actions.proposals.changed import Part, less_by, order_now, quantities, with_change
from lotwatch.actions.proposals.kinds import DISPOSITIONS, KINDS, Disposition, Kind
from lotwatch.actions.proposals.placed import ItemNames, approved_on, decline, item_names, order_in_erp
from lotwatch.actions.proposals.progress import confirmed, drafted, failed, is_approved, set_state, take_untold, taken
from lotwatch.actions.proposals.proposal import Line, Proposal, load_proposal, lock
from lotwatch.actions.proposals.set_aside import SetAside, set_aside

__all__ = [
    "DISPOSITIONS",
    "KINDS",
    "Disposition",
    "ItemNames",
    "Kind",
    "Line",
    "Part",
    "Proposal",
    "SetAside",
    "acting",
    "approved_on",
    "confirmed",
    "decline",
    "drafted",
    "failed",
    "is_approved",
    "item_names",
    "less_by",
    "load_proposal",
    "lock",
    "order_in_erp",
    "order_now",
    "quantities",
    "set_aside",
    "set_state",
    "take_untold",
    "taken",
    "with_change",
]
