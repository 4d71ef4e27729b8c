"""How long it takes to read the facts of a moment."""

from collections.abc import Callable
from functools import partial
from statistics import median

import psycopg

from bench.figures import Stopwatch
from bench.world import AS_OF, World
from lotwatch import facts
from lotwatch.db.query import query

#: sets the moment for whoever reads next
Look = Callable[[psycopg.Connection], None]
NOW: Look = partial(facts.live, as_of=AS_OF)


def seconds_to_read(world: World, what: str, look: Look = NOW, times: int = 3) -> float:
    """Seconds that the statement `what` takes at a moment, each time on a fresh connection: the median of `times`."""
    seconds = []
    for _ in range(times):
        with world.connect() as conn:
            look(conn)
            with Stopwatch() as watch:
                conn.execute(query(__package__, what))
            seconds.append(watch.seconds)
    return median(seconds)
