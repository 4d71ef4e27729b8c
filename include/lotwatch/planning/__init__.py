"""What levels are right: usage and lead times into policies."""

from lotwatch.planning.policies import PlanSettings, plan

__all__ = ["PlanSettings", "plan"]
