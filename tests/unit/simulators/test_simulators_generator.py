"""What a load came to, and who set its rate."""

from dataclasses import replace

from simulators.generator import Generated

DONE = Generated(sent=300_000, acknowledged=300_000, seconds=3.0, processes=1, waited_share=0.4, cpu_s=2.0)


def test_rates_are_by_the_clock_and_by_the_core() -> None:
    assert (DONE.rate, DONE.per_cpu_second) == (100_000, 150_000)
    assert replace(DONE, cpu_s=0.0).per_cpu_second == 0


def test_a_generator_that_hardly_waited_was_the_limit() -> None:
    assert not DONE.was_limit
    assert replace(DONE, waited_share=0.01).was_limit
