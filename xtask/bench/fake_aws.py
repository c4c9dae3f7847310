"""Stands in for AWS: answers each operation with a fixture or `{}`, at once. Also a token issuer with a key of its own.

A fixture: {"match": in the method, path and target, "has": [in the request's body], "status", "body" or "text"}. `{pk}`
and `{id}` in it become the request's key, and what follows the `#` in that.

Without TLS: the functions trust Amazon's roots alone, so no certificate made here would do.
"""

import base64
import json
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from server import Server

JSON = {"Content-Type": "application/x-amz-json-1.0"}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class FakeAws:
    def __init__(self, fixtures):
        self.fixtures, self.calls, self.lock = fixtures, 0, threading.Lock()
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.url = f"http://127.0.0.1:{Server(self.handle).port}"

    def handle(self, connection, method, path, headers, sent):
        with self.lock:
            self.calls += 1
        if path.endswith("/.well-known/jwks.json"):
            return connection.reply(200, self.keys(), {"Content-Type": "application/json"})
        call = f"{method} {path} {headers.get('x-amz-target', '')}"
        sent = sent.decode(errors="replace")
        found = next((one for one in self.fixtures if one["match"] in call and all(part in sent for part in one.get("has", []))), {})
        text = found.get("text") or json.dumps(found.get("body", {}))
        if "{pk}" in text:
            pk = json.loads(sent)["Key"]["pk"]["S"]
            text = text.replace("{pk}", pk).replace("{id}", pk.partition("#")[2])
        return connection.reply(found.get("status", 200), text.encode(), JSON)

    def keys(self):
        public = self.key.public_key().public_numbers()
        numbers = {name: b64(n.to_bytes((n.bit_length() + 7) // 8, "big")) for name, n in (("n", public.n), ("e", public.e))}
        return json.dumps({"keys": [{"kty": "RSA", "kid": "bench", "alg": "RS256", "use": "sig", **numbers}]}).encode()

    def token(self):
        now = int(time.time())
        claims = {"iss": self.url, "sub": "bench", "client_id": "bench", "token_use": "access", "iat": now, "exp": now + 36000}
        parts = [b64(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "bench", "typ": "JWT"}, claims)]
        signature = self.key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
        return ".".join([*parts, b64(signature)])
