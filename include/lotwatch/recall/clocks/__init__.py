"""Who must do what by when: duties of law and house, and the clocks that they start in a case."""

from lotwatch.recall.clocks.duties import Duties, Duty, load_duties
from lotwatch.recall.clocks.keep import keep_clocks, meet, start_incident

__all__ = ["Duties", "Duty", "keep_clocks", "load_duties", "meet", "start_incident"]
