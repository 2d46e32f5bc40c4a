"""An OpenID provider of ours: a real HTTP server that can also be turned hostile."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

Said = tuple[int, bytes, dict[str, str]]


@cache
def key_called(kid: str) -> RSAKey:
    """The same key for the same name: making one takes long."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def visited(url: str) -> str:
    """Where a provider sends a browser that comes by `url`."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        assert answer.status == 302, answer.read()
        return answer.headers["location"]
    finally:
        connection.close()


class Issuer:
    """Serves discovery, keys, codes and tokens in Cognito's shape.

    `claims` and `metadata` are laid over its own; `back` is laid over what browsers come back with. `says`
    answers whatever ends with a path. With a `secret` only a client that has it gets tokens.
    """

    def __init__(self, client_id: str = "client-1") -> None:
        self.client_id = client_id
        self.calm()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*issuer.get(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                asked = dict(parse_qsl(body)) | {"authorization": self.headers.get("authorization", "")}
                self._answer(*issuer.post(self.path, asked))

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/pool"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def calm(self) -> None:
        """Be as friendly as at the beginning."""
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.back: dict[str, str] = {}
        self.says: dict[str, Said] = {}
        self.secret: str | None = None
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.fetched = 0
        self.nonce = ""
        self.rotate("first")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def rotate(self, kid: str) -> None:
        self.keys = [key_called(kid)]

    def get(self, path: str) -> Said:
        place = urlsplit(path).path
        for ending, said in self.says.items():
            if place.endswith(ending):
                return said
        if place.endswith("/oauth2/authorize"):
            return 302, b"", {"location": self._authorized(dict(parse_qsl(urlsplit(path).query)))}
        if place.endswith("/openid-configuration"):
            return _json(self._described())
        self.fetched += 1
        return _json({"keys": [key.as_dict(private=False) for key in self.keys]})

    def post(self, path: str, asked: dict[str, str]) -> Said:
        self.asked.append(asked)
        for ending, said in self.says.items():
            if path.endswith(ending):
                return said
        if not self._is_client(asked):
            return _json({"error": "invalid_client"}, 401)
        known = self.codes.pop(asked.get("code", ""), None)  # a code is good once
        proved = known is not None and challenge_of(asked["code_verifier"]) == known["code_challenge"]
        if known is None or not proved or asked["redirect_uri"] != known["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        token = self.token(known["nonce"])
        return _json({"id_token": token, "access_token": "x", "token_type": "Bearer"})

    def code(self, nonce: str, verifier: str, redirect_uri: str) -> str:
        """A code for somebody who has signed in here."""
        made = secrets.token_urlsafe(12)
        said = {"nonce": nonce, "redirect_uri": redirect_uri, "code_challenge": challenge_of(verifier)}
        self.codes[made] = said
        return made

    def token(self, nonce: str | None = None, **header: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": self.client_id,
            "sub": "11111111-2222-3333-4444-555555555555",
            "token_use": "id",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce or self.nonce,
            "email": "grace@example.com",
            "email_verified": True,
            "name": "Grace",
            "cognito:groups": ["ops", "others"],
        } | self.claims
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.keys[0].kid} | header, said, self.keys[0])

    def _authorized(self, asked: dict[str, str]) -> str:
        assert asked["code_challenge_method"] == "S256"
        made = secrets.token_urlsafe(12)
        self.codes[made] = asked
        back = {"code": made, "state": asked["state"]} | self.back
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def _is_client(self, asked: dict[str, str]) -> bool:
        if self.secret is None:
            return True
        if "client_secret_basic" not in self._described()["token_endpoint_auth_methods_supported"]:
            return asked.get("client_secret") == self.secret
        pair = f"{quote(self.client_id, safe='')}:{quote(self.secret, safe='')}"
        return asked["authorization"] == "Basic " + base64.b64encode(pair.encode()).decode()

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/oauth2/authorize",
            "token_endpoint": f"{self.url}/oauth2/token",
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "end_session_endpoint": f"{self.url}/logout",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        } | self.metadata


def _json(said: object, status: int = 200) -> Said:
    return status, json.dumps(said).encode(), {"content-type": "application/json"}
