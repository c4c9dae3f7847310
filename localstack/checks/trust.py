"""Who may take a role, and what may be said of the session."""

from .harness import refused_with
from .principals import ACCOUNT, DENIED, NAME, TAG, TAKE, document, may, role, take, trusts, user
from .report import check


def run(cloud):
    iam = cloud.client("iam")
    callers = {"may": user(cloud, iam, "t-may", may(TAKE)), "all": user(cloud, iam, "t-all", may(TAKE, TAG, NAME)),
               "none": user(cloud, iam, "t-none")}
    principals(iam, callers)
    sayings(iam, callers)
    conditions(iam, callers)


def principals(iam, callers):
    account = role(iam, "t-account", [trusts("root", TAKE)], path="/t/")
    named = role(iam, "t-named", [trusts("user/t-none", TAKE)])
    check("a trusted account's user takes a role with a policy of its own", take(callers["may"], account), None)
    check("and not without", take(callers["none"], account), DENIED)
    check("whom the trust policy names needs none", take(callers["none"], named), None)
    check("a policy is not enough", take(callers["may"], named), DENIED)
    deny = {"Effect": "Deny", "Action": TAKE, "Resource": named}
    iam.put_user_policy(UserName="t-none", PolicyName="b", PolicyDocument=document(deny))
    check("an explicit Deny of its own stops it", take(callers["none"], named), DENIED)
    iam.delete_user_policy(UserName="t-none", PolicyName="b")
    check("a role is named with its path", take(callers["may"], ACCOUNT + "role/t-account"), DENIED)
    check("one that is not there is denied", take(callers["may"], ACCOUNT + "role/t-nothing"), DENIED)
    iam.update_assume_role_policy(RoleName="t-named", PolicyDocument=document(trusts("user/t-may", TAKE)))
    check("a changed trust policy is what counts", (take(callers["none"], named), take(callers["may"], named)), (DENIED, None))


def sayings(iam, callers):
    """Tags and a source identity are permissions of their own, on both sides."""
    tags, identity = {"Tags": [{"Key": "a", "Value": "b"}]}, {"SourceIdentity": "ada"}
    open_to = role(iam, "t-open", [trusts("root", TAKE, TAG, NAME)])
    plain = role(iam, "t-plain", [trusts("root", TAKE)])
    named = role(iam, "t-named-all", [trusts("user/t-none", TAKE, TAG, NAME)])
    for what, said in (("tags", tags), ("source identity", identity)):
        check(f"{what}: allowed on both sides", take(callers["all"], open_to, **said), None)
        check(f"{what}: not by the trust policy alone", take(callers["may"], open_to, **said), DENIED)
        check(f"{what}: nor by the caller's alone", take(callers["all"], plain, **said), DENIED)
        check(f"{what}: by a trust policy that names the caller", take(callers["none"], named, **said), None)
    check("without either, neither is needed", take(callers["may"], plain), None)


def conditions(iam, callers):
    for name, condition, good, bad in (
        ("sts:ExternalId", {"StringEquals": {"sts:ExternalId": "e-1"}}, {"ExternalId": "e-1"}, {"ExternalId": "e-2"}),
        ("aws:RequestTag", {"StringEquals": {"aws:RequestTag/a": "b"}}, {"Tags": [{"Key": "a", "Value": "b"}]}, {}),
        ("aws:TagKeys", {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {"Tags": [{"Key": "a", "Value": "b"}]},
         {"Tags": [{"Key": "c", "Value": "b"}]}),
        ("sts:SourceIdentity", {"StringLike": {"sts:SourceIdentity": "a*"}}, {"SourceIdentity": "ada"}, {"SourceIdentity": "bob"}),
        ("sts:RoleSessionName", {"StringEquals": {"sts:RoleSessionName": "t-session"}}, {}, {"RoleSessionName": "other"}),
    ):
        arn = role(iam, "t-" + name.replace(":", "-"), [trusts("root", TAKE, TAG, NAME, **condition)])
        check(f"{name} opens a role", take(callers["all"], arn, **good), None)
        closed = refused_with(callers["all"].assume_role, **{"RoleArn": arn, "RoleSessionName": "t-session"} | bad)
        check(f"another {name} does not", closed, DENIED)
    arn = role(iam, "t-arn", [trusts("root", TAKE, ArnEquals={"aws:PrincipalArn": ACCOUNT + "user/t-may"})])
    check("aws:PrincipalArn opens a role to one", (take(callers["may"], arn), take(callers["all"], arn)), (None, DENIED))
