"""What warehouse systems are asked to do: hold, release, move, pick, bring forward, call back; written there once, and what they say of it."""

from lotwatch.actions.warehouse.registry import Warehouse, load_warehouses, warehouse_of
from lotwatch.actions.warehouse.requests import (
    TaskLine,
    call_back,
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
    is_being_written,
    load_task,
    lock_task,
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
    "call_back",
    "cancel_unwanted",
    "confirm_holds",
    "is_being_written",
    "load_task",
    "load_warehouses",
    "lock_task",
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
