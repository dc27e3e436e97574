"""What simulators raise."""


class SimulatorError(Exception):
    """Base of this room's errors."""


class DrillError(SimulatorError):
    """A drill's file cannot be used; the message says where and why."""
