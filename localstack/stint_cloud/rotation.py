"""Rotation of secrets: RotateSecret calls the secret's function four times, later and one step after the other.

The emulator moves the labels itself and calls nobody. Here as there: a version that is pending stands in the way of
another rotation; asking again for the one that is pending takes it up where it stopped; a step that fails leaves it
pending, and is tried again a few times; a version has no value before the function has put one.
"""

import contextvars
import logging
import threading
import time
import uuid

from ministack.services import secretsmanager, stepfunctions

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
ATTEMPTS, PAUSE_SECONDS = 3, 1
log = logging.getLogger("stint.rotation")
# The secrets at whose rotation somebody is, and what else was asked for meanwhile.
running, lock = {}, threading.Lock()


def refusal(message):
    return secretsmanager.error_response_json("InvalidRequestException", message, 400)


def labelled(secret, label):
    return next((v for v, data in secret["Versions"].items() if label in data["Stages"]), None)


def unfinished(secret):
    pending = labelled(secret, "AWSPENDING")
    return pending if pending and pending != labelled(secret, "AWSCURRENT") else None


def label(secret, version):
    """A label is on one version. The emulator left it on the others."""
    for name, data in secret["Versions"].items():
        others = [stage for stage in data["Stages"] if stage != "AWSPENDING"]
        data["Stages"] = [*others, "AWSPENDING"] if name == version else others


def call(function_arn, secret, version, step):
    event = {"Step": step, "SecretId": secret["ARN"], "ClientRequestToken": version, "RotationToken": str(uuid.uuid4())}
    stepfunctions._call_lambda(function_arn, event)


def rotate(secret, version, function_arn):
    """One version after the other, as long as there is another to rotate to."""
    while version:
        attempt(secret, version, function_arn)
        with lock:
            version = running[secret["ARN"]]
            if version:
                running[secret["ARN"]] = None
            else:
                del running[secret["ARN"]]


def attempt(secret, version, function_arn):
    for number in range(1, ATTEMPTS + 1):
        try:
            for step in STEPS:
                call(function_arn, secret, version, step)
            secret["LastRotatedDate"] = int(time.time())
            return
        except stepfunctions._ExecutionError as error:
            log.warning("rotation of %s: attempt %d: %s", secret["Name"], number, error)
            time.sleep(PAUSE_SECONDS)


def begin(secret, version, function_arn):
    with lock:
        if secret["ARN"] in running:
            running[secret["ARN"]] = version
            return
        running[secret["ARN"]] = None
    threading.Thread(
        target=contextvars.copy_context().run, args=(rotate, secret, version, function_arn), daemon=True).start()


def rotate_secret(data):
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    if secret is None or secret.get("DeletedDate"):
        return emulators["rotate"](data)
    function_arn = data.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
    if not function_arn:
        return refusal("No Lambda rotation function ARN is associated with this secret.")
    secret.update(RotationLambdaARN=function_arn, RotationEnabled=True)
    if data.get("RotationRules"):
        secret["RotationRules"] = data["RotationRules"]
    version = data.get("ClientRequestToken") or str(uuid.uuid4())
    answer = secretsmanager.json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": version})
    if data.get("RotateImmediately", True) is False:
        return answer
    stuck = unfinished(secret)
    if stuck:
        begin(secret, stuck, function_arn)
        return refusal("A previous rotation isn't complete. That rotation will be reattempted.")
    empty = {"SecretString": None, "SecretBinary": None, "CreatedDate": int(time.time()), "Stages": []}
    found = secret["Versions"].setdefault(version, empty)
    if "AWSCURRENT" not in found["Stages"]:
        label(secret, version)
        begin(secret, version, function_arn)
    return answer


def get_secret_value(data):
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    versions = secret["Versions"] if secret else {}
    asked = data.get("VersionId") or labelled(secret, data.get("VersionStage") or "AWSCURRENT") if secret else None
    found = versions.get(asked)
    if found and found.get("SecretString") is None and found.get("SecretBinary") is None:
        message = "Secrets Manager can't find the specified secret value for the version."
        return secretsmanager.error_response_json("ResourceNotFoundException", message, 400)
    return emulators["get"](data)


def put_secret_value(data):
    """A version keeps the value that it has, and its labels when it is put again. The emulator replaced both."""
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    found = (secret or {"Versions": {}})["Versions"].get(data.get("ClientRequestToken")) or {}
    if found.get("SecretString") not in (None, data.get("SecretString")):
        message = "You can't use ClientRequestToken because that value is already in use for a version with another value."
        return secretsmanager.error_response_json("ResourceExistsException", message, 400)
    if found.get("SecretString") is not None and not secret.get("DeletedDate"):
        version = {"VersionId": data["ClientRequestToken"], "VersionStages": found["Stages"]}
        return secretsmanager.json_response({"ARN": secret["ARN"], "Name": secret["Name"], **version})
    if secret and "AWSPENDING" in data.get("VersionStages", ()):
        label(secret, None)
    return emulators["put"](data)


emulators = {}


def install():
    emulators.update(
        rotate=secretsmanager._rotate_secret,
        get=secretsmanager._get_secret_value,
        put=secretsmanager._put_secret_value,
    )
    secretsmanager._rotate_secret, secretsmanager._get_secret_value = rotate_secret, get_secret_value
    secretsmanager._put_secret_value = put_secret_value
