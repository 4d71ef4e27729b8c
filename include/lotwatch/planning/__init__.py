"""What levels are right: usage and lead times into policies; and how suppliers delivered."""

from lotwatch.planning.policies import PlanSettings, plan
from lotwatch.planning.suppliers import measure_suppliers

__all__ = ["PlanSettings", "measure_suppliers", "plan"]
