"""Asynchronous invocations: the queue in front of a function.

EventBridge hands its events to that queue, too; the emulator calls the function directly and drops what it throttles.
A function that is switched off (reserved concurrency 0) sends its events to the failure destination at once; one that
is merely busy is tried again until the event is too old.
"""

import contextvars
import json
import logging
import threading
import time

from ministack.services import eventbridge, lambda_svc

DEFAULT_RETRIES, DEFAULT_AGE_SECONDS = 2, 6 * 3600
log = logging.getLogger("stint.async_lambda")


def settings(function):
    config = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
    retries = config.get("MaximumRetryAttempts")
    return {
        "retries": DEFAULT_RETRIES if retries is None else int(retries),
        "age": int(config.get("MaximumEventAgeInSeconds") or DEFAULT_AGE_SECONDS),
        "failure": ((config.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        or ((function.get("config") or {}).get("DeadLetterConfig") or {}).get("TargetArn"),
    }


def switched_off(function):
    return lambda_svc._reserved_concurrency(function, function["config"]) == 0


def deliver(function, event, limits):
    """The last result: a success, or what is to be sent to the failure destination."""
    start, attempt, wait = time.monotonic(), 0, lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
    while True:
        result = lambda_svc._execute_function_with_config_scope(function, event)
        if not result.get("error") or (result.get("throttle") and switched_off(function)):
            return result
        attempt += 0 if result.get("throttle") else 1
        if attempt > limits["retries"] or time.monotonic() - start + wait > limits["age"]:
            return result
        time.sleep(wait)
        wait = min(wait * 2, lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS)


def invoke_later(function, event):
    def run():
        limits = settings(function)
        result = deliver(function, event, limits)
        if result.get("error") and limits["failure"]:
            name = function["config"].get("FunctionName", "")
            lambda_svc._run_with_function_config_scope(
                function, lambda_svc._route_async_failure, limits["failure"], name, event, result)

    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()


def from_eventbridge(arn, payload):
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        log.warning("rule names a function that is not there: %s", name)
        return
    invoke_later(lambda_svc._execution_record_for_config(function, config), json.loads(payload))


def install():
    lambda_svc.invoke_async_with_retry = invoke_later
    eventbridge._dispatch_to_lambda = from_eventbridge
