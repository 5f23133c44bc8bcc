"""A fake of Azure's platform and a registry: responds at each ADDRESS:PORT by TCP and UDP.

platform.py ADDRESS:PORT…
"""

import socket
import sys
import threading


def serve_tcp(at: tuple[str, int]) -> None:
    listener = socket.create_server(at)
    threading.Thread(target=accept, args=(listener,), daemon=True).start()


def accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"answer")


def serve_udp(at: tuple[str, int]) -> None:
    receiver = socket.socket(type=socket.SOCK_DGRAM)
    receiver.bind(at)
    threading.Thread(target=reply, args=(receiver,), daemon=True).start()


def reply(receiver: socket.socket) -> None:
    while True:
        _, sender = receiver.recvfrom(64)
        receiver.sendto(b"answer", sender)


for place in sys.argv[1:]:
    address, port = place.split(":")
    serve_tcp((address, int(port)))
    serve_udp((address, int(port)))
print("serving", flush=True)
threading.Event().wait()
