"""Stands in for ClaimRunner: gives the answers of a file in order, the last one again and again.

    claim_runner.py FOLDER

FOLDER/answers holds one JSON object a line: {"status": 503, "headers": {…}, "body": "…"}, or
{"drop": true} to close the connection, or {"hold": true} to leave the caller without an answer. With "interim": true,
a 100 Continue comes first. {nonce} in a body becomes the nonce of the claim.
FOLDER/claims receives one JSON object for each request, FOLDER/events the word `claim`, and
FOLDER/claim-url the address, once it is served.
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
        answers = (folder / "answers").read_text(encoding="utf-8").splitlines()
        answer = json.loads(answers[min(next(given), len(answers) - 1)])
        write("claims", json.dumps(claim))
        write("events", "claim")
        self.give(answer, claim["body"].get("nonce", ""))

    def give(self, answer, nonce):
        if answer.get("hold"):
            forever.wait()
        if answer.get("drop"):
            self.close_connection = True
            return
        if answer.get("interim"):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\nRetry-After: 300\r\n\r\n")
        body = answer.get("body", "").replace("{nonce}", nonce).encode()
        self.send_response(answer["status"])
        for name, value in answer.get("headers", {}).items():
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
