"""A question to a person, under Required Actions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param


class AskPerson(HITLOperator):
    """Approve or reject, with a note. Without an answer within `seconds` it is a no."""

    template_fields: Sequence[str] = (*HITLOperator.template_fields, "seconds")

    def __init__(self, *, seconds: int, **kwargs: Any) -> None:
        super().__init__(
            options=["Approve", "Reject"],
            defaults="Reject",
            params={"note": Param("", type="string", title="Note / 备注", maxLength=500)},
            response_timeout=timedelta(days=1),
            **kwargs,
        )
        self.seconds = seconds

    def execute(self, context: Context) -> Any:
        """Ask. The time to answer is the question's own."""
        self.response_timeout = timedelta(seconds=int(self.seconds))
        return super().execute(context)
