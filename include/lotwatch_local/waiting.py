"""Waiting for a condition: asked again and again, for a bounded time."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from lotwatch.errors import LotwatchError

Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found], what: str, seconds: float, *, every: float = 0.2) -> Found:
    """Ask until the condition answers something true, and return that. Raises LotwatchError when it never does.

    What the condition raises is passed on at once.
    """
    asking = Retrying(
        retry=retry_if_result(lambda found: not found), stop=stop_after_delay(seconds), wait=wait_fixed(every)
    )
    try:
        return asking(condition)
    except RetryError:
        raise LotwatchError(f"Waited {seconds:.0f} s for {what}, in vain") from None
