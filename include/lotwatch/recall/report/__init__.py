"""The end of a case: whether every unit is accounted for, what stands against closing it, and the proof of what was done."""

from lotwatch.recall.report.closing import Obstacle, close_case, obstacles, reopen_case
from lotwatch.recall.report.proof import Proof, prove
from lotwatch.recall.report.reconcile import Reconciled, reconcile

__all__ = ["Obstacle", "Proof", "Reconciled", "close_case", "obstacles", "prove", "reconcile", "reopen_case"]
