"""Items, identifiers, units, parties, places, lanes, agreements, credentials, lots and kits, and what others call them."""

from lotwatch.master.post import ENTITIES, post_master

__all__ = ["ENTITIES", "post_master"]
