"""When Python looks for garbage that refers to itself."""

import gc

_NEW_OBJECTS = 100_000  # about what the largest batch and its rows are


def collect_seldom() -> None:
    """Let a process that takes messages in look for it once a hundred thousand objects are left, not seven hundred.

    A batch is thousands of objects that live until its commit and then go by themselves: looking through them again
    and again takes the intake a fifth of its processor time, and nothing of it is ever found to be garbage.
    """
    gc.set_threshold(_NEW_OBJECTS)
