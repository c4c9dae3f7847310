"""How the modules named `iam…` get at the emulator's handlers, one per action."""

import functools

from ministack.services import iam


def table():
    """The service dispatches through a table made at import, wherever it is kept."""
    tables = [t for t in vars(iam).values() if isinstance(t, dict) and t.get("CreateUser") is iam._create_user]
    if len(tables) != 1:
        raise RuntimeError("ministack keeps its IAM handlers elsewhere: not the pinned version?")
    return tables[0]


def replace(action, handler):
    """`handler(old, params)` answers from now on, also where CloudFormation calls the function itself."""
    handlers = table()
    old = handlers[action]
    new = functools.wraps(old)(functools.partial(handler, old))
    handlers[action] = new
    if getattr(iam, old.__name__, None) is old:
        setattr(iam, old.__name__, new)


def param(params, name):
    return iam._p(params, name)


def no_such_user(name):
    return iam._error(404, "NoSuchEntity", f"The user with name {name} cannot be found.", ns="iam")
