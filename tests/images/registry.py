"""A fake registry on loopback with one image, which requires a token and responds as the file `response` says.

registry.py FOLDER writes its port to FOLDER/port. FOLDER/response: a status for all manifests, or `close` to close the connection
without a response; without that file, the tags in FOLDER/published exist. Requests are written to FOLDER/requests.
"""

import base64
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])
DIGEST = "sha256:" + "beef" * 16


class Registry(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.record()
        response = self.read("response")
        if response == "close":
            self.close_connection = True
        elif response:
            self.respond(int(response))
        elif self.headers.get("Authorization") != "Bearer a-token":
            self.respond(401, {"WWW-Authenticate": f'Bearer realm="http://{self.headers["Host"]}/token",service="here",scope="x"'})
        elif self.path.rpartition("/")[2] in self.read("published").split():
            self.respond(200, {"Docker-Content-Digest": DIGEST})
        else:
            self.respond(404)

    def do_GET(self) -> None:
        """Returns a token to anonymous callers and to one account."""
        self.record()
        good = "Basic " + base64.b64encode(b"octo:secret").decode()
        self.respond(200 if self.headers.get("Authorization") in (None, good) else 403, body=b'{"token":"a-token"}')

    def record(self) -> None:
        with (FOLDER / "requests").open("a") as requests:
            requests.write(f"{self.command} {self.path}\n")

    def respond(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def read(self, name: str) -> str:
        return (FOLDER / name).read_text() if (FOLDER / name).exists() else ""

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
(FOLDER / "port.new").write_text(str(server.server_port))
(FOLDER / "port.new").rename(FOLDER / "port")
server.serve_forever()
