"""The broker that comes with the hub."""

import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from lifeline.embedded.loopback import LOOPBACK, free_port, listens
from lifeline.errors import HubError
from lifeline.offspring import spawn, stop

MAX_PAYLOAD_BYTES = 1 << 20
_START_WITHIN_S = 10.0
_POLL_S = 0.02

# rumqttd keeps a log in memory for each subscribed filter and drops the oldest segment of a full one, acknowledged or
# not. 32 segments of 4 MiB hold half a million readings that a stopped hub has yet to take, and bound the memory.
# A session may have as many messages in flight as it asks for (Receive Maximum is 16 bits wide). A client that
# connects but says nothing is dropped after 10 s. dynamic_filters lets clients subscribe to filters not listed here.
_BROKER_CONFIG = """\
id = 0

[router]
id = 0
max_connections = 10000
max_outgoing_packet_count = 1000
max_segment_size = 4194304
max_segment_count = 32

[v5.1]
name = "mqtt5"
listen = "{host}:{port}"
next_connection_delay_ms = 0

[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = {max_payload}
max_inflight_count = 65535
dynamic_filters = true
"""


class EmbeddedBroker:
    """rumqttd, an MQTT 5 broker that keeps persistent sessions in memory: what it queues is lost with it."""

    name = "broker"

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where to connect; there is no password, so whoever is on this machine can."""
        return f"mqtt://{LOOPBACK}:{self._port}"

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the broker."""
        if self._process is None:
            raise HubError("the embedded broker is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the broker and wait until it takes connections; HubError when it does not start."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._port = self._port or free_port()
        config = self._folder / "broker.toml"
        config.write_text(_BROKER_CONFIG.format(host=LOOPBACK, port=self._port, max_payload=MAX_PAYLOAD_BYTES))
        with ExitStack() as opened:
            log = opened.enter_context((self._folder / "broker.log").open("ab"))
            # It logs every packet as an error, so only what is critical is let through.
            process = spawn(
                [sys.executable, "-P", "-m", "iotcore", "--config", config, "--log-level", "CRITICAL"],
                death_signal=signal.SIGKILL,
                output=log,
            )
            opened.callback(stop, process, signal.SIGTERM, patience_s=2.0)
            self._await_ready(process)
            self._process = process
            self._open = opened.pop_all()

    def stop(self) -> None:
        """Stop the broker; its address stays the same over a later start."""
        self._open.close()
        self._process = None

    def restart(self) -> None:
        """Stop it, if it runs, and start it at the same address."""
        self.stop()
        self.start()

    def _await_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _START_WITHIN_S
        while not listens(self._port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise HubError(f"the embedded broker did not start: see the end of {self._folder / 'broker.log'}")
            time.sleep(_POLL_S)
