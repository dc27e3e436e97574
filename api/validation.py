"""What is wrong with a request's values, in words and without repeating the values."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from api.languages import Language

# pydantic says it in English; these are the faults that data can have, in Chinese.
_ZH: Mapping[str, tuple[str, ...]] = {
    "缺少此项": ("missing",),
    "没有这个参数": ("extra_forbidden", "no_such_attribute"),
    "不是有效的 JSON": ("json_invalid", "json_type"),
    "嵌套过深": ("recursion_loop", "recursion_depth_exceeded"),
    "名称应为字符串": ("invalid_key",),
    "应为 null": ("none_required",),
    "此值不正确": ("value_error", "assertion_error", "default_factory_not_called"),
    "应大于 {gt}": ("greater_than",),
    "应不小于 {ge}": ("greater_than_equal",),
    "应小于 {lt}": ("less_than",),
    "应不大于 {le}": ("less_than_equal",),
    "应为 {multiple_of} 的倍数": ("multiple_of",),
    "应为有限的数": ("finite_number",),
    "至少 {min_length} 项": ("too_short",),
    "最多 {max_length} 项": ("too_long",),
    "应为字符串": ("string_type",),
    "不是有效的 Unicode 文本": ("string_unicode",),
    "至少 {min_length} 个字符": ("string_too_short",),
    "最多 {max_length} 个字符": ("string_too_long", "url_too_long"),
    "应符合 {pattern}": ("string_pattern_mismatch",),
    "只能用 ASCII 字符": ("string_not_ascii",),
    "应为 {expected} 之一": ("literal_error", "enum"),
    "应为 true 或 false": ("bool_type", "bool_parsing"),
    "应为整数": ("int_type", "int_parsing", "int_from_float"),
    "整数过大": ("int_parsing_size",),
    "应为数字": ("float_type", "float_parsing", "decimal_type", "decimal_parsing"),
    "最多 {max_digits} 位数字": ("decimal_max_digits",),
    "最多 {decimal_places} 位小数": ("decimal_max_places",),
    "小数点前最多 {whole_digits} 位": ("decimal_whole_digits",),
    "应为日期，写作 YYYY-MM-DD": (
        *("date_type", "date_parsing"),
        *("date_from_datetime_parsing", "date_from_datetime_inexact"),
    ),
    "应为过去的日期": ("date_past",),
    "应为将来的日期": ("date_future",),
    "应为时刻，写作 HH:MM:SS": ("time_type", "time_parsing"),
    "应为 RFC 3339 格式的时间": (
        *("datetime_type", "datetime_parsing"),
        *("datetime_object_invalid", "datetime_from_date_parsing"),
    ),
    "应为过去的时间": ("datetime_past",),
    "应为将来的时间": ("datetime_future",),
    "时间须带时区": ("timezone_aware",),
    "时间不应带时区": ("timezone_naive",),
    "时区不对": ("timezone_offset",),
    "应为时长": ("time_delta_type", "time_delta_parsing"),
    "应为 JSON 对象": ("model_type", "model_attributes_type", "dict_type", "mapping_type"),
    "应为数组": ("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type", "iteration_error"),
    "应为二进制数据": ("bytes_type",),
    "至少 {min_length} 字节": ("bytes_too_short",),
    "最多 {max_length} 字节": ("bytes_too_long",),
    "编码应为 {encoding}": ("bytes_invalid_encoding",),
    "{discriminator} 应为 {expected_tags} 之一": ("union_tag_invalid",),
    "缺少 {discriminator}": ("union_tag_not_found",),
    "应为网址": ("url_type", "url_parsing", "url_syntax_violation"),
    "网址应以 {expected_schemes} 开头": ("url_scheme",),
    "应为 UUID": ("uuid_type", "uuid_parsing"),
    "应为第 {expected_version} 版 UUID": ("uuid_version",),
}
CHINESE: Mapping[str, str] = {kind: words for words, kinds in _ZH.items() for kind in kinds}
"""The Chinese words of each of pydantic's types of fault."""

_OURS = "misfit"


def misfit(*, zh: str, en: str) -> PydanticCustomError:
    """What a validator of ours raises: its words in both languages."""
    return PydanticCustomError(_OURS, "{en}", {"zh": zh, "en": en})


def explain(errors: Iterable[Mapping[str, Any]], language: Language) -> list[tuple[str, str]]:
    """Place and fault of each of pydantic's ``errors``; the place reads query.limit, body.note, path.task_id."""
    return [(".".join(str(part) for part in error["loc"]), _fault(error, language)) for error in errors]


def _fault(error: Mapping[str, Any], language: Language) -> str:
    if language == "en":
        return str(error["msg"]).removeprefix("Value error, ")
    context: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == _OURS:
        return str(context["zh"])
    words = CHINESE.get(error["type"], "此值不正确")
    return words.format_map({name: str(value).replace(" or ", "、") for name, value in context.items()})
