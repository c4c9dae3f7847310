"""One cold start: Lambda's runtime API (2018-06-01) for one child process, which gets the same event again and again."""

import glob
import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import uuid

from server import Server

TIMEOUT = 60  # seconds for one child


class Run:
    def __init__(self, target, invocations, fake, wrapper=()):
        self.target, self.invocations, self.fake, self.wrapper = target, invocations, fake, list(wrapper)
        self.event, self.times, self.error, self.init = json.dumps(target["event"]).encode(), [], None, None
        self.done, self.spawned, self.output = threading.Event(), threading.Event(), ""
        self.server = Server(self.handle)

    def handle(self, connection, _method, path, _headers, body):
        at = time.perf_counter()
        if path.endswith("/invocation/next"):
            return self.next(connection, at)
        if path.endswith("/init/error"):
            self.fail(f"it does not start: {body[:2000].decode(errors='replace')}")
        elif path.endswith(("/response", "/error")):
            self.times.append((at - self.sent) * 1e3)
            if len(self.times) == 1:
                self.calls_first = self.fake.calls - self.calls_before
        return connection.reply(202, b"{}")

    def next(self, connection, at):
        if self.init is None:
            self.init = (at - self.started) * 1e3
            self.spawned.wait(10)
            self.init_cpu = cpu_ms(self.child.pid)
        if len(self.times) >= self.invocations:
            self.rss = peak_mib(self.child.pid)
            self.done.set()
            self.server.closed.wait()  # the poll hangs, as on Lambda
            raise EOFError
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 300) * 1e3)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:bench",
            "Lambda-Runtime-Trace-Id": "Root=1-5f3e1a2b-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0",
        }
        self.sent = time.perf_counter()
        connection.reply(200, self.event, headers)

    def fail(self, why):
        self.error = why
        self.done.set()

    def environment(self):
        return {
            "PATH": os.environ.get("PATH", ""), "LANG": "en_US.UTF-8", "TZ": ":UTC", "HOME": "/tmp", "_HANDLER": "bootstrap",
            "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench", "AWS_SESSION_TOKEN": "bench", "AWS_ENDPOINT_URL": self.fake.url,
            "AWS_LAMBDA_FUNCTION_NAME": "bench", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": os.path.dirname(self.target["program"]),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.port}", **self.target["env"],
        }

    def go(self):
        self.calls_before = self.fake.calls
        with tempfile.TemporaryFile() as said:
            environment = self.environment()
            self.started = time.perf_counter()
            self.child = subprocess.Popen([*self.wrapper, self.target["program"]], env=environment, stdin=subprocess.DEVNULL,
                                          stdout=said, stderr=said, start_new_session=True)
            self.spawned.set()
            self.wait()
            said.seek(0)
            self.output = said.read().decode(errors="replace")
        if self.error:
            raise SystemExit(f"{self.target['name']}: {self.error}\n{self.output[-4000:]}")
        return self.measured() if self.times else None

    def measured(self):
        return {"init": self.init, "init_cpu": self.init_cpu, "first": self.times[0], "rss": self.rss,
                "warm": statistics.median(self.times[1:] or self.times), "calls_first": self.calls_first}

    def wait(self):
        end = time.monotonic() + TIMEOUT * (20 if self.wrapper else 1)
        while not self.done.wait(0.02):
            if self.child.poll() is not None or time.monotonic() > end:
                self.fail(f"it did not finish (exit code {self.child.poll()})")
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGTERM if self.wrapper else signal.SIGKILL)
        self.child.wait()
        self.server.close()


def cpu_ms(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e6


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        found = re.search(r"VmHWM:\s+(\d+)", file.read())
    return int(found.group(1)) / 1024 if found else 0.0


def instructions(target, fake):
    """Instructions until the first poll, for the first call, and for a later one: runs of different lengths, compared."""
    none, one = (counted(target, fake, invocations) for invocations in (0, 1))
    if target.get("warm") == 0:
        return {"instr_init": none, "instr_first": one - none}
    first, warm = one - none, (counted(target, fake, 3) - one) / 2
    return {"instr_init": none, "instr_first": first, "instr_warm": warm, "instr_cold": first - warm}


def counted(target, fake, invocations):
    run = Run(target, invocations, fake, ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"])
    run.go()
    found = re.search(r"Collected : (\d+)", run.output)
    if not found:
        raise SystemExit(f"valgrind counted nothing:\n{run.output[-2000:]}")
    return int(found.group(1))
