"""What is measured, by room. Each measure calls the project as a task does: on a fresh connection, commit included."""

from collections.abc import Callable, Iterator
from typing import Literal

from bench.figures import Figure
from bench.measures.actions import measure_flow, measure_proposals, measure_reorder, measure_transfers
from bench.measures.connectors import measure_connectors
from bench.measures.facts import measure_as_of
from bench.measures.gate import measure_gate
from bench.measures.ledger import (
    measure_holds,
    measure_one_position,
    measure_post,
    measure_rebuild,
    measure_trace,
    measure_verify,
)
from bench.measures.matching import measure_matching, measure_receive
from bench.measures.picking import measure_route, measure_waves
from bench.measures.planning import measure_plan
from bench.measures.push import measure_push
from bench.measures.recall import measure_respond
from bench.measures.rules import measure_changed, measure_compile, measure_sweep
from bench.measures.tryton import measure_tryton
from bench.world import World

Name = Literal[
    "rebuild", "verify", "post", "position", "trace", "gate", "plan", "asof", "compile", "sweep", "changed", "transfers",
    "reorder", "holds", "flow", "proposals", "route", "waves", "match", "respond", "connectors", "tryton", "push", "receive",
]  # fmt: skip
#: in the order in which they build on one another
MEASURES: dict[Name, Callable[[World], Iterator[Figure]]] = {
    "rebuild": measure_rebuild,
    "verify": measure_verify,
    "post": measure_post,
    "position": measure_one_position,
    "trace": measure_trace,
    "gate": measure_gate,
    "plan": measure_plan,
    "asof": measure_as_of,
    "compile": measure_compile,
    "sweep": measure_sweep,
    "changed": measure_changed,
    "transfers": measure_transfers,
    "reorder": measure_reorder,
    "holds": measure_holds,
    "flow": measure_flow,
    "proposals": measure_proposals,
    "route": measure_route,
    "waves": measure_waves,
    "match": measure_matching,
    "respond": measure_respond,
    "connectors": measure_connectors,
    "tryton": measure_tryton,
    "push": measure_push,
    "receive": measure_receive,
}
#: measured only when they are asked for: they start real servers, and take minutes
ON_REQUEST: frozenset[Name] = frozenset({"tryton", "push", "receive"})
#: what must have been done before a measure
NEEDS: dict[Name, set[Name]] = {
    "asof": {"plan"}, "sweep": {"plan"}, "changed": {"plan", "sweep"}, "transfers": {"plan", "sweep"},
    "reorder": {"plan", "sweep"}, "holds": {"plan"},
}  # fmt: skip

__all__ = ["MEASURES", "NEEDS", "ON_REQUEST", "Name"]
