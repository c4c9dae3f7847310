"""Step Functions: tasks and the answers to them.

Added: `TimeoutSecondsPath` and heartbeats of callback tasks, a callback whose function fails, answers to closed tasks
and the right to give them, throttled functions, and tasks of an execution that was stopped meanwhile.
"""

import contextvars
import json
import threading
import time

from ministack.core import iam_actions
from ministack.services import stepfunctions as sfn

POLL_SECONDS = 0.02
running = contextvars.ContextVar("stint_execution", default=None)
closed_tokens = {}  # token -> ARN of its machine


class Closed(Exception):
    """The execution was stopped or timed out while a task of it was still at work."""


def is_open(execution):
    return execution is None or execution["status"] == "RUNNING"


def install():
    install_tasks()
    install_answers()
    install_answer_rights()


def install_tasks():
    execute, call = sfn._execute_task, sfn._call_lambda

    def execute_task(state, raw_input, execution, ctx):
        token = running.set((execution, raw_input, ctx))
        try:
            return execute(state, raw_input, execution, ctx)
        except Closed:
            return raw_input, None
        finally:
            running.reset(token)

    def call_lambda(function, event):
        """A stopped execution retries nothing; a throttled function has an error name of its own."""
        execution, *_ = running.get() or (None,)
        if not is_open(execution):
            raise Closed
        try:
            return call(function, event)
        except sfn._ExecutionError as error:
            if error.error == "Lambda.Unknown" and "TooManyRequestsException" in str(error.cause):
                raise sfn._ExecutionError("Lambda.TooManyRequestsException", error.cause) from None
            raise

    sfn._execute_task = execute_task
    sfn._call_lambda = call_lambda
    sfn._invoke_with_callback = callback


def limit(state, name, raw_input):
    if name + "Path" in state:
        value = sfn._resolve_path(state[name + "Path"], raw_input)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise sfn._ExecutionError("States.Runtime", f"{name}Path must reference a positive integer")
        return value
    return state.get(name)


def function_of(resource, parameters):
    plain = resource.replace(".waitForTaskToken", "")
    found = sfn._extract_lambda_ref(plain)
    if not found and "states:::lambda:invoke" in plain:
        found = sfn._resolve_lambda_function_ref(parameters.get("FunctionName", ""), optimized=True)
    return found


def callback(resource, parameters, token, state):
    """Invokes the function with the token, then waits for the answer. The function's own failure fails the task."""
    function = function_of(resource, parameters)
    if not function:
        raise sfn._ExecutionError("States.Runtime", f"{resource}: only functions are called back here")
    execution, raw_input, ctx = running.get()
    timeout, heartbeat = limit(state, "TimeoutSeconds", raw_input), limit(state, "HeartbeatSeconds", raw_input)
    task = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None, "execution": execution}
    sfn._task_tokens[token] = task
    try:
        start = time.monotonic()
        sfn._call_lambda(function, parameters.get("Payload", parameters))
        await_answer(task, start, timeout, heartbeat)
    finally:
        closed_tokens[token] = execution["stateMachineArn"]
        sfn._task_tokens.pop(token, None)
        ctx["Task"] = {"Token": sfn.new_uuid()}  # a retry waits for a token of its own
    if task["error"]:
        raise sfn._ExecutionError(task["error"].get("Error", "TaskFailed"), task["error"].get("Cause", ""))
    return json.loads(task["result"] or "{}")


def await_answer(task, start, timeout, heartbeat):
    seen, beat = None, start
    while not task["event"].wait(POLL_SECONDS):
        now = time.monotonic()
        if not is_open(task["execution"]):
            raise Closed
        if task["heartbeat"] != seen:
            seen, beat = task["heartbeat"], now
        if timeout is not None and now - start > timeout:
            raise sfn._ExecutionError("States.Timeout", "")
        if heartbeat is not None and now - beat > heartbeat:
            raise sfn._ExecutionError("States.HeartbeatTimeout", "")


def install_answers():
    """SendTask*: TaskTimedOut for a task that is over, InvalidToken for one that never was."""

    def guarded(answer):
        def guard(data):
            token = data.get("taskToken")
            task = sfn._task_tokens.get(token)
            if token in closed_tokens or (task and (task["event"].is_set() or not is_open(task["execution"]))):
                message = "Task Timed Out: 'Provided task does not exist anymore'"
                return sfn.error_response_json("TaskTimedOut", message, 400)
            if not task:
                return sfn.error_response_json("InvalidToken", "Invalid Token: 'Invalid token'", 400)
            return answer(data)

        return guard

    sfn._send_task_success = guarded(sfn._send_task_success)
    sfn._send_task_failure = guarded(sfn._send_task_failure)
    sfn._send_task_heartbeat = guarded(beat_task)


def beat_task(data):
    sfn._task_tokens[data["taskToken"]]["heartbeat"] = time.monotonic()
    return sfn.json_response({})


def machine_of(token):
    task = sfn._task_tokens.get(token)
    return task["execution"]["stateMachineArn"] if task else closed_tokens.get(token)


def install_answer_rights():
    """An answer is authorised on the machine its token belongs to."""
    resource_of = iam_actions.extract_resource_arn

    def resource_arn(service, method, path, headers, body, *args):
        if service == "states" and ".SendTask" in headers.get("x-amz-target", ""):
            machine = machine_of(json.loads(body or b"{}").get("taskToken"))
            if machine:
                return machine
        return resource_of(service, method, path, headers, body, *args)

    iam_actions.extract_resource_arn = resource_arn
