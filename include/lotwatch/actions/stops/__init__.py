"""The stop switch."""

from lotwatch.actions.stops.switch import Scope, Stop, resume, sending, stop, stops_in_force

__all__ = ["Scope", "Stop", "resume", "sending", "stop", "stops_in_force"]
