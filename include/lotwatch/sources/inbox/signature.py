"""Signatures of what is pushed, as the Standard Webhooks specification has them (https://www.standardwebhooks.com).

`webhook-signature` holds one or more `v1,<base64>`, separated by spaces: HMAC-SHA256 over `<id>.<timestamp>.<body>`. A
secret `whsec_<base64>` stands for the bytes that are encoded; any other for its own characters.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from lotwatch.errors import SourceError

_PREFIX, _VERSION = "whsec_", "v1,"
#: bytes that a secret has at least
SHORTEST = 24
#: signatures that a message may bring: one for each key in force, and some to spare
_MOST = 8


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its name, in force until a moment (UTC); None: until it is taken away."""

    key_id: str
    secret: bytes = field(repr=False)
    until: datetime | None = None


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message, as `webhook-signature` has it; `timestamp` in seconds since 1970."""
    return _VERSION + b64encode(_digest(secret, message_id, timestamp, body)).decode()


def signer(
    keys: Iterable[Key], signatures: str, message_id: str, timestamp: int, body: bytes, now: datetime
) -> str | None:
    """The name of the key in force that has signed the message; None when none has. Takes as long whichever it is."""
    given = [each.removeprefix(_VERSION).encode() for each in signatures.split() if each.startswith(_VERSION)][:_MOST]
    found = None
    for key in keys:
        if key.until is not None and key.until <= now:
            continue
        expected = b64encode(_digest(key.secret, message_id, timestamp, body))
        for each in given:
            if hmac.compare_digest(each, expected):
                found = found or key.key_id
    return found


def secret_bytes(text: str) -> bytes:
    """The bytes of a secret as it is written. Raises ValueError for one that is too short to be one."""
    secret = b64decode(text.removeprefix(_PREFIX), validate=True) if text.startswith(_PREFIX) else text.encode()
    if len(secret) < SHORTEST:
        raise ValueError(f"a secret has at least {SHORTEST} bytes")
    return secret


def read_keys(written: Mapping[str, Any], where: str) -> tuple[Key, ...]:
    """Keys from `{"2026-10": {"secret": "whsec_...", "until": "2026-11-30T00:00Z"}}`; `until` may be left out.

    Raises SourceError that names the key, and tells nothing of its secret.
    """
    keys = []
    for name, entry in written.items():
        try:
            until = entry.get("until")
            moment = datetime.fromisoformat(until) if until else None
            if moment is not None and moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            keys.append(Key(str(name), secret_bytes(entry["secret"]), moment))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SourceError(
                f"The key {name} cannot be used",
                where=where,
                do=f'write {{"secret": "whsec_...", "until": "2026-11-30T00:00Z"}}, of {SHORTEST} bytes at least',
            ) from None
    return tuple(keys)


def _digest(secret: bytes, message_id: str, timestamp: int, body: bytes) -> bytes:
    made = hmac.new(secret, f"{message_id}.{timestamp}.".encode(), sha256)
    made.update(body)
    return made.digest()
