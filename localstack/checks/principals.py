"""Users and roles for the checks, and what their policies say."""

import json

from .harness import refused, refused_with

ACCOUNT = "arn:aws:iam::000000000000:"
DENIED, INVALID = ("AccessDenied", 403), ("ValidationError", 400)
TAKE, TAG, NAME = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
QUEUES, NO_QUEUES = "sqs:ListQueues", "AccessDenied"
TABLES, NO_TABLES = "dynamodb:ListTables", "AccessDeniedException"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def may(*actions, resource="*", **condition):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def trusts(principal, *actions, **condition):
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT + principal}, "Action": list(actions)}
    return statement | ({"Condition": condition} if condition else {})


def role(iam, name, trusted, *statements, path="/", **more):
    made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document(*trusted), **more)["Role"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="a", PolicyDocument=document(*statements))
    return made["Arn"]


def user(cloud, iam, name, *statements, service="sts", path="/"):
    """A client of a new user's, who may what is said."""
    iam.create_user(UserName=name, Path=path)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="a", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return cloud.client(service, key["AccessKeyId"], key["SecretAccessKey"])


def take(sts, arn, **more):
    """What stands against taking a role, None where nothing does."""
    return refused_with(sts.assume_role, RoleArn=arn, RoleSessionName="t-session", **more)


def session(caller, arn, **more):
    return caller.assume_role(RoleArn=arn, RoleSessionName=more.pop("name", "s-session"), **more)["Credentials"]


def client(cloud, got, service):
    return cloud.client(service, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])


def queues(cloud, got):
    """What stands against listing queues, None where nothing does."""
    return refused(client(cloud, got, "sqs").list_queues)


def tables(cloud, got):
    return refused(client(cloud, got, "dynamodb").list_tables)
