"""``lifeline simulate``: load for a hub, or for a broker alone."""

import tempfile
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lifeline.embedded import EmbeddedBroker
from lifeline.errors import HubError
from lifeline.settings import load_settings
from simulators.generator import Generated, generate

app = typer.Typer()


@app.command()
def simulate(
    sensors: Annotated[int, typer.Option(min=1, max=999_999, help="How many report, the four kinds in turn")] = 1000,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Messages per second together; as fast as it goes when not given")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="For how long")] = 10,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the sensors")] = 1,
    json: Annotated[Path | None, typer.Option(help="Write the counts to this file")] = None,
) -> None:
    """Publish readings at QoS 1 and count exactly what was sent and acknowledged.

    To the broker that LIFELINE_BROKER_URL names, else to one of its own that nobody listens to. The sensors are called
    sim-XXXX-000000 and so on: a hub that should store their readings needs LIFELINE_UNKNOWN_SENSOR=provision.
    """
    if sensors < processes:
        raise HubError(f"{processes} processes can't share {sensors} sensors")
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="lifeline-simulate-") as folder:
        if settings.broker_url is not None:
            done = _generate(
                settings.broker_url.get_secret_value(), settings.topic_prefix, sensors, rate, seconds, processes
            )
        else:
            with EmbeddedBroker(Path(folder)) as broker:
                done = _generate(broker.url, settings.topic_prefix, sensors, rate, seconds, processes)
    _tell(done, json)


def _generate(
    broker_url: str, prefix: str, sensors: int, rate: float | None, seconds: float, processes: int
) -> Generated:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("connecting", total=seconds)

        def look(sent: int, acknowledged: int) -> None:
            begun = progress.tasks[0].elapsed or 0.0
            progress.update(task, completed=begun, description=f"sent {sent}, acknowledged {acknowledged}")

        return generate(
            broker_url,
            prefix,
            name=f"sim-{token_hex(2)}",
            sensors=sensors,
            rate=rate,
            seconds=seconds,
            processes=processes,
            look=look,
        )


def _tell(done: Generated, json: Path | None) -> None:
    figures = {
        "sent": done.sent,
        "acknowledged": done.acknowledged,
        "seconds": round(done.seconds, 3),
        "rate": round(done.rate, 1),
        "processes": done.processes,
        "cpu_seconds": round(done.cpu_s, 3),
        "per_cpu_second": round(done.per_cpu_second, 1),
        "generator_waited_share": round(done.waited_share, 3),
        "generator_was_limit": done.was_limit,
    }
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"sent {done.sent}, acknowledged {done.acknowledged} in {done.seconds:.2f} s: {done.rate:,.0f} messages/s"
    )
    console.print(f"the generator took {done.cpu_s:.2f} s of a core: {done.per_cpu_second:,.0f} messages/s on one core")
    if done.was_limit:
        console.print("The generator was the limit, not what it loads: give it more --processes.")
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
