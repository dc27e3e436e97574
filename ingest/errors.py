"""The one error base of this room, and that of every room's errors that the API lets out."""

from typing import Self


class BilingualError(Exception):
    """An error that people are shown: ``zh`` and ``en`` say the same, and str() is the English one."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en

    @classmethod
    def at(cls, place: str, *, zh: str, en: str) -> Self:
        """The error with the place that it is about before both sentences."""
        return cls(zh=f"{place}：{zh}", en=f"{place}: {en}")


class IngestError(Exception):
    """Something about incoming data that a person must act on; the message says what to do."""


class IngestRefusal(IngestError, BilingualError):
    """What somebody asked for can't be done; said in both languages, since the API passes it on."""


class StaleState(IngestError):
    """What a judge remembers is not what the database holds; after ``forget`` the same batch will go through."""
