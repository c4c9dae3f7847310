"""IAM that takes its time: a change is seen later, by decisions and by reads, while a test says so."""

import time

from .harness import refused, wait_for
from .principals import DENIED, NO_QUEUES, QUEUES, TAKE, document, may, queues, role, session, take, trusts, user
from .report import check

SECONDS = 3
UNKNOWN = "InvalidClientTokenId"


def run(cloud):
    iam = cloud.client("iam")
    try:
        gets = decisions(cloud, iam)
        reads(cloud, iam, gets)
        switched_off(cloud, iam)
    finally:
        cloud.hook("DELETE", "propagation")
    wrong = [cloud.http("POST", "/_stint/propagation", body)[0] for body in ({"seconds": -1}, {"second": 1}, [3])]
    check("the delay is a number of seconds", wrong, [400, 400, 400])


def key_of(iam, name):
    iam.create_user(UserName=name)
    return new_key(iam, name)


def new_key(iam, name):
    return iam.create_access_key(UserName=name)["AccessKey"] | {"SessionToken": None}


def permit(iam, name):
    iam.put_user_policy(UserName=name, PolicyName="a", PolicyDocument=document(may(QUEUES)))


def decisions(cloud, iam):
    gets, loses, ends = (key_of(iam, f"p-{n}") for n in ("gets", "loses", "ends"))
    permit(iam, "p-loses")
    permit(iam, "p-ends")
    caller = user(cloud, iam, "p-caller", may(TAKE))
    arn = role(iam, "p-role", [trusts("root", TAKE)])
    running = session(caller, arn)
    check("what is decided before", [queues(cloud, k) for k in (gets, loses, ends, running)], [NO_QUEUES, None, None, NO_QUEUES])

    set_to = cloud.hook("POST", "propagation", {"seconds": SECONDS})
    check("the delay is set", set_to, {"seconds": SECONDS, "reads": 0})
    permit(iam, "p-gets")
    iam.delete_user_policy(UserName="p-loses", PolicyName="a")
    iam.update_access_key(UserName="p-ends", AccessKeyId=ends["AccessKeyId"], Status="Inactive")
    iam.put_role_policy(RoleName="p-role", PolicyName="a", PolicyDocument=document(may(QUEUES)))
    newer = new_key(iam, "p-loses")
    iam.create_role(RoleName="p-new", AssumeRolePolicyDocument=document(trusts("root", TAKE)))
    changed = time.monotonic()
    check("is still decided then", [queues(cloud, k) for k in (gets, loses, ends, running)], [NO_QUEUES, None, None, NO_QUEUES])
    check("a new key is unknown", queues(cloud, newer), UNKNOWN)
    check("a new role is nobody's", take(caller, arn.replace("p-role", "p-new")), DENIED)
    shown = [iam.list_user_policies(UserName=f"p-{n}")["PolicyNames"] for n in ("gets", "loses")]
    check("reads show it at once", shown, [["a"], []])
    check("all that in time", time.monotonic() - changed, lambda took: took < SECONDS)

    wait_for(lambda: queues(cloud, newer) != UNKNOWN)
    check("then it takes effect", [queues(cloud, k) for k in (gets, loses, ends, running)], [None, NO_QUEUES, UNKNOWN, None])
    check("a new key is known", queues(cloud, newer), NO_QUEUES)
    check("a new role is taken", take(caller, arn.replace("p-role", "p-new")), None)
    check("after the delay and not long after", time.monotonic() - changed, lambda took: SECONDS - 1 < took < SECONDS + 3)
    last_user(cloud, iam, loses, newer)
    return gets


def last_user(cloud, iam, *keys):
    for key in keys:
        iam.delete_access_key(UserName="p-loses", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="p-loses")
    check("a deleted user's key works on", refused(client_of(cloud, keys[0]).get_caller_identity), None)
    check("for a while", wait_for(lambda: refused(client_of(cloud, keys[0]).get_caller_identity)), UNKNOWN)


def client_of(cloud, key):
    return cloud.client("sts", key["AccessKeyId"], key["SecretAccessKey"])


def reads(cloud, iam, gets):
    cloud.hook("POST", "propagation", {"reads": SECONDS})
    key = key_of(iam, "p-late")
    permit(iam, "p-late")
    late = {"UserName": "p-late"}
    check("a new user is not read", refused(iam.get_user, **late), "NoSuchEntity")
    check("nor listed", [u for u in iam.list_users()["Users"] if u["UserName"] == "p-late"], [])
    check("nor are its policies", refused(iam.list_user_policies, **late), "NoSuchEntity")
    below = document(may("iam:GetUser", resource="arn:aws:iam::*:user/p/*"))
    iam.put_user_policy(UserName="p-gets", PolicyName="b", PolicyDocument=below)
    iam.create_user(UserName="p-path", Path="/p/")
    warden = cloud.client("iam", gets["AccessKeyId"], gets["SecretAccessKey"])
    check("nor is its path known", refused(warden.get_user, UserName="p-path"), "AccessDenied")
    check("one that was there is", refused(iam.get_user, UserName="p-gets"), None)
    check("what is decided does not wait", queues(cloud, key), None)
    check("the name is taken at once", refused(iam.create_user, **late), "EntityAlreadyExists")
    check("then it is read", wait_for(lambda: refused(iam.get_user, **late) is None))
    check("by its path, too", wait_for(lambda: refused(warden.get_user, UserName="p-path") is None))
    check("with its policies", wait_for(lambda: iam.list_user_policies(**late)["PolicyNames"]), ["a"])


def switched_off(cloud, iam):
    cloud.hook("POST", "propagation", {"seconds": 60, "reads": 60})
    key = key_of(iam, "p-off")
    permit(iam, "p-off")
    check("a long delay", (queues(cloud, key), refused(iam.get_user, UserName="p-off")), (UNKNOWN, "NoSuchEntity"))
    check("is switched off", cloud.hook("DELETE", "propagation"), {"seconds": 0, "reads": 0})
    check("and all is seen at once", (queues(cloud, key), refused(iam.get_user, UserName="p-off")), (None, None))
