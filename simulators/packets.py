"""MQTT packets out of what a connection brings, which may end anywhere."""

import mqtt5


def whole_packets(data: bytes) -> tuple[list[mqtt5.Packet], bytes]:
    """The packets that have arrived whole, and the bytes of the next one so far; ValueError for what is no packet."""
    view = memoryview(data)
    packets: list[mqtt5.Packet] = []
    offset = 0
    try:
        while offset < len(view):
            packet, length = mqtt5.read(view[offset:])
            packets.append(packet)
            offset += length
    except IndexError:
        pass  # the rest has not arrived yet
    return packets, data[offset:]
