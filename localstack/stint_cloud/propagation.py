"""IAM takes time, where a test says so: `/_stint/propagation {"seconds": n, "reads": m}`. At rest both are 0.

On AWS a change of IAM reaches the decisions some seconds later, and sometimes the reads as well. With `seconds`,
authentication and authorization (of every service, and of AssumeRole with its trust policy) see IAM as it was n seconds
ago: users, groups, roles, keys, policies. With `reads`, IAM's own Get… and List… see it as it was m seconds ago. Writes
are checked against what is there. Both back to 0, everything is seen at once.
"""

import contextlib
import contextvars
import copy
import functools
import time

from ministack.core import iam_evaluator
from ministack.core.responses import AccountScopedDict
from ministack.services import iam, s3, sts

from .iam_handlers import replace, table
from .knobs import Knob

STORES = ("_users", "_roles", "_groups", "_policies", "_access_keys", "_user_inline_policies", "_group_inline_policies",
          "_login_profiles", "_mfa_devices")
KEEPS = ("Get", "List", "Simulate", "Generate")
DECISIONS = ("resolve_credential", "resolve_principal", "enforce", "check_credentials")

knob = Knob(seconds=0, reads=0)
looking = contextvars.ContextVar("stint_looking", default=None)  # `seconds` or `reads` while somebody looks back
live = {}
history = []  # when something changed, and how everything was until then


class Store(AccountScopedDict):
    """One of the emulator's stores, as who looks at it now may see it."""

    def __init__(self, name):
        self.name = name

    @property
    def _data(self):
        delay = knob[looking.get()] if looking.get() else 0
        if delay:
            moment = time.monotonic() - delay
            for changed, before in history:
                if changed > moment:
                    return before[self.name]
        return live[self.name]


@contextlib.contextmanager
def back(how):
    token = looking.set(looking.get() or how)
    try:
        yield
    finally:
        looking.reset(token)


def decision(function):
    """It sees IAM as decisions do."""

    @functools.wraps(function)
    def decide(*args, **kwargs):
        with back("seconds"):
            return function(*args, **kwargs)

    return decide


def read(old, params):
    with back("reads"):
        return old(params)


def write(old, params):
    now, longest = time.monotonic(), max(knob["seconds"], knob["reads"])
    history[:] = [entry for entry in history if entry[0] > now - longest]
    if longest:
        history.append((now, copy.deepcopy(live)))
    return old(params)


def install():
    for name in STORES:
        live[name] = getattr(iam, name)._data
        setattr(iam, name, Store(name))
    for action in list(table()):
        replace(action, read if action.startswith(KEEPS) else write)
    for name in DECISIONS:
        for module in (iam_evaluator, sts, s3):
            if hasattr(module, name):
                setattr(module, name, decision(getattr(module, name)))
