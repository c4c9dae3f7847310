"""What a role's session may do, and how it is stopped: the role's policies, session policies, a Deny on a tag."""

import datetime
import json
import time

from .harness import refused, refused_with
from .principals import (
    INVALID,
    NAME,
    NO_QUEUES,
    NO_TABLES,
    QUEUES,
    TABLES,
    TAG,
    TAKE,
    client,
    document,
    may,
    queues,
    role,
    session,
    tables,
    take,
    trusts,
    user,
)
from .report import check


def run(cloud):
    iam = cloud.client("iam")
    caller = user(cloud, iam, "s-caller", may(TAKE, TAG, NAME))
    arn = role(iam, "s-role", [trusts("root", TAKE, TAG, NAME)], path="/s/")
    policies(cloud, iam, caller, arn)
    narrowed(cloud, caller, arn)
    cut(cloud, iam, caller, arn)


def policies(cloud, iam, caller, arn):
    """A role's inline policies work for the sessions there are."""
    got = session(caller, arn)
    check("a role without policies may nothing", queues(cloud, got), NO_QUEUES)
    for n in range(3):
        iam.put_role_policy(RoleName="s-role", PolicyName=f"p{n}", PolicyDocument=document(may(QUEUES)))
    check("its sessions may what it gets", queues(cloud, got), None)
    check("and not more", tables(cloud, got), NO_TABLES)
    read = iam.get_role_policy(RoleName="s-role", PolicyName="p1")["PolicyDocument"]
    check("a role's policy is read back", read, json.loads(document(may(QUEUES))))
    one = iam.list_role_policies(RoleName="s-role", MaxItems=2)
    two = iam.list_role_policies(RoleName="s-role", MaxItems=2, Marker=one["Marker"])
    check("and listed by pages", (one["PolicyNames"], two["PolicyNames"], two["IsTruncated"]), (["p0", "p1"], ["p2"], False))
    for n in range(3):
        iam.delete_role_policy(RoleName="s-role", PolicyName=f"p{n}")
    check("deleted ones are gone", refused_with(iam.get_role_policy, RoleName="s-role", PolicyName="p1"), ("NoSuchEntity", 404))
    check("at once, for sessions that run, too", queues(cloud, got), NO_QUEUES)
    iam.put_role_policy(RoleName="s-role", PolicyName="a", PolicyDocument=document(may(QUEUES, TABLES)))


def narrowed(cloud, caller, arn):
    """A session policy gives nothing the role has not, and ends when it says."""
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    dated = may(QUEUES, DateLessThan={"aws:CurrentTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")})
    got = session(caller, arn, Policy=document(dated, may("sns:ListTopics")))
    check("a session policy lets through what the role may", queues(cloud, got), None)
    check("but not the rest of it", tables(cloud, got), NO_TABLES)
    check("and adds nothing", refused(client(cloud, got, "sns").list_topics), "AuthorizationError")
    check("2,048 characters are a session policy", take(caller, arn, Policy=long(2048)), None)
    check("one more is not", take(caller, arn, Policy=long(2049)), INVALID)
    check("nor is what is no policy", take(caller, arn, Policy="{}"), ("MalformedPolicyDocument", 400))
    time.sleep(max(0, end.timestamp() + 1 - time.time()))
    check("a dated session policy ends by itself", queues(cloud, got), NO_QUEUES)
    check("and the role's other sessions do not", queues(cloud, session(caller, arn)), None)


def long(characters):
    return document(may(QUEUES)).ljust(characters)


def cut(cloud, iam, caller, arn):
    """A Deny on one grant's tag stops its session and no other."""
    one, two = (session(caller, arn, name=n, Tags=[{"Key": "stint-grant", "Value": n}]) for n in ("g-1", "g-2"))
    check("two sessions of a role work", (queues(cloud, one), queues(cloud, two)), (None, None))
    for key, value, stopped, goes_on in (
        ("aws:PrincipalTag/stint-grant", "g-1", one, two),
        ("aws:SourceIdentity", "ada", session(caller, arn, SourceIdentity="ada"), session(caller, arn, SourceIdentity="bob")),
        ("aws:userid", "*:g-1", one, two),
    ):
        deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLike": {key: value}}}
        iam.put_role_policy(RoleName="s-role", PolicyName="cut", PolicyDocument=document(deny))
        check(f"a Deny on {key} stops one", queues(cloud, stopped), NO_QUEUES)
        check("and the other goes on", queues(cloud, goes_on), None)
        iam.delete_role_policy(RoleName="s-role", PolicyName="cut")
        check("without it the first does, too", queues(cloud, stopped), None)
