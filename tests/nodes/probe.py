"""Prints each PROTOCOL:ADDRESS:PORT that answers; all are asked at the same time.

probe.py PROTOCOL:ADDRESS:PORT…

A dropped packet has no other sign than silence: two seconds of it. The tests also count dropped packets.
"""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor

SILENCE = 2.0


def answers(place: str) -> bool:
    protocol, address, port = place.split(":")
    with socket.socket(type=socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM) as asking:
        asking.settimeout(SILENCE)
        try:
            asking.connect((address, int(port)))
            if protocol == "udp":
                asking.send(b"question")
            return asking.recv(64) == b"answer"
        except TimeoutError:
            return False


with ThreadPoolExecutor() as pool:
    places = sys.argv[1:]
    for place, answered in zip(places, pool.map(answers, places), strict=True):
        if answered:
            print(place)
