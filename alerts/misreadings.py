"""What is wrong with a file or body that an operator wrote, in Chinese: YAML and msgspec say it in English only."""

import re

import yaml

# What msgspec says, without the place, and the Chinese for it.
_FORMS: tuple[tuple[str, str], ...] = (
    (r"Object missing required field `(.+)`", "缺少 {}"),
    (r"Object contains unknown field `(.+)`", "没有 {} 这一项"),
    (r"Invalid enum value (.+)", "不能是 {}"),
    (r"Expected `.+` matching regex (.+)", "应符合 {}"),
    (r"Expected `(?:array|object)` of (?:at least |at most )?length (.+), got (.+)", "应有 {} 项，而不是 {} 项"),
    (r"Expected `(?:array|object)` of length (.+)", "项数应 {}"),
    (r"Expected `str` of length (.+)", "长度应 {}"),
    (r"Expected `.+` ([<>]=? .+)", "应 {}"),
    (r"Expected `(.+)`, got `(.+)`", "应为 {}，而不是 {}"),
    (r"Expected `(.+)`", "应为 {}"),
)


def what_is_wrong(error: Exception) -> str:
    """The Chinese for an error of reading a file, its YAML, or its values."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"第 {mark.line + 1} 行第 {mark.column + 1} 列不是有效的 YAML"
    if isinstance(error, yaml.YAMLError | UnicodeDecodeError):
        return "不是有效的 YAML 文本"
    if isinstance(error, OSError):
        return "无法读取文件"
    said, _, place = str(error).partition(" - at ")
    where = f"（{place.replace(' in ', '，')}）" if place else ""
    for pattern, words in _FORMS:
        if found := re.fullmatch(pattern, said):
            return words.format(*found.groups()) + where
    return f"内容不正确{where}"
