"""The trial company: what is in its ERP, deterministic given a random seed, a day and (optionally) real data.

`make_world` is pure: it reads no clock and no database, and the same arguments give the same world. The parts:
catalogue.py (devices, suppliers, places), history.py (eighteen months of stock moving), cases.py (what a trial needs to
find: special cases, and bad rows with the rule each should break).
"""

from datetime import date, timedelta
from pathlib import Path
from random import Random

from sandbox.tryton import cases, catalogue, history
from sandbox.tryton.world import World

HISTORY_DAYS = 548
RANDOM_SEED = 20


def make_world(today: date, data: Path | None = None, random_seed: int = RANDOM_SEED) -> World:
    """The trial company as of `today`; with `data` (a folder), devices, lead times and usage are taken from life."""
    random = Random(random_seed)
    world = World(today)
    catalogue.fill(world, random, data)
    history.run(world, random, data, start=today - timedelta(days=HISTORY_DAYS))
    cases.add(world, random)
    return world
