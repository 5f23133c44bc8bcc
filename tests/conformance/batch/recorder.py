"""Stands between the handler and Batch, and keeps what the handler sends."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from program import PATIENCE

# A proxy's own matter.
HOP = {"connection", "host", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Exchange:
    """A request of the handler, and the status of Batch's answer."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass
class Recording:
    """What the handler has sent so far."""

    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, exchange: Exchange) -> None:
        with self.changed:
            self.exchanges.append(exchange)
            self.changed.notify_all()

    def until(self, come: Callable[[list[Exchange]], bool]) -> list[Exchange]:
        """Waits until the exchanges are as they should be."""
        with self.changed:
            if not self.changed.wait_for(lambda: come(self.exchanges), PATIENCE):
                seen = [(one.method, one.target, one.status) for one in self.exchanges]
                raise TimeoutError(f"the handler has sent {seen}")
            return list(self.exchanges)


@contextmanager
def recording(upstream: str) -> Iterator[Recording]:
    """Hands requests on to a service, and its answers back, and keeps both."""
    record = Recording()
    address = urlsplit(upstream).netloc

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def hand_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
            connection = http.client.HTTPConnection(address, timeout=PATIENCE)
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            record.add(Exchange(self.command, self.path, headers, body, answer.status))
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = hand_on

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    record.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield record
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
