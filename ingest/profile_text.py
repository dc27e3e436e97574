"""The YAML of a profile, read as people mean it: a device's ``on`` and ``no`` are words, and a key stands once."""

import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from ingest.errors import IngestError

_BOOLEAN, _DATE = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"


class TextError(IngestError):
    """A text that is no YAML; the words say what and where."""


class _Loader(yaml.SafeLoader):
    """YAML 1.1 less its words for true and false and its dates, which are texts here."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep)
        if len({as_word(key) for key in found}) < len(node.value):
            raise ConstructorError(None, None, "a key stands twice in what begins", node.start_mark)
        return found


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOLEAN, _DATE)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOLEAN, re.compile("(true|false|True|False)$"), list("tfTF"))


def read_text(text: str) -> Any:
    """What a text holds, its keys as the words that fields are matched with; TextError."""
    try:
        return _texts(yaml.load(text, _Loader))
    except (yaml.YAMLError, ValueError, KeyError, RecursionError) as error:  # the middle two: !!int x, !!bool x
        raise TextError(f"no YAML: {' '.join(str(error).split())}") from error


def _texts(value: Any) -> Any:
    """YAML reads the keys ``true`` and ``1`` as no texts; words are matched as texts."""
    if isinstance(value, dict):
        return {as_word(key): _texts(item) for key, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else value


def as_word(value: Any) -> str:
    """A field's value as the text that ``words`` and ``void`` name: true, false, 3, 3.5, or itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
