"""Looking back: pages that can show what was so at a past moment."""

from datetime import datetime, timedelta
from typing import Literal

from fastapi.exceptions import RequestValidationError

from lotwatch_airflow.board.database import Past
from lotwatch_airflow.board.filters import Filters, Moment
from lotwatch_airflow.board.listing import fetch_all
from lotwatch_airflow.board.view import View

#: how far the slider goes back; the field beside it goes back to the first movement
SLIDER = timedelta(days=90)
#: the steps beside them, in days
STEPS = {"now": 0, "yesterday": 1, "week": 7, "month": 30}


class PastFilters(Filters):
    """`at` is the moment to look at, now unless told; `known`: by what is known of it now, or was known then."""

    at: Moment | None = None
    known: Literal["now", "then"] = "now"


def look_back(view: View, filters: PastFilters) -> datetime | None:
    """Turn the view to the moment that is asked for; return where its slider begins, None where nothing ever moved.

    Raises RequestValidationError for a moment that is yet to come or before the first movement.
    """
    with view.transaction() as conn:
        known = fetch_all(conn, "past_bounds", {"at": filters.at, "slider": view.as_of - SLIDER})[0]
    if filters.at is not None:
        if filters.at > view.as_of or not known["had_begun"]:
            raise RequestValidationError([{"loc": ("query", "at"), "type": "no_such_moment"}])
        view.past = Past(filters.at, filters.at if filters.known == "then" else None)
    begins: datetime | None = known["begins"]
    return begins
