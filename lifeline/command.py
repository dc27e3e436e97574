"""The command ``lifeline``.

Each command is a module of ``lifeline.commands`` that is read when it is called: what takes readings in has no use
for a web framework, and `lifeline --help` for neither.
"""

import gc
import sys
from importlib import import_module
from types import MappingProxyType

import typer
from rich.console import Console

from alerts.errors import AlertError
from dashboards.errors import DashboardError
from database.errors import DatabaseError
from dispatch.errors import DispatchError
from ingest.errors import IngestError
from lifeline.errors import HubError
from simulators.errors import SimulatorError

COMMANDS = MappingProxyType(
    {
        "up": "Run the whole hub, with a broker and a database of its own unless the settings name others.",
        "demo": "Show a county at work: its traffic, a gas leak, squads.",
        "replay": "Play a past event once more, as an exercise.",
        "simulate": "Publish load and count it exactly.",
        "drill": "List, check and rehearse drills.",
        "ingest": "Take readings in and judge them.",
        "dispatch": "Send squads and hear from them.",
        "api": "Answer requests over HTTP.",
        "migrate": "Bring the database to this version.",
        "user": "Add, list and disable the persons that may log in; give them passwords.",
        "init": "Load a county: grids, sensors, squads, plans.",
        "plans": "Check, compare, propose and approve response plans.",
        "rota": "Take in and print who is on duty when, as iCalendar; hand shifts over.",
        "squads": "Show how the squads stand; take one out of service.",
        "review": "Look back on an incident, and at the key figures of many.",
        "key": "Make, list and revoke the API's keys.",
        "quarantine": "Look at messages that could not become readings; send them again or drop them.",
        "rules": "Look at the rules that grade readings, try a proposal on stored readings, decide on it.",
        "silences": "Keep hazards from calling squads out while work is going on.",
        "decode": "Read one device message and print its readings.",
        "profiles": "List, check and begin device profiles.",
        "doctor": "Check the hub and say what to do.",
        "backup": "Dump the database into a file.",
        "restore": "Bring an empty database to a backup.",
        "broker": "Write Mosquitto's accounts: passwords and what each may publish and read.",
        "dashboards": "Make Grafana's dashboards, bring them to a Grafana, make the account that it reads with.",
        "bench": "Measure what the road carries on this machine.",
    }
)
"""Name of each command, which is also its module, and what it does."""

_KNOWN_ERRORS = (HubError, DatabaseError, IngestError, AlertError, DispatchError, SimulatorError, DashboardError)


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _about() -> None:
    """Lifeline: sensing and emergency response of a county."""


def _register(name: str, about: str) -> None:
    # The command's own module reads what follows its name, --help included.
    everything = {"allow_extra_args": True, "ignore_unknown_options": True}

    @app.command(name, help=about, add_help_option=False, context_settings=everything)
    def call(context: typer.Context) -> None:
        # What is read now stays: looking through it for garbage would make a start a quarter longer.
        gc.disable()
        command = typer.main.get_command(import_module(f"lifeline.commands.{name}").app)
        gc.freeze()
        gc.enable()
        command.main(context.args, prog_name=f"lifeline {name}")


for _name, _what in COMMANDS.items():
    _register(_name, _what)


def main() -> None:
    """Run the command; an error that a person must act on is one line and status 1."""
    try:
        app(prog_name="lifeline")
    except _KNOWN_ERRORS as error:
        Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(f"lifeline: {error}")
        sys.exit(1)
