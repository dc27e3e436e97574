"""Small parts that pages are made of, with the tags that screen readers know."""

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement


class Text(TextElement):
    """Text within any tag; it is never read as markup."""

    def __init__(self, tag: str, text: str) -> None:
        super().__init__(tag=tag, text=text)


def heading(text: str) -> Text:
    """A heading within a page."""
    return Text("h2", text)


def section(title: str) -> ui.element:
    """A card under a heading: ``with section(_("Timeline")): …``."""
    card = ui.element("section")
    with card:
        heading(title)
    return card
