"""Stands in for what a node asks before it pulls: the identity's token, and the registry's exchange of it.

    node_services.py FOLDER

FOLDER/asked receives one line for each request: method, path, what it said of itself, and its form.
A path in FOLDER/refused is answered with 401. FOLDER/services holds the address, once it is served.
"""

import json
import pathlib
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = pathlib.Path(sys.argv[1])
ANSWERS = {
    "/metadata/identity/oauth2/token": {"access_token": "entra.TOKEN-_1", "token_type": "Bearer"},
    "/oauth2/exchange": {"refresh_token": "registry.TOKEN-_2"},
}


def write(name: str, text: str) -> None:
    with open(folder / name, "a", encoding="utf-8") as file:
        file.write(text + "\n")


class Services(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(f"Metadata: {self.headers['Metadata']}")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def answer(self, said: str) -> None:
        path = self.path.partition("?")[0]
        write("asked", f"{self.command} {self.path} {said}")
        refused = (folder / "refused").exists() and path in (folder / "refused").read_text()
        body = json.dumps(ANSWERS[path]).encode()
        self.send_response(401 if refused else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


ThreadingHTTPServer.daemon_threads = True
server = ThreadingHTTPServer(("127.0.0.1", 0), Services)
write("services", f"http://127.0.0.1:{server.server_port}")
write("events", "listening")
server.serve_forever()
