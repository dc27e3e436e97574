"""Texts of pages in two languages."""

from pathlib import Path

import pytest

from api.catalogue import catalogue

_HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "zh_CN.po").write_text(
        _HEADER
        + 'msgid "Confirm"\nmsgstr "确认"\n\nmsgid "{n} order"\nmsgid_plural "{n} orders"\nmsgstr[0] "{n} 个任务"\n',
        encoding="utf-8",
    )
    (tmp_path / "locale" / "en.po").write_text(
        _HEADER + 'msgid "{n} order"\nmsgid_plural "{n} orders"\nmsgstr[0] "{n} order"\nmsgstr[1] "{n} orders"\n',
        encoding="utf-8",
    )
    return tmp_path


def test_a_text_is_translated_and_an_unknown_one_stays(pages: Path) -> None:
    chinese, english = catalogue(pages, "zh"), catalogue(pages, "en")
    assert (chinese.gettext("Confirm"), english.gettext("Confirm")) == ("确认", "Confirm")
    assert chinese.gettext("Not translated") == "Not translated"


def test_plurals_follow_the_language(pages: Path) -> None:
    for language, count, wanted in (
        ("zh", 1, "1 个任务"),
        ("zh", 2, "2 个任务"),
        ("en", 1, "1 order"),
        ("en", 2, "2 orders"),
    ):
        text = catalogue(pages, language).ngettext("{n} order", "{n} orders", count)  # type: ignore[arg-type]
        assert text.format(n=count) == wanted
