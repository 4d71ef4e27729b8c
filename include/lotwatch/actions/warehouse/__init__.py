"""What warehouse systems are asked to do: hold, release, move, pick, bring forward; written there once, and what they say of it."""

from lotwatch.actions.warehouse.registry import Warehouse, load_warehouses, warehouse_of
from lotwatch.actions.warehouse.requests import (
    TaskLine,
    request_holds,
    request_pick,
    request_priority,
    request_transfer,
)
from lotwatch.actions.warehouse.tasks import (
    Task,
    acknowledged,
    cancel_unwanted,
    confirm_holds,
    load_task,
    refused,
    strike_refused,
    unacknowledged,
    written,
)

__all__ = [
    "Task",
    "TaskLine",
    "Warehouse",
    "acknowledged",
    "cancel_unwanted",
    "confirm_holds",
    "load_task",
    "load_warehouses",
    "refused",
    "request_holds",
    "request_pick",
    "request_priority",
    "request_transfer",
    "strike_refused",
    "unacknowledged",
    "warehouse_of",
    "written",
]
