"""The YAML of files that an operator wrote."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    _QuickLoader = yaml.SafeLoader
else:
    _QuickLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """What a file holds; OSError, UnicodeDecodeError, or a YAMLError that shows the line at fault."""
    text = path.read_text(encoding="utf-8")
    try:
        return yaml.load(text, _QuickLoader)
    except yaml.YAMLError:
        return yaml.safe_load(text)  # ten times slower, but it shows the line
