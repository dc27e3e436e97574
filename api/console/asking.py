"""Dialogs that ask a person for what an act needs: a reason, a number, a choice, a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from nicegui import ui

from api.console.frame import Here
from api.console.texts import ZONE


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a dialog. ``time`` is asked on the county's clock and comes back as RFC 3339."""

    name: str
    label: str
    kind: Literal["line", "text", "number", "choice", "several", "time", "switch"] = "line"
    value: Any = None
    choices: Mapping[Any, str] | None = None
    optional: bool = False


async def ask(here: Here, title: str, questions: Sequence[Question], *, about: str = "") -> dict[str, Any] | None:
    """Ask all ``questions`` at once; the answers by name, None when the person thought better of it.

    An answer that is left empty is left out where it is optional, and asked for again where it is not.
    """
    _ = here.gettext
    # On the page itself: what the button stands in may be drawn anew while the person writes.
    with (
        here.client.content,
        ui.dialog() as dialog,
        ui.card().classes("wide"),
        ui.element("form").classes("asking") as form,
    ):
        ui.label(title).classes("text-subtitle1 text-weight-bold")
        if about:
            ui.label(about).classes("quiet")
        inputs = {question.name: _input(question) for question in questions}
        fault = ui.label().classes("fault").props("role=alert")
        with ui.row():
            ui.button(_("Do it")).props("type=submit unelevated")
            ui.button(_("Leave it"), on_click=dialog.close).props("flat type=button")

    def submit() -> None:
        answers = {question.name: _answer(question, inputs[question.name].value) for question in questions}
        empty = [each.label for each in questions if answers[each.name] in (None, "") and not each.optional]
        if empty:
            fault.text = _("Fill in: {fields}").format(fields=", ".join(empty))
            return
        dialog.submit({name: answer for name, answer in answers.items() if answer not in (None, "")})

    form.on("submit.prevent", submit)
    dialog.open()
    try:
        answers: dict[str, Any] | None = await dialog
    finally:
        dialog.delete()
    return answers


def _input(question: Question) -> Any:
    if question.kind == "choice":
        return ui.select(dict(question.choices or {}), label=question.label, value=question.value).props(
            "outlined dense"
        )
    if question.kind == "several":
        several = ui.select(dict(question.choices or {}), label=question.label, value=[], multiple=True)
        return several.props("outlined dense use-chips")
    if question.kind == "switch":
        return ui.switch(question.label, value=bool(question.value))
    if question.kind == "number":
        return ui.number(question.label, value=question.value).props("outlined dense")
    if question.kind == "text":
        return ui.textarea(question.label, value=question.value or "").props("outlined autogrow")
    kind = "datetime-local" if question.kind == "time" else "text"
    return ui.input(question.label, value=question.value or "").props(f"outlined dense type={kind} stack-label")


def _answer(question: Question, value: Any) -> Any:
    if question.kind == "number" and value is not None:
        return int(value) if float(value).is_integer() else float(value)
    if question.kind == "time" and value:
        return datetime.fromisoformat(value).replace(tzinfo=ZONE).isoformat()
    return value.strip() if isinstance(value, str) else value
