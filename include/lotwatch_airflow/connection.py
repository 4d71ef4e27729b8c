"""What an Airflow connection says of an address."""

from typing import Any


def url(connection: Any) -> str:
    """Scheme, host and port, without login or path."""
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.conn_type}://{connection.host}{port}"
