"""Sentences for people."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same sentence for people in both languages."""

    zh: str
    en: str


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


def skill_zh(skill: str) -> str:
    """The Chinese word for a skill; the name itself for one that has none."""
    return SKILLS_ZH.get(skill, skill)
