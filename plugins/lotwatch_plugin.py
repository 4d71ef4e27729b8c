"""Puts Lotwatch's board into Airflow's navigation, and the inbox beside it.

Every part of Airflow, each task included, executes this file: what is heavy is imported when the API server asks for it.
"""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class LotwatchPlugin(AirflowPlugin):
    """The board at /lotwatch with its place in the navigation, and beside each run what it did to alerts; the door of the
    inbox at /lotwatch-inbox, and that of providers who tell what became of messages at /lotwatch-messages."""

    name = "lotwatch"
    external_views = [  # noqa: RUF012  # Airflow's own form
        {
            "name": "Lotwatch",
            "href": "/lotwatch/",
            "destination": "nav",
            "url_route": "lotwatch",
            "icon": "/lotwatch/static/icon.svg",
            "nav_top_level": True,
        },
        {
            "name": "Alerts",
            "href": "/lotwatch/alerts/runs/{DAG_ID}/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "lotwatch-alerts",
            "icon": "/lotwatch/static/icon.svg",
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The applications; only the API server asks for them."""
        from lotwatch.actions.approvals.links import MOUNT as ANSWERS
        from lotwatch_airflow.answer_page import answer_page_of_airflow
        from lotwatch_airflow.board import MOUNT
        from lotwatch_airflow.board.app import board_of_airflow
        from lotwatch_airflow.inbox import MOUNT as INBOX
        from lotwatch_airflow.inbox.app import inbox_of_airflow
        from lotwatch_airflow.message_events import MOUNT as MESSAGES
        from lotwatch_airflow.message_events import message_events_of_airflow

        return [
            {"name": "lotwatch", "app": board_of_airflow(), "url_prefix": MOUNT},
            {"name": "lotwatch answers", "app": answer_page_of_airflow(), "url_prefix": ANSWERS},
            {"name": "lotwatch inbox", "app": inbox_of_airflow(), "url_prefix": INBOX},
            {"name": "lotwatch messages", "app": message_events_of_airflow(), "url_prefix": MESSAGES},
        ]
