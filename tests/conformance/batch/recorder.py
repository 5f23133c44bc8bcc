"""A proxy between the handler and Batch that records the requests."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from program import TIMEOUT

# Headers of one connection, which a proxy does not forward.
HOP = {"connection", "host", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Exchange:
    """A request of the handler, and the status of the response."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass
class Recording:
    """The requests that the handler has sent so far."""

    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, exchange: Exchange) -> None:
        with self.changed:
            self.exchanges.append(exchange)
            self.changed.notify_all()

    def until(self, is_complete: Callable[[list[Exchange]], bool]) -> list[Exchange]:
        """Waits until the exchanges are complete."""
        with self.changed:
            if not self.changed.wait_for(lambda: is_complete(self.exchanges), TIMEOUT):
                sent = [(one.method, one.target, one.status) for one in self.exchanges]
                raise TimeoutError(f"the handler has sent {sent}")
            return list(self.exchanges)


@contextmanager
def recording(upstream: str) -> Iterator[Recording]:
    """Runs a proxy that forwards requests to a service and records them."""
    record = Recording()
    address = urlsplit(upstream).netloc

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
            connection = http.client.HTTPConnection(address, timeout=TIMEOUT)
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            content = response.read()
            record.add(Exchange(self.command, self.path, headers, body, response.status))
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in HOP | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = forward

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
