"""Transactions that PostgreSQL broke off so that another could go on are done again."""

from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

_T = TypeVar("_T")


def in_transaction(conn: psycopg.Connection, work: Callable[[], _T]) -> _T:
    """Do `work` in a transaction of its own and return what it returns; again, up to five times, when it was broken off
    by a deadlock or a serialization failure."""
    attempts = Retrying(
        retry=retry_if_exception_type((DeadlockDetected, SerializationFailure)),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        stop=stop_after_attempt(5),
        reraise=True,
    )

    def once() -> _T:
        with conn.transaction():
            return work()

    return attempts(once)
