"""The response to a recall: from an open case to the tasks of every site and a message to each."""

from collections.abc import Iterator

from bench.figures import Figure, Stopwatch
from bench.world import AS_OF, World
from lotwatch.db.query import query
from lotwatch.delivery.people import People
from lotwatch.errors import LotwatchError
from lotwatch.jobs.recall_response import respond

_CODE, _LOTS, _SITES = "RC-BENCH", 200, 200


def measure_respond(world: World) -> Iterator[Figure]:
    """200 lots at each of 200 sites located, made into tasks and told; and an hour later, when nothing has changed.

    Raises LotwatchError when a site was not told.
    """
    to = [{"smtp": "site@bench.example"}]
    sites = {
        f"site{n}": {"roles": ["warehouse"], "sites": [f"RECALL-{n}"], "channels": to} for n in range(1, _SITES + 1)
    }
    people = People.model_validate(sites)
    with world.connect() as conn:
        conn.execute(query(__package__, "open_recall"), {"code": _CODE, "as_of": AS_OF})
    world.settle()
    for case in ("200 lots at 200 sites: tasks and messages", "the same an hour later: nothing to do"):
        context = world.context()
        with world.connect() as conn, Stopwatch() as watch:
            counts = respond(conn, context, _CODE, people)
            conn.commit()
        expected = _SITES if case.startswith("200") else 0
        if counts["told"] != expected:
            raise LotwatchError(f"{counts['told']} were told, not {expected}", where=_CODE)
        yield Figure("respond", case, _LOTS * _SITES, "lots in places", watch.seconds)
