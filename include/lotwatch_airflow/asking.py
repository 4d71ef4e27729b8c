"""A question to a person, under Required Actions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param

from lotwatch_airflow.job import connect, run_context


class AskPerson(HITLOperator):
    """Approve or reject, with a note. Without an answer within `seconds` it is a no.

    What was answered on the board or by a link before it is asked here is not asked.
    """

    template_fields: Sequence[str] = (*HITLOperator.template_fields, "seconds", "question")

    def __init__(self, *, seconds: int, question: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(
            options=["Approve", "Reject"],
            defaults="Reject",
            params={"note": Param("", type="string", title="Note / 备注", maxLength=500)},
            response_timeout=timedelta(days=1),
            **kwargs,
        )
        self.seconds = seconds
        self.question = question

    def execute(self, context: Context) -> Any:
        """Ask. The time to answer is the question's own."""
        from lotwatch.actions import NOT_ASKED
        from lotwatch.jobs import order as jobs

        with connect() as conn:
            if not jobs.is_asked(conn, run_context(context), **self.question):
                return NOT_ASKED
        self.response_timeout = timedelta(seconds=int(self.seconds))
        return super().execute(context)
