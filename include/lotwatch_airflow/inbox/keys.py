"""The keys with which sources sign, from their Airflow connections: looked up seldom, for that asks Airflow's database."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lotwatch.errors import LotwatchError, SourceError
from lotwatch.sources.inbox.signature import Key, read_keys

#: seconds for which keys are remembered: a new key counts, and one taken away is refused, after that
REMEMBERED = 30
#: name of the key that stands as the connection's password
PASSWORD = "password"  # noqa: S105 (a name)


@dataclass(frozen=True, slots=True)
class Login:
    """What a source may do here: its keys, and how many messages a second it may send (None: as the others)."""

    keys: tuple[Key, ...]
    rate: float | None = None


Found = TypeVar("Found")


class KeyRing(Generic[Found]):
    """Logins by connection id. `look_up` may block; it is asked in a thread, once for all who wait."""

    def __init__(self, look_up: Callable[[str], Found], clock: Callable[[], float]) -> None:
        self._look_up, self._clock = look_up, clock
        self._known: dict[str, tuple[float, Found | LotwatchError | None]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def login(self, conn_id: str) -> Found:
        """The login of a connection. Raises LotwatchError when it cannot be had, or cannot be used as it is."""
        async with self._locks.setdefault(conn_id, asyncio.Lock()):
            since, found = self._known.get(conn_id, (float("-inf"), None))
            if found is None or self._clock() - since > REMEMBERED:
                try:
                    found = await asyncio.to_thread(self._look_up, conn_id)
                except LotwatchError as error:
                    found = error
                self._known[conn_id] = (self._clock(), found)
        if isinstance(found, LotwatchError):
            raise found
        return found


def airflow_login(conn_id: str) -> Login:
    """The login of an Airflow connection: its password is a key, its extra holds `keys` and perhaps `messages_per_second`.

    Raises SourceError.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowException

    where = f"Airflow's connection {conn_id}"
    try:
        found = BaseHook.get_connection(conn_id)
        extra = found.extra_dejson
    except AirflowException:
        raise SourceError("There is no connection with the keys", where=where, do="add it, see docs/push.md") from None
    return login_of(found.password, extra, where)


def login_of(password: str | None, extra: Mapping[str, Any], where: str) -> Login:
    """A login from a connection's password and extra. Raises SourceError when there is no key, or a wrong one."""
    written = dict(extra.get("keys") or {})
    if password:
        written[PASSWORD] = {"secret": password}
    if not written:
        raise SourceError("There is no key", where=where, do='add {"keys": {...}} to its extra, see docs/push.md')
    rate = extra.get("messages_per_second")
    if rate is not None and not (isinstance(rate, int | float) and rate > 0):
        raise SourceError("messages_per_second is not a number above 0", where=where, do="correct it")
    return Login(read_keys(written, where), rate)
