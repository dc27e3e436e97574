"""Sentences for people."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same sentence for people in both languages."""

    zh: str
    en: str


_PEOPLE = ("user:", "squad:", "key:")


def halves(note: str, actor: str | None = None) -> Words:
    """A note of the hub's own, "中文 / English", as two sentences; what people wrote is the same in both.

    ``actor`` is who wrote it.
    """
    if actor is not None and actor.startswith(_PEOPLE):
        return Words(note, note)
    last = max((place for place, letter in enumerate(note) if "\u4e00" <= letter <= "\u9fff"), default=-1)
    zh, between, en = note[last + 1 :].partition(" / ")
    return Words(note[: last + 1] + zh, en) if last >= 0 and between and en else Words(note, note)


SKILLS_ZH: Mapping[str, str] = MappingProxyType(
    {
        "gas": "燃气",
        "drainage": "排水",
        "cover": "井盖",
        "noise": "噪声",
        "traffic": "交通",
        "medical": "医疗",
        "maintenance": "设备维护",
    }
)


STATUS_ZH: Mapping[str, str] = MappingProxyType(
    {
        "unassigned": "待派队伍",
        "ordered": "已下令",
        "accepted": "已接令",
        "en_route": "途中",
        "on_scene": "已到场",
        "working": "作业中",
        "done": "已完成",
        "checked": "已验收",
        "failed": "未完成",
        "refused": "已拒绝",
        "cancelled": "已撤回",
    }
)
"""A task's statuses."""


def skill_zh(skill: str) -> str:
    """The Chinese word for a skill; the name itself for one that has none."""
    return SKILLS_ZH.get(skill, skill)
