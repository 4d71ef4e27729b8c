"""Items, identifiers, units, parties, places, lanes, agreements, credentials, lots and kits, and what others call them."""

from lotwatch.master.fill import fill_items, identify, refer
from lotwatch.master.post import ENTITIES, post_master

__all__ = ["ENTITIES", "fill_items", "identify", "post_master", "refer"]
