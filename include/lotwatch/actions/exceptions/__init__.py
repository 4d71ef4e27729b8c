"""Exceptions: cases with suppliers and carriers about what is late, silent, lost, damaged, too warm, short or declined."""

from lotwatch.actions.exceptions.carry import open_case
from lotwatch.actions.exceptions.propose import propose_exceptions
from lotwatch.actions.exceptions.terms import Asks, Terms, load_exceptions

__all__ = ["Asks", "Terms", "load_exceptions", "open_case", "propose_exceptions"]
