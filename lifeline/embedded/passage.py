"""Letting an account without rights reach a folder of root's, and no more than that."""

import os
from pathlib import Path

import structlog


def open_way(path: Path) -> None:
    """Let everybody pass through the folders above ``path`` and into it, but not list them."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            structlog.get_logger().warning("folder_opened_for_passing", folder=str(folder), why="embedded PostgreSQL")
            folder.chmod(mode | 0o001)
    if path.is_dir():
        path.chmod(path.stat().st_mode | 0o001)


def open_for_reading(programs: Path) -> None:
    """Let everybody read the files below ``programs``, and run what their owner may run."""
    for folder, _, files in os.walk(programs):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            mode = path.stat().st_mode
            # Whoever may list or run it today is root; reading is what a package's files are for.
            wanted = mode | 0o044 | (0o011 if mode & 0o100 else 0)
            if wanted != mode:
                path.chmod(wanted)
