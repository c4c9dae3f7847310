"""The door: Stint's API under the cloud's own address, the test hooks, and the count of AWS calls.

* `/v1/…` and `/approvals/…` reach the HTTP API named `stint`; a link in a mail opens in a browser on this machine
  and `http://127.0.0.1:<port>` is the origin of its forms.
* `/_stint/…` is for tests: faults, invocations, the knobs, and the database server.
* Requests signed by a function's process are counted, and the process dies where a fault says so.
"""

import asyncio
import json
import subprocess
import urllib.parse

from ministack import app as emulator
from ministack.core.router import extract_access_key_id
from ministack.services import apigateway

from . import assume_role, database, iam_lists, propagation, workers

API_NAME = "stint"
PUBLIC = ("/v1/", "/approvals/")
KNOBS = {
    "/_stint/propagation": propagation.knob,
    "/_stint/pages": iam_lists.knob,
    "/_stint/packed": assume_role.knob,
}


def install():
    serve = emulator.app

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return await serve(scope, receive, send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["path"].startswith("/_stint/"):
            return await hook(scope, receive, send)
        if is_public(scope["path"], headers):
            return await serve(to_api(scope), receive, send)
        await counted(serve, scope, receive, send, headers)

    emulator.app = app


def is_public(path, headers):
    """AWS services have paths below /v1/, too, but sign what they are sent."""
    return path.startswith(PUBLIC) and not headers.get("authorization", "").startswith("AWS4-")


def to_api(scope):
    found = [api for api in apigateway._apis._data.values() if api.get("name") == API_NAME]
    if not found:
        return scope
    prefix = f"/_aws/execute-api/{found[-1]['apiId']}/$default"
    raw = scope.get("raw_path") or scope["path"].encode()
    return {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + raw}


async def counted(serve, scope, receive, send, headers):
    key = extract_access_key_id(headers, {})
    if key not in workers.worker_of_key:
        return await serve(scope, receive, send)
    body = await body_of(receive)
    receive = replayed(body, receive)
    fault = workers.called(key, operation(scope, headers, body))
    if fault is None:
        return await serve(scope, receive, send)
    worker, when = fault
    if when == "after":
        await serve(scope, receive, unheard)
    await asyncio.to_thread(workers.kill, worker)
    # The caller is dead; an answer of any kind only ends the connection.
    await answer(send, 500, {"message": "the caller was killed"})


async def unheard(message):
    """The call takes effect, its answer goes nowhere."""


def operation(scope, headers, body):
    """The operation's name where the protocol says it (a header, or a form as IAM and STS have it), else the route."""
    named = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if not named and headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        named = urllib.parse.parse_qs(body.decode("latin-1")).get("Action", [""])[0]
    return named or f"{scope['method']} {scope['path']}"


def replayed(body, receive):
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again():
        return pending.pop() if pending else await receive()

    return receive_again


async def hook(scope, receive, send):
    route = (scope["method"], scope["path"])
    if scope["path"] in KNOBS:
        return await turned(KNOBS[scope["path"]], scope["method"], receive, send)
    if route == ("POST", "/_stint/faults"):
        try:
            workers.arm(json.loads(await body_of(receive)))
        except (ValueError, AttributeError) as error:
            return await answer(send, 400, {"message": str(error)})
        return await answer(send, 200, workers.report())
    if route == ("GET", "/_stint/database"):
        try:
            return await answer(send, 200, await asyncio.to_thread(database.found))
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            return await answer(send, 500, {"message": str(error)})
    if route == ("DELETE", "/_stint/faults"):
        workers.disarm()
    if route == ("DELETE", "/_stint/invocations"):
        workers.forget_invocations()
    if scope["path"] == "/_stint/faults":
        return await answer(send, 200, workers.report())
    if scope["path"] == "/_stint/invocations":
        return await answer(send, 200, workers.invocation_log())
    await answer(send, 404, {"message": f"faults, invocations, database, {', '.join(path[8:] for path in KNOBS)}"})


async def turned(knob, method, receive, send):
    try:
        if method != "GET":
            knob.turn(json.loads(await body_of(receive)) if method == "POST" else {})
    except ValueError as error:
        return await answer(send, 400, {"message": str(error)})
    await answer(send, 200, knob.report())


async def body_of(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answer(send, status, value):
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
