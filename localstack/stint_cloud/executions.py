"""Step Functions: how executions start and end.

Added: idempotent StartExecution, the machine's own TimeoutSeconds, an end that stays an end, and Waits for a time that
is not there.
"""

import contextvars
import json
import threading

from ministack.services import stepfunctions as sfn

from .callbacks import is_open


def install():
    install_start()
    install_ends()
    install_waits()


def same_start(execution, data):
    return (
        execution["name"] == data["name"]
        and execution["stateMachineArn"] == data.get("stateMachineArn")
        and execution["status"] == "RUNNING"
        and json.loads(execution["input"]) == json.loads(data.get("input") or "{}")
    )


def install_start():
    start = sfn._start_execution

    def start_execution(data):
        """The same name with the same input while it runs is the same execution."""
        if data.get("name"):
            for execution in list(sfn._executions.values()):
                if same_start(execution, data):
                    known = {"executionArn": execution["executionArn"], "startDate": execution["startDate"]}
                    return sfn.json_response(known)
        return start(data)

    sfn._start_execution = start_execution


def machine_timeout(execution):
    machine = sfn._state_machines.get(execution["stateMachineArn"]) or {}
    return json.loads(machine.get("definition") or "{}").get("TimeoutSeconds")


def time_out(execution):
    if is_open(execution):
        execution.update(status="TIMED_OUT", stopDate=sfn.now_iso(), error="States.Timeout", cause="")
        details = {"executionTimedOutEventDetails": {"error": "States.Timeout"}}
        sfn._add_event(execution, "ExecutionTimedOut", details)
        sfn._emit_execution_status_event(execution)


def install_ends():
    run, fail = sfn._run_execution, sfn._fail_execution

    def run_execution(arn):
        execution = sfn._executions.get(arn)
        seconds = machine_timeout(execution) if execution else None
        if not seconds:
            return run(arn)
        timer = threading.Timer(seconds, contextvars.copy_context().run, args=(time_out, execution))
        timer.daemon = True
        timer.start()
        try:
            return run(arn)
        finally:
            timer.cancel()

    def fail_execution(execution, error, cause):
        if is_open(execution):  # what was stopped or timed out has not failed as well
            fail(execution, error, cause)

    sfn._run_execution = run_execution
    sfn._fail_execution = fail_execution


def install_waits():
    wait = sfn._execute_wait

    def execute_wait(state, raw_input, ctx=None):
        """A path without a timestamp is an error that no Catch sees, and no wait of zero seconds."""
        if "TimestampPath" in state:
            found = sfn._resolve_path(state["TimestampPath"], sfn._apply_input_path(state, raw_input, ctx))
            if not sfn._is_timestamp(found):
                message = "The TimestampPath parameter does not reference a valid ISO-8601 timestamp"
                raise sfn._ExecutionError("States.Runtime", message)
        return wait(state, raw_input, ctx)

    sfn._execute_wait = execute_wait
