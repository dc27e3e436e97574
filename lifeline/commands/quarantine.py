"""``lifeline quarantine``: look at messages that could not become readings, send them again or drop them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import aiomqtt
import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from ingest import quarantine
from ingest.broker import Broker
from lifeline.errors import HubError
from lifeline.reach import Result, audited, on_pool
from lifeline.settings import load_settings

app = typer.Typer(no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="Number of the message, as listed")]
_ANSWER_WITHIN_S = 10.0


@app.callback()
def about() -> None:
    """Messages that could not become readings, kept whole until somebody decides."""


@app.command("list")
def list_held(
    after: Annotated[int, typer.Option(min=0, help="Only messages with a higher number")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many")] = 100,
) -> None:
    """Held messages, the oldest first."""
    rows = _on_pool(lambda pool: quarantine.held(pool, after=after, limit=limit))
    table = Table("number", "received", "bytes", "topic", "reason")
    for row in rows:
        received = row["received_at"].isoformat(timespec="seconds")
        table.add_row(str(row["quarantine_id"]), received, str(row["size_bytes"]), row["topic"], row["reason"])
    Console(markup=False).print(table if rows else "Nothing is held.")


@app.command()
def show(number: Number) -> None:
    """One message with its payload."""
    row = _on_pool(lambda pool: quarantine.show(pool, number))
    console = Console(markup=False, highlight=False, soft_wrap=True)
    for name in ("quarantine_id", "topic", "reason", "received_at", "status", "decided_at"):
        if row[name] is not None:
            console.print(f"{name}: {row[name]}")
    console.print(f"payload: {row['payload']!r}")


@app.command()
def drop(number: Number) -> None:
    """Decide that a held message is of no use. It stays on record."""

    async def decide(pool: asyncpg.Pool) -> None:
        async with audited(pool, "quarantine drop") as connection:
            await quarantine.drop(connection, number, datetime.now(UTC))

    _on_pool(decide)


@app.command()
def replay(number: Number) -> None:
    """Publish a held message again on its own topic, so that it takes the road like any other."""

    broker = load_settings().broker

    async def send(pool: asyncpg.Pool) -> None:
        async with _connected(broker) as client:

            async def publish(topic: str, payload: bytes) -> None:
                await client.publish(topic, payload, qos=1)

            async with audited(pool, "quarantine replay") as connection:
                await quarantine.replay(connection, number, publish, datetime.now(UTC))

    try:
        _on_pool(send)
    except aiomqtt.MqttError as error:
        raise HubError(f"the broker did not take the message, so it is still held: {error}") from error


def _connected(broker: Broker) -> aiomqtt.Client:
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=_ANSWER_WITHIN_S,
        tls_context=broker.ssl_context(),
    )


def _on_pool(work: Callable[[asyncpg.Pool], Awaitable[Result]]) -> Result:
    return on_pool(load_settings(), "quarantine", work)
