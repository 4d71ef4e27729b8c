"""What one message, one source and this process may take, so that Airflow's own routes stay quick."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the inbox's door.

    A message: `body` bytes, `events`, `skew` (seconds that its timestamp may differ), `patience` (seconds for its body
    to come). A source: `rate` messages a second, `burst` at once. All: `open` messages and `open_bytes` being received,
    `backlog` events that wait to be read, and `lag` (seconds that the event loop may be late, on average).
    """

    body: int = 5 * 1024 * 1024
    events: int = 5_000
    skew: float = 300
    patience: float = 10
    rate: float = 100
    burst: float = 200
    open: int = 64
    open_bytes: int = 32 * 1024 * 1024
    backlog: int = 250_000
    lag: float = 0.1


class Bucket:
    """A token bucket: `rate` tokens a second, `burst` at most."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self._burst, self._tokens, self._at = burst, burst, now

    def take(self, now: float) -> float:
        """Take one; returns 0, or the seconds until there will be one (then none is taken)."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0


class Lag:
    """How late this process's event loop is on average (seconds): measured while messages come, ten times a second."""

    #: seconds between two looks, and after the last message for which it goes on; what one look weighs
    _EVERY, _AFTERWARDS, _WEIGHT = 0.1, 2.0, 0.2

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = 0.0
        self._measuring = False
        self.seconds = 0.0

    def measure(self) -> None:
        """A message has come: go on measuring for some seconds."""
        self._until = self._clock() + self._AFTERWARDS
        if not self._measuring:
            self._measuring, self.seconds = True, 0.0
            self._look_later()

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(self._EVERY, self._look, self._clock() + self._EVERY)

    def _look(self, expected: float) -> None:
        late = max(0.0, self._clock() - expected)
        self.seconds += self._WEIGHT * (late - self.seconds)
        if self._clock() < self._until:
            self._look_later()
        else:
            self._measuring = False
