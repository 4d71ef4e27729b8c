"""`lotwatch messages`: what people were told, and what would be said."""

from importlib.metadata import entry_points
from typing import Annotated, Literal, get_args

import psycopg
import typer

from lotwatch import outbox
from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, table
from lotwatch.delivery.words import Names, plain_names
from lotwatch.errors import LotwatchError, nearest
from lotwatch.formats import Language

app = typer.Typer(no_args_is_help=True, help="Messages to people, and what became of them.")
Number = Annotated[int, typer.Argument(min=1, help="as `lotwatch messages list` shows it")]
State = Literal[
    "waiting", "unclear", "held", "gathered", "sent", "delivered", "bounced", "refused", "failed", "failed_over"
]
BOARD = "http://airflow.example"


@app.command("list")
def list_messages(
    database: Database,
    state: Annotated[State | None, typer.Option(help="only in this state")] = None,
    subscriber: Annotated[str | None, typer.Option(help="only to this subscriber")] = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="how many at most")] = 50,
) -> None:
    """The latest deliveries: one line for each subscriber and channel."""
    with psycopg.connect(database) as conn:
        found = outbox.list_deliveries(conn, state=state, subscriber=subscriber, most=most)
    _print(found)


@app.command()
def show(
    database: Database,
    message: Annotated[int, typer.Argument(min=1, help="number of the message")],
    lang: Annotated[Language, typer.Option(help="language of the words")] = "en",
) -> None:
    """One message in words, and to whom it went."""
    from lotwatch.delivery.dispatch import content_of

    with psycopg.connect(database) as conn:
        known = outbox.payloads(conn, [message])
        if not known or "template" not in known[0]:
            raise LotwatchError(f"There is no message {message}", do="see `lotwatch messages list`")
        content = content_of(conn, known[0], lang, BOARD, _names())
        found = outbox.list_deliveries(conn, message_id=message)
    console.print(content["subject"], markup=False, style="bold")
    console.print(content["text"], markup=False, soft_wrap=True)
    _print(found)


@app.command()
def retry(database: Database, actor: Actor, delivery: Number, reason: Reason = "") -> None:
    """Have a delivery sent once more that was given up or came back."""
    from lotwatch.audit import record

    context = circumstances("messages retry", actor)
    with psycopg.connect(database) as conn:
        if not outbox.send_again(conn, delivery):
            raise LotwatchError(
                f"{delivery} is not among the deliveries that were given up or came back",
                do="see `lotwatch messages list --state failed`",
            )
        record(conn, context, "message sent again", "message", str(delivery), reason=reason)
    console.print(f"{delivery} waits to be sent.")


@app.command()
def preview(
    template: Annotated[str, typer.Argument(help="a message of messages.yaml, such as alerts")],
    html: Annotated[bool, typer.Option("--html", help="as HTML")] = False,
) -> None:
    """A message in both languages, with an example of what it says."""
    from lotwatch.delivery.messages import render, samples

    known = samples()
    if template not in known:
        raise LotwatchError(f'There is no message "{template}"', do=nearest(template, known))
    for lang in get_args(Language):
        content = render(template, lang, known[template], BOARD, _names())
        console.print(content["subject"], markup=False, style="bold", soft_wrap=True)
        console.print(content["html" if html else "text"], markup=False, soft_wrap=True)


def _names() -> Names:
    """What codes are called: whoever shows them to people offers it (entry point lotwatch.names)."""
    offered = entry_points(group="lotwatch.names")
    return next(iter(offered)).load() if offered else plain_names


def _print(found: list[outbox.Listed]) -> None:
    rows = table("delivery", "message", "when", "severity", "what", "to", "by", "state", "tries", "error")
    for each in found:
        rows.add_row(
            str(each.outbox_id),
            str(each.message_id),
            f"{each.created_at:%Y-%m-%d %H:%M}",
            each.severity,
            each.template,
            each.subscriber,
            each.channel,
            each.state,
            str(each.attempts),
            each.last_error or "",
        )
    console.print(rows if found else "Nothing.")
