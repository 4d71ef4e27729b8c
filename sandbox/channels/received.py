"""What was sent to somebody, as all ways to people are shown."""

from typing import Any

from pydantic import AwareDatetime, BaseModel


class Received(BaseModel):
    """A message; `request` is what was sent, as it was sent. `message_id` is the provider's."""

    channel: str
    message_id: str
    received_at: AwareDatetime
    to: list[str] = []
    heading: str = ""
    text: str
    link: str = ""
    reference: str = ""
    request: dict[str, Any]
