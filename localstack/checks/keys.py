"""Access keys and sessions of users: what ends with the key, and what with the user."""

import json

from .harness import refused, refused_with
from .report import check

UNKNOWN = ("InvalidClientTokenId", 403)
TABLES = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"}]}


def run(cloud):
    iam = cloud.client("iam")
    inactive(cloud, iam, new_user(iam))
    gone(cloud, iam)
    quotas(iam)


def new_user(iam):
    iam.create_user(UserName="k-1")
    iam.put_user_policy(UserName="k-1", PolicyName="a", PolicyDocument=json.dumps(TABLES))
    return iam.create_access_key(UserName="k-1")["AccessKey"]


def who(cloud, key, token=None):
    return cloud.client("sts", key["AccessKeyId"], key["SecretAccessKey"], token).get_caller_identity


def tables(cloud, key, token=None):
    return cloud.client("dynamodb", key["AccessKeyId"], key["SecretAccessKey"], token).list_tables


def status(iam):
    return [k["Status"] for k in iam.list_access_keys(UserName="k-1")["AccessKeyMetadata"]]


def inactive(cloud, iam, key):
    name = {"UserName": "k-1", "AccessKeyId": key["AccessKeyId"]}
    check("a key works", (refused(who(cloud, key)), refused(tables(cloud, key)), status(iam)), (None, None, ["Active"]))
    iam.update_access_key(**name, Status="Inactive")
    check("an inactive one is unknown at once", refused_with(who(cloud, key)), UNKNOWN)
    check("to every service", refused_with(tables(cloud, key)), ("UnrecognizedClientException", 400))
    check("and is listed as inactive", status(iam), ["Inactive"])
    iam.update_access_key(**name, Status="Active")
    check("until it is active again", (refused(who(cloud, key)), status(iam)), (None, ["Active"]))


def gone(cloud, iam):
    key = iam.create_access_key(UserName="k-1")["AccessKey"]
    session = cloud.client("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_session_token()["Credentials"]
    use = (cloud, session, session["SessionToken"])
    iam.create_user(UserName="k-2")
    check("a key is deleted under its user's name only", refused(
        iam.delete_access_key, UserName="k-2", AccessKeyId=key["AccessKeyId"]), "NoSuchEntity")
    for held in iam.list_access_keys(UserName="k-1")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="k-1", AccessKeyId=held["AccessKeyId"])
    check("a deleted key is unknown", refused_with(who(cloud, key)), UNKNOWN)
    check("a session outlives the key that made it", (refused(who(*use)), refused(tables(*use))), (None, None))
    iam.delete_user_policy(UserName="k-1", PolicyName="a")
    check("and no policy", refused(tables(*use)), "AccessDeniedException")
    iam.delete_user(UserName="k-1")
    check("a session ends with its user", refused_with(who(*use)), UNKNOWN)
    key = new_user(iam)
    check("a new user of that name has its own key", refused(who(cloud, key)), None)
    check("and not the old one's session", refused_with(who(*use)), UNKNOWN)


def quotas(iam):
    """With their statuses, and beside the user's quotas (`users`) the role's."""
    iam.create_access_key(UserName="k-1")
    check("a third key is refused", refused_with(iam.create_access_key, UserName="k-1"), ("LimitExceeded", 409))
    full = {"UserName": "k-1", "PolicyName": "b", "PolicyDocument": padded(2048)}
    check("so is a policy beyond the user's room", refused_with(iam.put_user_policy, **full), ("LimitExceeded", 409))
    iam.delete_user_policy(UserName="k-1", PolicyName="a")
    check("which is 2,048 characters", refused(iam.put_user_policy, **full), None)
    arns = [iam.create_policy(PolicyName=f"k-{n}", PolicyDocument=json.dumps(TABLES))["Policy"]["Arn"] for n in range(11)]
    attached = [refused(iam.attach_user_policy, UserName="k-1", PolicyArn=arn) for arn in arns]
    check("ten policies are attached to a user", attached, [None] * 10 + ["LimitExceeded"])
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="k-role", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    role = {"RoleName": "k-role", "PolicyName": "a", "PolicyDocument": padded(10240)}
    check("a role has 10,240", refused(iam.put_role_policy, **role), None)
    check("replacing counts once", refused(iam.put_role_policy, **role), None)
    more = role | {"PolicyName": "b", "PolicyDocument": json.dumps(TABLES)}
    check("and no more", refused_with(iam.put_role_policy, **more), ("LimitExceeded", 409))


def padded(characters):
    """A policy of exactly so many characters, white space not counted."""
    statement = TABLES["Statement"][0] | {"Sid": ""}
    bare = len("".join(json.dumps(TABLES | {"Statement": [statement]}).split()))
    return json.dumps(TABLES | {"Statement": [statement | {"Sid": "x" * (characters - bare)}]}, indent=4)
