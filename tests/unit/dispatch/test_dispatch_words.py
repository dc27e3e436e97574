"""Notes that the hub writes in both languages."""

from dispatch.words import Words, halves


def test_a_note_of_the_hub_is_two_sentences() -> None:
    assert halves("事件已结案 / its incident is closed") == Words("事件已结案", "its incident is closed")


def test_what_a_person_wrote_stays_whole() -> None:
    for note in ("", "valve shut", "3 / 4", "阀门 / 井盖", "the valve / 阀门"):
        assert halves(note) == Words(note, note)
