"""Who sees which sites. The database itself keeps to it: see the migration that made the tables."""

from lotwatch.access.grants import Grant, grant, grants, introduce, revoke
from lotwatch.access.sight import Sight, see_as, sees_site

__all__ = ["Grant", "Sight", "grant", "grants", "introduce", "revoke", "see_as", "sees_site"]
