"""Notes that the hub writes in both languages."""

from time import process_time

from dispatch.words import Words, halves


def test_a_note_of_the_hub_is_two_sentences() -> None:
    assert halves("事件已结案 / its incident is closed") == Words("事件已结案", "its incident is closed")


def test_what_a_person_wrote_stays_whole() -> None:
    for note in ("", "valve shut", "3 / 4", "阀门 / 井盖", "the valve / 阀门"):
        assert halves(note) == Words(note, note)


def test_what_a_squad_reported_is_not_cut_in_two() -> None:
    for note in ("压力 2.1 / 0.4 MPa", "阀门已关 / closed"):
        assert halves(note, "squad:s-1") == Words(note, note)
    assert halves("已关阀 2.1 / valve shut", "dispatcher") == Words("已关阀 2.1", "valve shut")


def test_a_long_note_takes_no_time() -> None:
    note = "阀" * 2000 + " / a" * 500 + "阀"
    began = process_time()
    assert halves(note) == Words(note, note)
    assert process_time() - began < 1.0  # a pattern that tried every place for the cut took 49 s
