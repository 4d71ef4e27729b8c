"""Items, identifiers, units, parties, places, lanes, agreements, credentials, lots and kits, and what others call them."""

from lotwatch.master.fill import fill_items, identify, refer
from lotwatch.master.notices import KnownNotice, list_notices
from lotwatch.master.post import ENTITIES, device_identifiers, post_master

__all__ = [
    "ENTITIES",
    "KnownNotice",
    "device_identifiers",
    "fill_items",
    "identify",
    "list_notices",
    "post_master",
    "refer",
]
