"""Who receives a message: checked before anything is sent, and counted when only some of them got it."""

import re
from collections.abc import Callable, Sequence

from lotwatch.delivery.outcome import DeliveryError, Refused

#: one bare address; a client that is given "a@x.org, b@x.org" may write to the first and drop the second
_ADDRESS = re.compile(r'[^@\s,;:<>()\[\]"\\]+@[^@\s,;:<>()\[\]"\\]+')
_NUMBER = re.compile(r"\+?[0-9]{5,15}")
#: a name by which a robot calls somebody; never what calls everybody
_NAME = re.compile(r"(?!all$|channel$|here$|everyone$)[\w+][\w.+@\-]{0,127}", re.IGNORECASE)
_MOST = 1000


def mail_addresses(to: Sequence[str], where: str) -> tuple[str, ...]:
    """`to`, each of them an address and at least one. Raises Refused."""
    return _checked(to, _ADDRESS, "mail address", where, least=1)


def numbers(to: Sequence[str], where: str) -> tuple[str, ...]:
    """`to`, each of them a telephone number and at least one. Raises Refused."""
    return _checked(to, _NUMBER, "telephone number", where, least=1)


def names(to: Sequence[str], where: str) -> tuple[str, ...]:
    """`to`, each of them a name to call somebody by; perhaps none. Raises Refused."""
    return _checked(to, _NAME, "name that a robot may call", where, least=0)


def one_by_one(to: Sequence[str], send: Callable[[str], str]) -> str:
    """Send to each of `to` in turn, past those that refuse; returns the ids, separated by spaces.

    Raises the first error that leaves hope, or else the first refusal; its `accepted` are those that have it. A channel
    that is down, or does not answer clearly, is not asked any further.
    """
    done: dict[str, str] = {}
    refusal: Refused | None = None
    for recipient in dict.fromkeys(to):
        try:
            done[recipient] = send(recipient)
        except Refused as error:
            refusal = refusal or error
        except DeliveryError as error:
            error.accepted = tuple(done)
            raise
    if refusal is not None:
        refusal.accepted = tuple(done)
        raise refusal
    return " ".join(done.values())


def _checked(to: Sequence[str], form: re.Pattern[str], what: str, where: str, least: int) -> tuple[str, ...]:
    wrong = next((each for each in to if len(each) > 254 or not form.fullmatch(each)), None)
    if wrong is not None:
        raise Refused(f"{wrong[:80]!r} is no {what}.", where=where, do="correct who is told")
    if not least <= len(to) <= _MOST:
        raise Refused(f"There are {len(to)} recipients.", where=where, do=f"name {least} to {_MOST}")
    return tuple(to)
