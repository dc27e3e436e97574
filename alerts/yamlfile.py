"""The YAML of files that an operator wrote."""

from pathlib import Path
from typing import Any

import yaml

_QUICK: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """What a file holds; OSError, UnicodeDecodeError, or a YAMLError that shows the line at fault."""
    text = path.read_text(encoding="utf-8")
    try:
        return yaml.load(text, _QUICK)
    except yaml.YAMLError:
        return yaml.safe_load(text)  # ten times slower, but it shows the line
