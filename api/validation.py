"""What is wrong with a request's values, in words and without repeating the values."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.languages import Language

# pydantic says it in English; these are the faults that the routes can find, in Chinese.
_ZH = {
    "missing": "缺少此项",
    "extra_forbidden": "没有这个参数",
    "json_invalid": "不是有效的 JSON",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为字符串",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "应符合 {pattern}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一",
    "too_long": "最多 {max_length} 项",
    "model_attributes_type": "应为 JSON 对象",
    "dict_type": "应为 JSON 对象",
}


def explain(errors: Iterable[Mapping[str, Any]], language: Language) -> list[tuple[str, str]]:
    """Place and fault of each of pydantic's ``errors``; the place reads query.limit, body.note, path.task_id."""
    return [(".".join(str(part) for part in error["loc"]), _fault(error, language)) for error in errors]


def _fault(error: Mapping[str, Any], language: Language) -> str:
    said = str(error["msg"]).removeprefix("Value error, ")
    if language == "en" or error["type"] not in _ZH:
        return said
    return _ZH[error["type"]].format(**error.get("ctx", {}))
