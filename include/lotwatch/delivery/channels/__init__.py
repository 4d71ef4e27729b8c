"""The ways to people: one module for each provider, all with one form.

A module is imported when its kind of channel is set up (`lotwatch_airflow.systems`), for some providers' clients are heavy.
"""

from lotwatch.delivery.channels.message import Channel, Message

__all__ = ["Channel", "Message"]
