"""Links of messages, with which somebody answers without a login: signed, for one question and one person, until its end."""

from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from pydantic import ValidationError

from lotwatch.config import Strict

#: where the page is that links lead to, below the address of this installation
MOUNT = "/lotwatch-answer"


class Invitation(Strict):
    """What a link is for: who may answer which question, and until when."""

    proposal_id: int
    revision: int
    step: str
    person: str
    until: datetime


class Links:
    """Makes links with `key`, and reads them. `base_url` is the address by which people know this installation."""

    def __init__(self, key: str, base_url: str) -> None:
        self._signer = URLSafeSerializer(key, salt="lotwatch.answer")
        self._base = base_url.rstrip("/")

    def address(self, invitation: Invitation) -> str:
        """The address of the page on which the question is answered."""
        asked = [invitation.proposal_id, invitation.revision, invitation.step, invitation.person]
        token = self._signer.dumps([*asked, int(invitation.until.timestamp())])
        return f"{self._base}{MOUNT}/{token}"

    def read(self, token: str, as_of: datetime) -> Invitation | None:
        """What a link is for; None for one that is not ours, was changed, or whose time has passed."""
        try:
            proposal_id, revision, step, person, until = self._signer.loads(token)
            found = Invitation(
                proposal_id=proposal_id,
                revision=revision,
                step=step,
                person=person,
                until=datetime.fromtimestamp(until, UTC),
            )
        except (BadData, ValidationError, ValueError, TypeError):
            return None
        return found if as_of <= found.until else None


def with_addresses(data: dict[str, Any], links: Links | None) -> dict[str, Any]:
    """A message's data in which rows with an invitation have its link; without a key there are none, and the board is used.

    Done when a message is sent: nobody who may read the outbox can answer for somebody else.
    """
    if links is None or "rows" not in data:
        return data
    rows = [
        row | {"link": links.address(Invitation.model_validate(row["answer"]))} if "answer" in row else row
        for row in data["rows"]
    ]
    return data | {"rows": rows}
