"""Items, identifiers, parties, places and agreements."""

from lotwatch.master.post import ENTITIES, post_master

__all__ = ["ENTITIES", "post_master"]
