"""Mock recalls: a case that is real but for its stock, to measure how fast the house answers."""

from lotwatch.recall.drill.drill import Measured, measure, open_drill

__all__ = ["Measured", "measure", "open_drill"]
