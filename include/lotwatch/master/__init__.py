"""Items, identifiers, units, parties, places, lanes, agreements, credentials, lots and kits, and what others call them."""

from lotwatch.master.notices import KnownNotice, list_notices
from lotwatch.master.post import ENTITIES, post_master

__all__ = ["ENTITIES", "KnownNotice", "list_notices", "post_master"]
