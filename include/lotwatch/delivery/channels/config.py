"""Which ways to people there are, from `include/config/channels.yaml`."""

from typing import Literal

from lotwatch.config import Strict, read_config
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


class ChannelConfig(Strict):
    """A channel's kind, and the id of the connection that holds its address and secrets."""

    kind: Kind
    connection: str


def load_channels() -> dict[str, ChannelConfig]:
    """The ops team's list of channels by name. Raises LotwatchError for a file that cannot be used."""
    return read_config(CHANNELS, dict[str, ChannelConfig], "The list of channels")
