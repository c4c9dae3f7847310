"""A cloud of its own on a free port, with the real template and stand-ins for the functions."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "eu-west-1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds=20, every=0.05):
    """The first true value of `what()`; the last value if time runs out."""
    end = time.monotonic() + seconds
    while not (value := what()) and time.monotonic() < end:
        time.sleep(every)
    return value


def refused(call, **parameters):
    """The code a call was refused with, None if it was not."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


def refused_with(call, **parameters):
    """The code and the HTTP status a call was refused with, None if it was not."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return None


class Cloud:
    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "SAM_CLI_TELEMETRY": "0",
            "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self.outputs = {}

    def client(self, service, key="test", secret="test", token=None):
        """It checks no parameters itself: what is wrong must be refused by the cloud."""
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token,
                            config=botocore.config.Config(parameter_validation=False))

    def http(self, method, path, body=None, headers=None):
        """Status, headers and body of a plain request, whatever the status."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def hook(self, method, name, body=None):
        return json.loads(self.http(method, f"/_stint/{name}", body)[2])

    def invoke(self, function, event):
        answer = self.client("lambda").invoke(FunctionName=f"stint-{function}", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def call(self, function, service, operation, **parameters):
        """One AWS call under the role of a function: its answer, or the code it was refused with."""
        result = self.invoke(function, {"calls": [[service, operation, parameters]]})["results"][0]
        return result.get("error") or result

    def invoked(self, function, **match):
        return [i for i in self.hook("GET", "invocations")
                if i["function"] == f"stint-{function}" and all(i[k] == v for k, v in match.items())]


@contextlib.contextmanager
def running():
    cloud = Cloud()
    command = [sys.executable, str(ROOT / "localstack/cloud.py"), "--port", str(cloud.port), "--region", REGION]
    process = subprocess.Popen(command, env=cloud.env)
    try:
        if not wait_for(lambda: healthy(cloud)):
            raise SystemExit("the cloud does not start")
        yield cloud
    finally:
        process.terminate()
        process.wait(timeout=10)


def healthy(cloud):
    with contextlib.suppress(OSError):
        return cloud.http("GET", "/_ministack/health")[0] == 200


def deploy(cloud):
    """`sam deploy` of the template as it is, beside stand-ins where it looks for the built functions."""
    with tempfile.TemporaryDirectory() as folder:
        stand_in(pathlib.Path(folder))
        overrides = ["MailFrom=stint@example.org", f"PublicUrl={cloud.url}"]
        command = ["sam", "deploy", "--config-env", "local", "--parameter-overrides", *overrides]
        done = subprocess.run(command, cwd=folder, env=cloud.env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout[-4000:] + done.stderr[-4000:])
    stack = cloud.client("cloudformation").describe_stacks(StackName="stint")["Stacks"][0]
    cloud.outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}


def stand_in(folder):
    for part in ("infra", "statemachines"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "samconfig.toml", folder)
    body = (ROOT / "localstack/checks/placeholder.py").read_text()
    template = (ROOT / "infra/template.yaml").read_text()
    for function in set(re.findall(r"CodeUri: \.\./target/lambda/([\w-]+)/", template)):
        bootstrap = folder / "target/lambda" / function / "bootstrap"
        bootstrap.parent.mkdir(parents=True)
        bootstrap.write_text(f"#!{sys.executable}\n{body}")
        bootstrap.chmod(0o755)
