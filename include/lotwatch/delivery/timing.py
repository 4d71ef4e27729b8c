"""When a subscriber may be told: quiet hours, digests, and not too many messages an hour."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from lotwatch.delivery.people import Subscriber

HOUR = timedelta(hours=1)


def held_until(
    subscriber: Subscriber, severity: str, now: datetime, released: Sequence[datetime], *, due: bool = False
) -> datetime | None:
    """Until when a message must wait; None: it may go now.

    `released`: when others were let go within the last hour. `due`: it has waited for its digest already.
    """
    if severity == "critical":
        return None
    moment = now if due else _next_digest(subscriber, now)
    moment = _after_quiet_hours(subscriber, moment)
    if moment > now:
        return moment
    recent = sorted(each for each in released if each > now - HOUR)
    if subscriber.at_most is not None and len(recent) >= subscriber.at_most:
        return _after_quiet_hours(subscriber, recent[-subscriber.at_most] + HOUR)
    return None


def _next_digest(subscriber: Subscriber, now: datetime) -> datetime:
    if subscriber.digest == "immediately":
        return now
    if subscriber.digest == "hourly":
        return now.replace(minute=0, second=0, microsecond=0) + HOUR
    return _next(subscriber.digest, subscriber.zone, now)


def _after_quiet_hours(subscriber: Subscriber, moment: datetime) -> datetime:
    """The moment itself, or the end of the quiet hours it falls into."""
    hours = subscriber.quiet_hours
    if hours is None:
        return moment
    local = moment.astimezone(subscriber.zone).time()
    over_midnight = hours.begin > hours.end
    quiet = (local >= hours.begin or local < hours.end) if over_midnight else hours.begin <= local < hours.end
    return _next(hours.end, subscriber.zone, moment) if quiet else moment


def _next(clock: time, zone: ZoneInfo, after: datetime) -> datetime:
    """The first moment after `after` when clocks of the zone show `clock`; what the clocks skip comes as they are set."""
    day = after.astimezone(zone).date()
    # through the zone and back: a time that is skipped in spring becomes a real one; in autumn there may be two
    found = (
        datetime.combine(day + timedelta(days=days), clock.replace(fold=fold), zone).astimezone(after.tzinfo)
        for days in range(3)
        for fold in (0, 1)
    )
    return min(moment for moment in found if moment > after)
