"""The documented views that rules and pages read, and nothing else."""

from lotwatch.facts.moment import at, live
from lotwatch.facts.reference import Column, columns

__all__ = ["Column", "at", "columns", "live"]
