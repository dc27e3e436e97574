"""Settings that change at known moments."""

from collections.abc import Mapping, Sequence

from simulators.sensors.behaviour import Cause


class Timeline:
    """The values of ``settings``, each as usual until one of ``changes`` (seconds, values by name) sets it.

    ``changes`` are in order of time, and so must be the moments that are asked for.
    """

    def __init__(self, settings: Mapping[str, Cause], changes: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        self._values = {name: setting.usual for name, setting in settings.items()}
        self._changes = [change for change in changes if change[1]]

    def at(self, now_s: float) -> Mapping[str, float]:
        """The values in force at ``now_s``."""
        while self._changes and self._changes[0][0] <= now_s:
            self._values |= self._changes.pop(0)[1]
        return self._values
