"""Tasks: what people and other systems must carry out because of a proposal, followed until they are closed."""

from lotwatch.actions.tasks.following import close_task, follow
from lotwatch.actions.tasks.task import (
    Listed,
    NewTask,
    PointAnswer,
    Result,
    Role,
    Task,
    TaskKind,
    TaskLine,
    line_key,
    list_tasks,
    load_task,
    note_case,
    open_task,
    task_of,
)

__all__ = [
    "Listed",
    "NewTask",
    "PointAnswer",
    "Result",
    "Role",
    "Task",
    "TaskKind",
    "TaskLine",
    "close_task",
    "follow",
    "line_key",
    "list_tasks",
    "load_task",
    "note_case",
    "open_task",
    "task_of",
]
