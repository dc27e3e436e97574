"""The database and the broker that come with the hub, for one command on one machine without root.

Both listen on 127.0.0.1 only, on ports that happen to be free, and end with the process that started them, also when
it is killed. Neither is meant for production; LIFELINE_DATABASE_URL and LIFELINE_BROKER_URL name real servers.
"""

from lifeline.embedded.broker import EmbeddedBroker
from lifeline.embedded.database import EmbeddedDatabase
from lifeline.embedded.loopback import free_port

__all__ = ["EmbeddedBroker", "EmbeddedDatabase", "free_port"]
