"""Precautions before a recall: a lot with bad news is held wherever it is, once quality has said yes."""

from lotwatch.actions.precautions.carry import hold_lot
from lotwatch.actions.precautions.propose import propose_precautions

__all__ = ["hold_lot", "propose_precautions"]
