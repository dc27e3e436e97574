"""``lifeline profiles``: the devices that the hub can read."""

import re
from pathlib import Path
from typing import Annotated

import typer

from ingest.kinds import KINDS, State
from ingest.profile import load_codec, load_profiles, read_profile
from lifeline.errors import HubError

app = typer.Typer(no_args_is_help=True)

_NAME = re.compile(r"([a-z0-9]+)-([a-z0-9-]*[a-z0-9])")
_Folder = Annotated[Path | None, typer.Option(help="A folder with profiles of your own")]


@app.command("list")
def list_profiles(profiles: _Folder = None) -> None:
    """Show every profile, built in or in a folder."""
    found = load_profiles(*([profiles] if profiles else []))
    width = max(map(len, found)) + 2
    for name, (profile, _) in sorted(found.items()):
        typer.echo(f"{name:<{width}}{profile.kind:<14}{', '.join(profile.quantities)}")


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Profiles, *.yaml")]) -> None:
    """Check profiles; the first thing that is wrong is told and gives status 1."""
    for file in files:
        profile = read_profile(file)
        load_codec(profile, file.parent)
        typer.echo(f"{profile.name}: {profile.kind}, {', '.join(profile.quantities)}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="maker-model in lower case")],
    kind: Annotated[str, typer.Option(help=", ".join(KINDS))],
    folder: Annotated[Path, typer.Option(help="Where to write it")] = Path(),
) -> None:
    """Write a profile to fill in."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise HubError(f"{name!r} is no profile name: maker-model in lower case, such as acme-lid7")
    if kind not in KINDS:
        raise HubError(f"unknown kind {kind!r}: expected one of {', '.join(KINDS)}")
    path = folder / f"{name}.yaml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_skeleton(match[1], match[2], kind))
    except FileExistsError as error:
        raise HubError(f"{path} is there already") from error
    except OSError as error:
        raise HubError(f"{path}: {error.strerror}") from error
    typer.echo(str(path))


def _skeleton(maker: str, model: str, kind: str) -> str:
    lines = [
        f"maker: '{maker}'",
        f"model: '{model}'",  # 410 is no number here, nor is 0x10
        f"kind: {kind}",
        f"# codec: {maker}-{model}.js   # a file beside this one, or a built-in codec; leave out for decoded fields",
        "quantities:   # quantity: the device's field, or {field, unit, words, void, subtract_from, curve, at_least}",
    ]
    for column in KINDS[kind].columns:
        if isinstance(column, State):
            words = ", ".join(f"{word}: {word}" for word in column.words)
            lines.append(f"  {column.name}: {{field: {column.name}, words: {{{words}}}}}")
        else:
            lines.append(f"  {column.name}: {column.name}   # {column.unit}, {column.minimum:g} to {column.maximum:g}")
    return "\n".join(lines) + "\n"
