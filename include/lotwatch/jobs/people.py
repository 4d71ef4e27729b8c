"""Does the list of who is told fit what there is: roles, sites, regions, categories and sources?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

import psycopg

from lotwatch import actions, rules
from lotwatch.db.query import query
from lotwatch.delivery.people import People
from lotwatch.errors import nearest
from lotwatch.sources.registry import load_sources

#: roles that jobs tell, whatever the rules say
OWN_ROLES = frozenset({"ops", "buyer", "warehouse"})


def check(conn: psycopg.Connection, people: People, as_of: datetime) -> list[str]:
    """What is wrong by the rules in force, each with the subscriber and the field; empty: nothing."""
    known: dict[str, set[str]] = defaultdict(set)
    for kind, name in conn.execute(query(__package__, "known_places")):
        known[kind].add(name)
    known["sources"] |= load_sources().keys()
    told = OWN_ROLES | {role for rule in rules.active_rules(conn, as_of) for role in (*rule.notify, *rule.escalate_to)}
    for step in actions.active_policies(conn).steps.values():
        told |= {*step.approvers, *step.deputies, *step.escalate_to}
    found: list[str] = []
    for name, each in people.root.items():
        found += _unknown(f"{name}, roles", each.roles, told)
        for kind in ("sites", "regions", "categories", "sources"):
            found += _unknown(f"{name}, {kind}", getattr(each, kind), known[kind])
    reached = {role for each in people.root.values() for role in each.roles}
    found += [f"nobody has the role {role}, which is told of something" for role in sorted(told - reached)]
    return found


def _unknown(where: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"{where}: there is no {name}: {nearest(name, known) if known else 'there are none'}"
