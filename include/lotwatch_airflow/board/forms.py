"""Forms that change something: only what was sent from a page of ours, in the login it was shown to, is believed."""

from hashlib import sha256
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request

#: name of the hidden field that a form carries
FIELD = "form_token"
_HOURS = 12


class Forms:
    """Tokens for forms, signed with `secret`. `base_url` is the address by which people know this server, or empty."""

    def __init__(self, secret: str, base_url: str = "") -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="lotwatch.board.form")
        self._host = urlsplit(base_url).netloc

    def token(self, session: str) -> str:
        """A token for forms shown in this login."""
        return self._signer.dumps(_digest(session))

    def is_ours(self, request: Request, session: str, token: str) -> bool:
        """Whether a browser sent it from a page of ours, with a token of the same login from the last twelve hours."""
        return self._same_origin(request) and self._fits(session, token)

    def _same_origin(self, request: Request) -> bool:
        """By what browsers say of themselves; one that says nothing, or no browser, is not believed."""
        fetched = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if fetched not in {None, "same-origin"}:
            return False
        if origin is None:
            return fetched is not None
        # a proxy before us may speak TLS for us: the host decides, as the browser or the settings name it
        return urlsplit(origin).netloc in {request.headers.get("host"), self._host} - {"", None}

    def _fits(self, session: str, token: str) -> bool:
        try:
            return bool(session) and self._signer.loads(token, max_age=_HOURS * 3600) == _digest(session)
        except BadData:
            return False


def _digest(session: str) -> str:
    return sha256(session.encode()).hexdigest()
