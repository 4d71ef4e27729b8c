"""Which ways to people there are, from `include/config/channels.yaml`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from lotwatch.config import read_config
from lotwatch.paths import CHANNELS

Kind = Literal[
    "sendgrid",
    "smtp",
    "twilio",
    "aliyun_sms",
    "wecom",
    "dingtalk",
    "feishu",
    "slack",
    "slack_webhook",
    "teams",
    "webhook",
]


class ChannelConfig(BaseModel):
    """A channel's kind, and the id of the connection that holds its address and secrets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    connection: str


def load_channels() -> dict[str, ChannelConfig]:
    """The ops team's list of channels by name. Raises LotwatchError for a file that cannot be used."""
    return read_config(CHANNELS, dict[str, ChannelConfig], "The list of channels")
