"""How often a source should be read, by its schedule."""

from datetime import datetime, timedelta
from itertools import pairwise

from croniter import croniter

#: due times looked at: a schedule may leave out nights and week-ends
_LOOKED_AT = 20


def longest_wait(schedule: str, after: datetime) -> timedelta:
    """The longest time between two of the next due times of a cron expression (UTC)."""
    due = croniter(schedule, after)
    times = [due.get_next(datetime) for _ in range(_LOOKED_AT)]
    return max(later - earlier for earlier, later in pairwise(times))
