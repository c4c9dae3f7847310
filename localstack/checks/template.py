"""What the deployed template promises and no behaviour shows: roles against the definition, retention, protection."""

import json
import urllib.parse

from .report import check


def run(cloud):
    machine = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=cloud.outputs["StateMachineArn"])
    states = json.loads(machine["definition"])["States"].values()
    called = sorted(s["Parameters"]["FunctionName"] for s in states if s["Type"] == "Task")
    check("the machine's role may invoke what the definition calls and nothing else", invocable(cloud), called)
    check("those functions exist", all(cloud.client("lambda").get_function(FunctionName=arn) for arn in called))
    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    check("every alarm reaches the topic", [a["AlarmName"] for a in alarms if cloud.outputs["AlarmsTopic"] not in a["AlarmActions"]], [])
    boundary = cloud.client("iam").get_policy(PolicyArn=cloud.outputs["BoundaryArn"])["Policy"]["PolicyName"]
    check("the boundary has its name", boundary, "stint-boundary")
    stage = cloud.client("apigatewayv2").get_stage(ApiId=cloud.outputs["ApiId"], StageName="$default")
    check("the access log names no path", "path" not in stage["AccessLogSettings"]["Format"].lower())


def invocable(cloud):
    """The emulator calls functions without asking the machine's role, so it is read here."""
    document = cloud.client("iam").get_role_policy(RoleName="stint-access", PolicyName="stint-access")["PolicyDocument"]
    if isinstance(document, str):
        document = json.loads(urllib.parse.unquote(document))
    found = [s["Resource"] for s in document["Statement"] if s["Action"] == "lambda:InvokeFunction"]
    return sorted(found[0])
