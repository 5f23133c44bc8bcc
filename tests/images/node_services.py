"""A fake of the services that a node calls before a pull: the identity's token, and its exchange at the registry.

    node_services.py FOLDER

FOLDER/requests gets one line for each request: method, path, and the Metadata header or the form.
A path in FOLDER/refused gets 401. FOLDER/services contains the URL, once the server is ready.
"""

import json
import pathlib
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = pathlib.Path(sys.argv[1])
RESPONSES = {
    "/metadata/identity/oauth2/token": {"access_token": "entra.TOKEN-_1", "token_type": "Bearer"},
    "/oauth2/exchange": {"refresh_token": "registry.TOKEN-_2"},
}


def write(name: str, text: str) -> None:
    with open(folder / name, "a", encoding="utf-8") as file:
        file.write(text + "\n")


class Services(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.respond(f"Metadata: {self.headers['Metadata']}")

    def do_POST(self) -> None:
        self.respond(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def respond(self, details: str) -> None:
        path = self.path.partition("?")[0]
        write("requests", f"{self.command} {self.path} {details}")
        refused = (folder / "refused").exists() and path in (folder / "refused").read_text()
        body = json.dumps(RESPONSES[path]).encode()
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
