"""Suggests which of our items a code or device identifier that nobody knows may be; a person confirms or rejects.

Nothing is matched by likeness alone: only an identifier that is exactly ours is, and that before anything gets here.
"""

from lotwatch.consistency.matching.decide import Suggestion, confirm, list_suggestions, reject
from lotwatch.consistency.matching.likeness import Described, Known, Match
from lotwatch.consistency.matching.suggest import THRESHOLD, suggest

__all__ = [
    "THRESHOLD",
    "Described",
    "Known",
    "Match",
    "Suggestion",
    "confirm",
    "list_suggestions",
    "reject",
    "suggest",
]
