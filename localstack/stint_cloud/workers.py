"""The functions' processes: who called what, who was invoked, and who is to die when.

Each process gets session credentials of its own for its execution role, so every AWS call is attributed to one
invocation of one function. A fault kills the process at its n-th call: *before* the call takes effect, or *after* it
took effect and before the answer is sent.
"""

import contextvars
import datetime
import hashlib
import os
import signal
import threading
import uuid

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sts

spawning = contextvars.ContextVar("stint_spawning", default=None)
lock = threading.Lock()
worker_of_key = {}
invocations = []
faults = {}
kills = {}


def install():
    spawn, invoke = lambda_runtime.ProvidedWorker._spawn, lambda_runtime.ProvidedWorker.invoke
    environment = lambda_svc._provided_worker_env

    def spawn_known(self, *args, **kwargs):
        token = spawning.set(self)
        try:
            return spawn(self, *args, **kwargs)
        finally:
            spawning.reset(token)

    def environment_of_its_own(config, code_dir, port):
        env, worker = environment(config, code_dir, port), spawning.get()
        return {**env, **own_credentials(env, worker)} if worker else env

    def invoke_recorded(self, event, request_id, **kwargs):
        record = self.stint_invocation = begin(self.func_name, event, request_id)
        try:
            result = invoke(self, event, request_id, **kwargs)
            record["error"] = error_of(result)
            return result
        except Exception as error:
            record["error"] = getattr(error, "error_type", "") or "Runtime.Unknown"
            raise
        finally:
            record["ended"] = now()

    lambda_runtime.ProvidedWorker._spawn = spawn_known
    lambda_runtime.ProvidedWorker.invoke = invoke_recorded
    lambda_svc._provided_worker_env = environment_of_its_own


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def own_credentials(env, worker):
    """Copies the role session the emulator made for the function under a key only this process has."""
    shared = sts._sessions.get(env.get("AWS_ACCESS_KEY_ID"))
    if shared is None:
        return {}
    digest = hashlib.sha256(uuid.uuid4().bytes).hexdigest().upper()
    key = "ASIA" + digest[:16]
    sts.register_session(key, dict(shared))
    with lock:
        for old in [k for k, w in worker_of_key.items() if w is worker]:
            del worker_of_key[old]
        worker_of_key[key] = worker
    return {"AWS_ACCESS_KEY_ID": key}


def begin(function, event, request_id):
    event = event if isinstance(event, dict) else {}
    record = {
        "function": function,
        "request_id": request_id,
        "event_request_id": event.get("request_id"),
        "step": event.get("Step", ""),
        "route": event.get("routeKey"),
        "started": now(),
        "ended": None,
        "error": None,
        "calls": [],
    }
    with lock:
        invocations.append(record)
    return record


def error_of(result):
    if result.get("status") == "ok":
        return None
    payload = result.get("error_payload")
    return payload.get("errorType", "Unknown") if isinstance(payload, dict) else "Unknown"


def called(access_key, operation):
    """Counts one AWS call. Returns the worker to kill and whether before or after it, or None."""
    with lock:
        worker = worker_of_key.get(access_key)
        record = getattr(worker, "stint_invocation", None)
        if record is None:
            return None
        record["calls"].append(operation)
        fault = faults.get(worker.func_name)
        if not fault or fault["left"] == 0 or fault["step"] not in (None, record["step"]) or not is_at(fault, record["calls"]):
            return None
        fault["left"] -= 1
        kills[worker.func_name] = kills.get(worker.func_name, 0) + 1
        return worker, fault["when"]


def is_at(fault, calls):
    counted = [call for call in calls if fault["operation"] in (None, call)]
    return fault["operation"] in (None, calls[-1]) and len(counted) == fault["call"]


def kill(worker):
    process = worker._proc
    if process is not None and process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=5)


def arm(fault):
    """`{"function", "call": n, "when": "before"|"after", "times": k}`; raises ValueError for anything else.

    With an `operation` such as `GetItem`, only its calls are counted; with a `step` such as `setSecret`, only when it is
    called for that step of a rotation.
    """
    function, call, when, times = (fault.get(k) for k in ("function", "call", "when", "times"))
    operation, step = fault.get("operation"), fault.get("step")
    times = 1 if times is None else times
    if not isinstance(function, str) or when not in ("before", "after"):
        raise ValueError("function and when (before, after) are needed")
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in (call, times)):
        raise ValueError("call and times are positive integers")
    if any(name is not None and not isinstance(name, str) for name in (operation, step)):
        raise ValueError("operation and step are names")
    with lock:
        faults[function] = {"function": function, "operation": operation, "call": call, "when": when}
        faults[function] |= {"times": times, "left": times, "step": step}
        kills[function] = 0


def disarm():
    with lock:
        faults.clear()
        kills.clear()


def report():
    """Per function: the faults armed, and the calls of its latest invocation."""
    with lock:
        latest = {record["function"]: record for record in invocations}
        functions = {
            name: {
                "calls": len(record["calls"]),
                "operations": list(record["calls"]),
                "request_id": record["request_id"],
                "kills": kills.get(name, 0),
            }
            for name, record in latest.items()
        }
        return {"faults": [dict(fault) for fault in faults.values()], "functions": functions}


def invocation_log():
    with lock:
        return [{**record, "calls": list(record["calls"])} for record in invocations]


def forget_invocations():
    with lock:
        invocations.clear()


def stop():
    lambda_runtime.reset()
