"""The documented views that rules and pages read, and nothing else."""

from lotwatch.facts.moment import at, live
from lotwatch.facts.reference import Column, Schema, absent, columns
from lotwatch.facts.stock import Stock, stock

__all__ = ["Column", "Schema", "Stock", "absent", "at", "columns", "live", "stock"]
