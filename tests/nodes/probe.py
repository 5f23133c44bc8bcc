"""Prints each PROTOCOL:ADDRESS:PORT that responds; all are probed concurrently.

probe.py PROTOCOL:ADDRESS:PORT…

A dropped packet shows only as silence: here, two seconds without a response. The tests also count dropped packets.
"""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor

SILENCE = 2.0


def answers(place: str) -> bool:
    protocol, address, port = place.split(":")
    with socket.socket(type=socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM) as client:
        client.settimeout(SILENCE)
        try:
            client.connect((address, int(port)))
            if protocol == "udp":
                client.send(b"question")
            return client.recv(64) == b"answer"
        except TimeoutError:
            return False


with ThreadPoolExecutor() as pool:
    places = sys.argv[1:]
    for place, answered in zip(places, pool.map(answers, places), strict=True):
        if answered:
            print(place)
