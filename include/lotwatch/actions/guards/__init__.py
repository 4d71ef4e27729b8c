"""What may not be done, and why: before anybody is asked, and again before anything is sent."""

from lotwatch.actions.guards.caps import Caps, load_caps
from lotwatch.actions.guards.guard import Refusal, guard, refuse

__all__ = ["Caps", "Refusal", "guard", "load_caps", "refuse"]
