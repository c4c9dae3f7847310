"""Stands in for every function of the template: a runtime-API loop that does what its event says.

`{"calls": [[service, operation, {parameters}], …]}` are made with the function's own role and their results returned,
errors as `{"error": code}`. Events of the state machine are acted on by the first word of their request id.
"""

import datetime
import json
import os
import tempfile
import urllib.request

API = f"http://{os.environ.get('AWS_LAMBDA_RUNTIME_API')}/2018-06-01/runtime"
NAME = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")


class Failed(Exception):
    """Ends the invocation with this error type."""


def client(service):
    import boto3

    return boto3.client(service)


def made(service, operation, parameters):
    try:
        answer = getattr(client(service), operation)(**parameters)
    except Exception as error:  # every refusal is an answer to the probe
        return {"error": getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)}
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def notify(event):
    scenario, token = event["request_id"].split("-")[0], event["task_token"]
    if scenario in ("auto", "notyet", "moved", "count"):
        client("stepfunctions").send_task_success(taskToken=token, output="{}")
    if scenario == "deny":
        client("stepfunctions").send_task_failure(taskToken=token, error="Stint.Denied")
    if scenario == "broken":
        raise Failed("Stint.Bug")
    if scenario == "wait":
        keep(event["request_id"], token)
    return {}


def keep(name, token):
    values = [{"S": name}, {"S": "token"}, {"S": token}]
    client("dynamodb").execute_statement(
        Statement="INSERT INTO \"stint-grants\" VALUE {'pk': ?, 'sk': ?, 'token': ?}", Parameters=values)


def grant(event):
    if event["request_id"].startswith("notyet") and first(event):
        raise Failed("Stint.NotYet")
    if event["request_id"].startswith("count"):
        for n in range(3):
            keep(f"{event['request_id']}-{n}-{os.getpid()}", "none")
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    return {"ends_at": end.strftime("%Y-%m-%dT%H:%M:%SZ")}


def expire(event):
    if event["request_id"].startswith("moved") and first(event):
        raise Failed("Stint.WindowMoved")
    return {}


def rotate(event):
    """The four steps as they have to be. A secret whose name has `broken` in it does not get past the second."""
    vault, secret, version = client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        vault.put_secret_value(
            SecretId=secret, ClientRequestToken=version, SecretString=version, VersionStages=["AWSPENDING"])
    if event["Step"] == "setSecret" and "broken" in secret:
        raise Failed("Stint.Transient")
    if event["Step"] == "finishSecret":
        labels = vault.describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(one for one, stages in labels.items() if "AWSCURRENT" in stages)
        if current == version:
            return {}
        vault.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=current)
        vault.update_secret_version_stage(SecretId=secret, VersionStage="AWSPENDING", RemoveFromVersionId=version)
    return {}


def first(event):
    """True once per request and function, whichever process asks."""
    mark = os.path.join(tempfile.gettempdir(), f"{NAME}.{event['request_id']}")
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def handle(event):
    if "calls" in event:
        return {"results": [made(*call) for call in event["calls"]], "pid": os.getpid()}
    if "routeKey" in event:
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
    if "fail" in event:
        raise Failed(event["fail"])
    if "fetch" in event:
        return {"body": urllib.request.urlopen(event["fetch"], timeout=5).read().decode()}
    if "Step" in event:
        return rotate(event)
    act = {"stint-notify": notify, "stint-grant": grant, "stint-expire": expire}.get(NAME)
    return act(event) if act and "request_id" in event and "trigger" not in event else {"event": event}


def post(path, value):
    body = json.dumps(value, default=str).encode()
    urllib.request.urlopen(urllib.request.Request(f"{API}{path}", data=body, method="POST")).read()


def main():
    while True:
        with urllib.request.urlopen(f"{API}/invocation/next") as answer:
            request_id, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], json.load(answer)
        try:
            post(f"/invocation/{request_id}/response", handle(event))
        except Failed as error:
            post(f"/invocation/{request_id}/error", {"errorType": str(error), "errorMessage": "as told"})


if __name__ == "__main__":
    main()
