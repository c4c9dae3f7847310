"""For how long a role is taken, and what is refused by its form."""

import time

from .harness import refused_with
from .principals import ACCOUNT, INVALID, TAKE, client, document, may, role, take, trusts, user
from .report import check


def run(cloud):
    iam = cloud.client("iam")
    caller = user(cloud, iam, "q-may", may(TAKE))
    durations(cloud, iam, caller)
    forms(cloud, iam, caller)
    of_a_function(cloud, iam)


def durations(cloud, iam, caller):
    arn = role(iam, "q-hour", [trusts("root", TAKE)], may(TAKE))
    day = role(iam, "q-day", [trusts("root", TAKE)], MaxSessionDuration=43200)
    for seconds, answer in ((899, INVALID), (900, None), (3600, None), (3601, INVALID)):
        check(f"a role of one hour for {seconds} seconds", take(caller, arn, DurationSeconds=seconds), answer)
    for seconds, answer in ((43200, None), (43201, INVALID)):
        check(f"a role of twelve hours for {seconds} seconds", take(caller, day, DurationSeconds=seconds), answer)
    got = caller.assume_role(RoleArn=arn, RoleSessionName="q-session", DurationSeconds=900)["Credentials"]
    check("a session says when it ends", got["Expiration"].timestamp() - time.time(), lambda left: 890 < left <= 900)
    chained = client(cloud, got, "sts")
    check("a session takes a role for an hour", take(chained, day, DurationSeconds=3600), None)
    check("and no longer", take(chained, day, DurationSeconds=3601), INVALID)


def forms(cloud, iam, caller):
    arn = role(iam, "q-forms", [trusts("root", TAKE)])
    for what, wrong in {
        "a session's name has no slash": {"RoleSessionName": "a/b"}, "nor one letter only": {"RoleSessionName": "a"},
        "nor has a source identity": {"SourceIdentity": "a b"},
        "a tag's value has no line end": {"Tags": [{"Key": "a", "Value": "b\nc"}]},
        "51 tags are too many": {"Tags": [{"Key": f"a{n}", "Value": "b"} for n in range(51)]},
        "a session policy of more than 2,048 characters is too long": {"Policy": document(may("s3:*")) + " " * 2048},
    }.items():
        parameters = {"RoleArn": arn, "RoleSessionName": "q-session"} | wrong
        check(what, refused_with(caller.assume_role, **parameters), INVALID)
    twice = {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "A", "Value": "c"}]}
    check("a tag is passed once", take(caller, arn, **twice), ("InvalidParameterValue", 400))
    cloud.hook("POST", "packed", {"percent": 101})
    check("a test fills the packed room", take(caller, arn), ("PackedPolicyTooLarge", 400))
    cloud.hook("DELETE", "packed")
    check("and empties it", take(caller, arn), None)


def of_a_function(cloud, iam):
    """A function is a session of its role: what it takes, it takes along a chain."""
    own = cloud.client("lambda").get_function_configuration(FunctionName="stint-grant")["Role"]
    arn = role(iam, "q-target", [trusts(own.removeprefix(ACCOUNT), TAKE)], MaxSessionDuration=43200)
    for seconds, answer in ((3600, lambda got: "Credentials" in got), (3601, "ValidationError")):
        taken = cloud.call("grant", "sts", "assume_role", RoleArn=arn, RoleSessionName="grant", DurationSeconds=seconds)
        check(f"a function takes a role for {seconds} seconds", taken, answer)
    another = cloud.call("expire", "sts", "assume_role", RoleArn=arn, RoleSessionName="expire")
    check("which another may not", another, "AccessDenied")
