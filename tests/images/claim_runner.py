"""A fake ClaimRunner: returns the responses of a file in order, and repeats the last one.

    claim_runner.py FOLDER

FOLDER/responses contains one JSON object per line: {"status": 503, "headers": {…}, "body": "…"}, or
{"drop": true} to close the connection, or {"hold": true} to send no response. With "interim": true,
a 100 Continue is sent first. {nonce} in a body is replaced by the nonce of the claim.
FOLDER/claims gets one JSON object for each request, FOLDER/events the word `claim`, and
FOLDER/claim-url the URL, once the server is ready.
"""

import json
import pathlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = pathlib.Path(sys.argv[1])
given = iter(range(1 << 30))
forever = threading.Event()


def write(name, text):
    with open(folder / name, "a", encoding="utf-8") as file:
        file.write(text + "\n")


class ClaimRunner(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        claim = {"path": self.path, "type": self.headers["Content-Type"], "body": json.loads(body)}
        responses = (folder / "responses").read_text(encoding="utf-8").splitlines()
        response = json.loads(responses[min(next(given), len(responses) - 1)])
        write("claims", json.dumps(claim))
        write("events", "claim")
        self.give(response, claim["body"].get("nonce", ""))

    def give(self, response, nonce):
        if response.get("hold"):
            forever.wait()
        if response.get("drop"):
            self.close_connection = True
            return
        if response.get("interim"):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\nRetry-After: 300\r\n\r\n")
        body = response.get("body", "").replace("{nonce}", nonce).encode()
        self.send_response(response["status"])
        for name, value in response.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer.daemon_threads = True
server = ThreadingHTTPServer(("127.0.0.1", 0), ClaimRunner)
write("claim-url", f"http://127.0.0.1:{server.server_port}/api/ClaimRunner")
write("events", "listening")
server.serve_forever()
