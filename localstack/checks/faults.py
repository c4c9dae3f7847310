"""The fault hook: a function dies at its n-th call, before or after it took effect, and the workflow goes on."""

from .report import check
from .workflow import APPROVED, ended, start


def run(cloud):
    for when, expected in (("before", 1), ("after", 2)):
        dies(cloud, when, expected)
    counts_one_operation(cloud)
    check("a fault needs a call", cloud.http("POST", "/_stint/faults", {"function": "stint-grant"})[0], 400)
    cloud.hook("DELETE", "faults")
    check("faults are cleared", cloud.hook("GET", "faults")["faults"], [])


def dies(cloud, when, expected):
    """stint-grant writes three items, each named by its process; it dies at the second write."""
    name = f"count-{when}"
    cloud.hook("POST", "faults", {"function": "stint-grant", "call": 2, "when": when, "times": 1})
    status = ended(cloud, start(cloud, name))
    check(f"killed {when} its second call, grant is retried", status, ("SUCCEEDED", APPROVED))
    runs = cloud.invoked("grant", event_request_id=name)
    check(f"killed {when}: one crash, one success", [r["error"] for r in runs], ["Runtime.ExitError", None])
    check(f"killed {when}: calls are counted per invocation", [len(r["calls"]) for r in runs], [2, 3])
    check(f"killed {when}: {expected} of its calls took effect", written(cloud, name), expected + 3)
    report = cloud.hook("GET", "faults")["functions"]["stint-grant"]
    check(f"killed {when}: reported", (report["kills"], report["calls"]), (1, 3))


def counts_one_operation(cloud):
    """The three calls of stint-grant are all the same; another operation is never at its first."""
    for operation, crashes in (("DeleteItem", [None]), ("ExecuteStatement", ["Runtime.ExitError", None])):
        name = f"count-{operation}"
        fault = {"function": "stint-grant", "operation": operation, "call": 3, "when": "before", "times": 1}
        cloud.hook("POST", "faults", fault)
        check(f"a fault at {operation}: it ends", ended(cloud, start(cloud, name)), ("SUCCEEDED", APPROVED))
        runs = cloud.invoked("grant", event_request_id=name)
        check(f"a fault at {operation}: crashes", [r["error"] for r in runs], crashes)


def written(cloud, name):
    items = cloud.client("dynamodb").scan(TableName="stint-grants")["Items"]
    return len([i for i in items if i["pk"]["S"].startswith(f"{name}-")])
