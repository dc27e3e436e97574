"""A table of rows that the browser draws: the server keeps nothing of it, however many rows there are."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nicegui import ui
from nicegui.events import GenericEventArguments

from api.console.texts import Texts
from api.console.words import GRADES, NUMERALS


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``key`` names the value in each row.

    ``text`` and ``number`` are shown as they are, ``time`` is an RFC 3339 instant shown as the county's clock,
    ``grade`` a number 1 to 4 shown as numeral and word, ``link`` a pair of text and address, ``code`` set in one pitch.
    """

    key: str
    title: str
    sort: Literal["text", "number", "time", "grade", "link", "code"] = "text"


@dataclass(frozen=True, slots=True)
class Act:
    """A button in each row; ``name`` is what the handler gets, ``key`` the key of the keyboard that presses it."""

    name: str
    title: str
    key: str = ""


class Listing(ui.element, component="listing.js", dependencies=["shared.js"]):
    """Shows ``rows``, dicts with an ``id``; a row with ``exercise`` true is marked 【演练】.

    None for rows that ``show`` brings: until then nobody is told that there are none.

    ``on_act`` is awaited with the name of the button and the row's id.
    """

    def __init__(
        self,
        texts: Texts,
        columns: Sequence[Column],
        rows: Sequence[dict[str, Any]] | None,
        *,
        label: str,
        acts: Sequence[Act] = (),
        on_act: Callable[[str, Any], Any] | None = None,
    ) -> None:
        super().__init__()
        _ = texts.gettext
        self._props["columns"] = [asdict(column) for column in columns]
        self._props["start"] = rows if rows is None else list(rows)
        self._props["label"] = label
        self._props["acts"] = [asdict(act) for act in acts]
        self._props["texts"] = {
            "empty": _("Nothing here."),
            "exercise": _("EXERCISE"),
            "acts": _("Actions"),
            "grades": {str(grade): f"{NUMERALS[grade]} {_(word)}" for grade, word in GRADES.items()},
        }
        if on_act is not None:
            self.on("act", lambda event: on_act(*_chosen(event)))

    def show(self, rows: Sequence[dict[str, Any]]) -> None:
        """Show these rows instead."""
        self.run_method("show", list(rows))


def _chosen(event: GenericEventArguments) -> tuple[str, Any]:
    return event.args[0], event.args[1]
