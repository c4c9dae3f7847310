"""IAM on users: the boundary as a condition, dated policies, the quotas; SES's sender."""

import datetime
import json
import time

from .harness import refused
from .report import check

DENIED = "AccessDenied"
# Each service has its own word for it.
DENIALS = (DENIED, "AccessDeniedException", "AuthorizationError")


def policy(end=None, padding=0):
    statement = {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}
    if end:
        statement["Condition"] = {"DateLessThan": {"aws:CurrentTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | ({"Sid": "x" * padding} if padding else {})]})


def run(cloud):
    iam = cloud.client("iam")
    iam.create_user(UserName="enrolled", PermissionsBoundary=cloud.outputs["BoundaryArn"])
    iam.create_user(UserName="stranger")
    boundary_condition(cloud)
    quotas(iam)
    dated(cloud, iam)
    boundary(cloud, iam)
    sender(cloud)


def put(cloud, function, user):
    return cloud.call(function, "iam", "put_user_policy", UserName=user, PolicyName="stint-1", PolicyDocument=policy())


def boundary_condition(cloud):
    check("grant may put a policy on a user with the boundary", put(cloud, "grant", "enrolled"), {})
    check("grant may not on one without", put(cloud, "grant", "stranger"), DENIED)
    check("no other function may at all", put(cloud, "expire", "enrolled"), DENIED)
    name = {"UserName": "enrolled", "PolicyName": "stint-1"}
    check("expire may read the policy back", cloud.call("expire", "iam", "get_user_policy", **name), lambda r: "PolicyDocument" in r)
    check("grant may not delete it", cloud.call("grant", "iam", "delete_user_policy", **name), DENIED)
    check("expire may", cloud.call("expire", "iam", "delete_user_policy", **name), {})
    check("and then it is gone", cloud.call("expire", "iam", "get_user_policy", **name), "NoSuchEntity")


def quotas(iam):
    put_policy = {"UserName": "stranger", "PolicyName": "a", "PolicyDocument": policy(padding=1500)}
    check("an inline policy fits", refused(iam.put_user_policy, **put_policy), None)
    check("a second beyond 2,048 characters does not", refused(
        iam.put_user_policy, **put_policy | {"PolicyName": "b"}), "LimitExceeded")
    check("replacing one counts once", refused(iam.put_user_policy, **put_policy), None)
    keys = [refused(iam.create_access_key, UserName="stranger") for _ in range(3)]
    check("a user has two access keys", keys, [None, None, "LimitExceeded"])


def dated(cloud, iam):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    iam.put_user_policy(UserName="enrolled", PolicyName="stint-2", PolicyDocument=policy(end=end))
    sqs = client_of(cloud, iam, "enrolled", "sqs")
    check("a dated policy allows before its end", refused(sqs.list_queues), None)
    time.sleep(max(0, end.timestamp() + 1 - time.time()))
    check("and denies after it", refused(sqs.list_queues), lambda code: code and DENIED in code)


def boundary(cloud, iam):
    everything = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    iam.put_user_policy(UserName="enrolled", PolicyName="stint-3", PolicyDocument=everything)
    check("the boundary lets through what was granted", refused(client_of(cloud, iam, "enrolled", "s3").list_buckets), None)
    check("but not IAM", refused(client_of(cloud, iam, "enrolled", "iam").list_users), DENIED)
    table = client_of(cloud, iam, "enrolled", "dynamodb")
    check("nor Stint's tables", refused(table.scan, TableName="stint-grants"), "AccessDeniedException")
    own = cloud.outputs["ApprovalKeyArn"], "/aws/lambda/stint-grant", "stint-removal-failed", cloud.outputs["AlarmsTopic"]
    for name, (code, other) in silenced(cloud, iam, *own).items():
        check(f"nor Stint's {name}", code, lambda code: code in DENIALS)
        check(f"but another {name}", other, lambda code: code not in DENIALS)


def silenced(cloud, iam, key, group, alarm, topic):
    """What somebody with everything is answered who would cover up: about Stint's own, and about what is another's."""
    admin, account = cloud.client("kms"), topic.rsplit(":", 1)[0]
    another = admin.create_key()["KeyMetadata"]["KeyId"]

    def both(service, call, name, own, others, **more):
        client = client_of(cloud, iam, "enrolled", service)
        return tuple(refused(getattr(client, call), **{name: value}, **more) for value in (own, others))

    well = {"StateValue": "OK", "StateReason": "nothing to see"}
    return {
        "key": both("kms", "disable_key", "KeyId", key, another),
        "log": both("logs", "delete_log_group", "logGroupName", group, "/aws/lambda/another"),
        "alarm": both("cloudwatch", "set_alarm_state", "AlarmName", alarm, "another", **well),
        "topic": both("sns", "delete_topic", "TopicArn", topic, f"{account}:another"),
    }


def client_of(cloud, iam, user, service):
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return cloud.client(service, key["AccessKeyId"], key["SecretAccessKey"])


def mail(sender_address):
    text = {"Simple": {"Subject": {"Data": "a"}, "Body": {"Text": {"Data": "b"}}}}
    return {"FromEmailAddress": sender_address, "Destination": {"ToAddresses": ["a@example.org"]}, "Content": text}


def sender(cloud):
    for address in ("stint@example.org", "other@example.org"):
        cloud.client("sesv2").create_email_identity(EmailIdentity=address)
    check("notify sends as Stint", cloud.call("notify", "sesv2", "send_email", **mail("Stint <stint@example.org>")),
          lambda r: "MessageId" in r)
    check("notify sends as nobody else", cloud.call("notify", "sesv2", "send_email", **mail("other@example.org")),
          lambda code: DENIED in code)
    check("the inbox has the mail", json.loads(cloud.http("GET", "/_ministack/ses/messages")[2]), lambda m: len(str(m)) > 50)
