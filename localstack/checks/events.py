"""Asynchronous invocation: retries, the dead-letter queue, functions that are switched off; the schedule."""

import json

from .harness import refused, wait_for
from .report import check
from .workflow import ended, start


def run(cloud):
    functions = cloud.client("lambda")
    asynchronous(cloud, functions)
    switched_off(cloud, functions)


def later(functions, function, event):
    return functions.invoke(FunctionName=f"stint-{function}", InvocationType="Event", Payload=json.dumps(event))["StatusCode"]


def dead_letters(cloud):
    """Takes what is in the queue: the payloads that were given up."""
    queue = cloud.client("sqs")
    answer = queue.receive_message(QueueUrl=cloud.outputs["DeadLettersUrl"], MaxNumberOfMessages=10)
    for message in answer.get("Messages", []):
        queue.delete_message(QueueUrl=cloud.outputs["DeadLettersUrl"], ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(m["Body"])["requestPayload"] for m in answer.get("Messages", [])]


def asynchronous(cloud, functions):
    event = {"request_id": "async-1", "trigger": "returned", "fail": "Stint.Bug"}
    check("an event is accepted", later(functions, "expire", event), 202)
    check("after its retries it is a dead letter", wait_for(lambda: dead_letters(cloud), 15), [event])
    check("which were two", len(cloud.invoked("expire", event_request_id="async-1")), 3)


def switched_off(cloud, functions):
    functions.put_function_concurrency(FunctionName="stint-expire", ReservedConcurrentExecutions=0)
    called = refused(functions.invoke, FunctionName="stint-expire", Payload="{}")
    check("concurrency 0 throttles a call", called, "TooManyRequestsException")
    event = {"request_id": "async-2", "trigger": "returned"}
    later(functions, "expire", event)
    check("and makes a dead letter of an event", wait_for(lambda: dead_letters(cloud), 10), [event])
    stopped = start(cloud, "wait-off")
    cloud.client("stepfunctions").stop_execution(executionArn=stopped)
    check("and of a rule's event, which is as agreed", wait_for(lambda: dead_letters(cloud), 10), [
        {"request_id": "wait-off", "trigger": "execution", "status": "ABORTED"}])
    arn = start(cloud, "auto-off")
    throttled = wait_for(lambda: "Lambda.TooManyRequestsException" in failures(cloud, arn), 10)
    check("a workflow sees the throttle", throttled)
    functions.delete_function_concurrency(FunctionName="stint-expire")
    check("and goes on when it is over", ended(cloud, arn)[0], "SUCCEEDED")


def failures(cloud, arn):
    events = cloud.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)["events"]
    return [e["taskFailedEventDetails"]["error"] for e in events if e["type"] == "TaskFailed"]


def schedule(cloud):
    """Run last: most of the first minute is over by then."""
    cloud.hook("DELETE", "invocations")
    called = wait_for(lambda: cloud.invoked("reconcile"), 70, 0.5)
    check("the schedule calls reconcile within a minute", len(called), 1)
    rule = cloud.client("events").list_targets_by_rule(Rule="stint-every-minute")["Targets"][0]
    check("with its input", json.loads(rule["Input"]), {"sweep": "minute"})
