"""Issues tokens as the identity endpoint of a function app does."""

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azure.core.credentials import AccessToken

HEADER = "conformance"


def token(audience: str) -> str:
    """Returns a token without a signature."""
    now = int(time())
    claims = {"aud": audience, "nbf": now - 300, "exp": now + 86_400}
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


@dataclass(frozen=True)
class Credential:
    """A credential that gives the SDK tokens."""

    audience: str

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(token(self.audience), int(time()) + 86_400)


@contextmanager
def token_service(audience: str, requested: list[str]) -> Iterator[str]:
    """Runs a token service and returns its address; appends each resource to `requested`.

    The handler requests tokens for the address of the recorder. Each token has the audience of the API behind it.
    """

    class Endpoint(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            resource = parse_qs(urlsplit(self.path).query)["resource"][0]
            mine = self.headers.get("X-IDENTITY-HEADER") == HEADER
            requested.append(resource)
            response = {"access_token": token(audience), "resource": resource, "token_type": "Bearer"}
            body = json.dumps(response | {"expires_on": str(int(time()) + 86_400)}).encode()
            self.send_response(200 if mine else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/msi/token"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
