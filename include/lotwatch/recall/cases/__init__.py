"""The life of a case: opened by a notice or a decision, its verdicts, its holds, and what people say of them."""

from lotwatch.recall.cases.opening import LOTWATCH, Opened, open_cases
from lotwatch.recall.cases.reviewing import answer, open_by_quality

__all__ = ["LOTWATCH", "Opened", "answer", "open_by_quality", "open_cases"]
