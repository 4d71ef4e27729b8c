"""Priorities: what waits at one site is brought forward when another is critically short of it."""

from lotwatch.actions.priorities.propose import propose_priorities

__all__ = ["propose_priorities"]
