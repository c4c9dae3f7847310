"""The state machine, run through each of its ways by stand-in functions, and what surrounds it."""

import datetime
import json

from .harness import refused, wait_for
from .report import check

APPROVED = ["AwaitApproval", "Grant", "AccessWindow", "Expire"]


def start(cloud, name, wait_seconds=30, starts_in=None):
    value = {"request_id": name, "wait_seconds": wait_seconds}
    if starts_in:
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=starts_in)
        value["starts_at"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return cloud.client("stepfunctions").start_execution(
        stateMachineArn=cloud.outputs["StateMachineArn"], name=name, input=json.dumps(value))["executionArn"]


def ended(cloud, arn, seconds=25):
    """The final status and the states entered."""
    states = cloud.client("stepfunctions")
    wait_for(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING", seconds)
    history = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    entered = [e["stateEnteredEventDetails"]["name"] for e in history if e["type"].endswith("StateEntered")]
    return states.describe_execution(executionArn=arn)["status"], entered


def run(cloud):
    started = {n: start(cloud, n) for n in ("auto-1", "deny-1", "notyet-0", "moved-1", "broken-1")}
    started["lapse-1"] = start(cloud, "lapse-1", wait_seconds=1)
    started["notyet-1"] = start(cloud, "notyet-1", starts_in=2)
    ways(cloud, started)
    started["wait-2"] = start(cloud, "wait-2")
    start_again(cloud, started)
    early_ends(cloud, started)
    answers(cloud)
    machine_timeout(cloud)


def ways(cloud, started):
    done = "SUCCEEDED"
    check("approved: four states", ended(cloud, started["auto-1"]), (done, APPROVED))
    check("denied ends there", ended(cloud, started["deny-1"]), (done, ["AwaitApproval", "Closed"]))
    check("lapsed goes to Expire", ended(cloud, started["lapse-1"]), (done, ["AwaitApproval", "Expire"]))
    check("an unknown failure goes to Expire", ended(cloud, started["broken-1"]), (done, ["AwaitApproval", "Expire"]))
    check("too early waits for its start", ended(cloud, started["notyet-1"]),
          (done, ["AwaitApproval", "Grant", "AwaitStart", "Grant", "AccessWindow", "Expire"]))
    check("a moved window is granted again", ended(cloud, started["moved-1"]),
          (done, APPROVED + ["Grant", "AccessWindow", "Expire"]))
    check("three invocations for an approved request", [
        len(cloud.invoked(f, event_request_id="auto-1")) for f in ("notify", "grant", "expire")], [1, 1, 1])


def start_again(cloud, started):
    check("a start repeated with the same input is the same execution", start(cloud, "wait-2"), started["wait-2"])
    for name, rule in (("wait-2", "with another input"), ("auto-1", "after its end")):
        code = refused(start, cloud=cloud, name=name, wait_seconds=31)
        check(f"a name is taken {rule}", code, "ExecutionAlreadyExists")


def early_ends(cloud, started):
    """A failure no Catch sees and a stopped execution both reach expire through the rule."""
    check("a wait for no time fails the execution", ended(cloud, started["notyet-0"])[0], "FAILED")
    cloud.client("stepfunctions").stop_execution(executionArn=started["wait-2"], error="a", cause="b")
    check("a stopped execution stays stopped", ended(cloud, started["wait-2"])[0], "ABORTED")
    for name in ("notyet-0", "wait-2"):
        called = wait_for(lambda: cloud.invoked("expire", event_request_id=name), 5)
        check(f"the rule calls expire for {name}", len(called), 1)
    succeeded = cloud.invoked("expire", event_request_id="auto-1")
    check("and not for those that succeeded", len(succeeded), 1)


def answers(cloud):
    def answer(token):
        return cloud.call("request", "stepfunctions", "send_task_success", taskToken=token, output="{}")

    states = cloud.client("stepfunctions")
    check("a token that never was is invalid", refused(states.send_task_success, taskToken="a", output="{}"), "InvalidToken")
    start(cloud, "wait-3")
    token = wait_for(lambda: token_of(cloud, "wait-3"), 5)
    check("grant may not answer a token", cloud.call(
        "grant", "stepfunctions", "send_task_success", taskToken=token, output="{}"), "AccessDeniedException")
    check("a token is answered once", (answer(token), answer(token)), ({}, "TaskTimedOut"))


def token_of(cloud, name):
    key = {"pk": {"S": name}, "sk": {"S": "token"}}
    return cloud.client("dynamodb").get_item(TableName="stint-grants", Key=key).get("Item", {}).get("token", {}).get("S")


def machine_timeout(cloud):
    states = cloud.client("stepfunctions")
    definition = {"StartAt": "A", "TimeoutSeconds": 1, "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}}
    role = cloud.client("iam").get_role(RoleName="stint-access")["Role"]["Arn"]
    machine = states.create_state_machine(name="short", roleArn=role, definition=json.dumps(definition))
    arn = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    check("a machine's own time-out ends its executions", ended(cloud, arn)[0], "TIMED_OUT")
