"""A message as every channel takes it, and what a channel is."""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from pydantic import Field

from lotwatch.config import Strict

Text = Annotated[str, Field(min_length=1)]
OneLine = Annotated[str, Field(min_length=1, pattern=r"^[^\r\n]*$")]

#: the words on what leads to `Message.link`
OPEN = {"en": "Open in Lotwatch", "zh": "在 Lotwatch 中打开"}


class Message(Strict):
    """A message in one language; also read from and written to JSON (the outbox's payload).

    `reference` is ours, one for each message: it travels along wherever a provider takes it. `short` is for a telephone and
    for a heading: what, where, how bad. `link` leads to the place to act. `text` and `html` say everything.
    Raises `pydantic.ValidationError` (a ValueError) naming the field.
    """

    reference: Annotated[str, Field(min_length=1, max_length=400)]
    lang: Literal["en", "zh"]
    severity: Literal["info", "warning", "critical"]
    subject: OneLine
    text: Text
    html: Text
    short: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\r\n]*$")]
    link: Annotated[str, Field(pattern=r"^https?://[^\s<>\x22]+$", max_length=1000)]


class Channel(Protocol):
    """A way to people that has been set up."""

    def send(self, message: Message, to: Sequence[str]) -> str:
        """Send `message` and return the provider's id of it (of several: separated by spaces).

        `to` are addresses, telephone numbers or, for a robot in a group, the people to be called by name (may be empty).
        Raises `Refused` (never send it again), `Unavailable` (send it again after `retry_after`) or `Unclear` (it may have
        arrived); their `accepted` names those of `to` that have it all the same, and are not to be sent it again.
        """
