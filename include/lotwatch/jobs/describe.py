"""Values in words, for messages."""

from collections.abc import Mapping
from typing import Any


def in_words(evidence: Mapping[str, Any]) -> str:
    """`available 3, reorder point 12`: the values that fired an alert."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in evidence.items() if value is not None)
