"""A registry on loopback that knows one image, asks for a token and answers as the file `answer` says.

registry.py FOLDER writes its port to FOLDER/port. FOLDER/answer: a status for all manifests, or `close` for a connection that
ends without an answer; without that file, tags in FOLDER/published are there. Requests are written to FOLDER/requests.
"""

import base64
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])
DIGEST = "sha256:" + "beef" * 16


class Registry(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.note()
        answer = self.read("answer")
        if answer == "close":
            self.close_connection = True
        elif answer:
            self.say(int(answer))
        elif self.headers.get("Authorization") != "Bearer a-token":
            self.say(401, {"WWW-Authenticate": f'Bearer realm="http://{self.headers["Host"]}/token",service="here",scope="x"'})
        elif self.path.rpartition("/")[2] in self.read("published").split():
            self.say(200, {"Docker-Content-Digest": DIGEST})
        else:
            self.say(404)

    def do_GET(self) -> None:
        """Gives a token to anonymous callers and to one account."""
        self.note()
        good = "Basic " + base64.b64encode(b"octo:secret").decode()
        self.say(200 if self.headers.get("Authorization") in (None, good) else 403, body=b'{"token":"a-token"}')

    def note(self) -> None:
        with (FOLDER / "requests").open("a") as requests:
            requests.write(f"{self.command} {self.path}\n")

    def say(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
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
