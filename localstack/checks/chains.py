"""What a session takes with it to the next role, and whose it is."""

from .harness import refused, refused_with
from .principals import (
    DENIED,
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

TOPICS = "sns:ListTopics"


def run(cloud):
    iam = cloud.client("iam")
    caller = user(cloud, iam, "c-caller", may(TAKE, TAG, NAME))
    chain(cloud, iam, caller)
    whose(cloud, iam, caller)


def only(action, key, value):
    return may(action, StringEquals={key: value})


def chain(cloud, iam, caller):
    arn = role(iam, "c-role", [trusts("root", TAKE, TAG, NAME)], may(TAKE, TAG, NAME), path="/c/")
    tags = [{"Key": "kept", "Value": "1"}, {"Key": "lost", "Value": "2"}]
    got = caller.assume_role(RoleArn=arn, RoleSessionName="c-first", Tags=tags, TransitiveTagKeys=["kept"], SourceIdentity="ada")
    check("the answer names the source identity", got["SourceIdentity"], "ada")
    first = client(cloud, got["Credentials"], "sts")
    second = role(iam, "c-second", [trusts("role/c/c-role", TAKE, TAG, NAME)], only(QUEUES, "aws:PrincipalTag/kept", "1"),
                  only(TABLES, "aws:PrincipalTag/lost", "2"), only(TOPICS, "aws:SourceIdentity", "ada"))
    on = session(first, second)
    check("a transitive tag goes on", queues(cloud, on), None)
    check("another does not", tables(cloud, on), NO_TABLES)
    check("the source identity does", refused(client(cloud, on, "sns").list_topics), None)
    check("it may be said again", take(first, second, SourceIdentity="ada"), None)
    check("and not be changed", take(first, second, SourceIdentity="bob"), DENIED)
    again = take(first, second, Tags=[{"Key": "kept", "Value": "3"}])
    check("nor a transitive tag", again, ("InvalidParameterValue", 400))
    missing = take(caller, arn, TransitiveTagKeys=["none"])
    check("only what is passed is transitive", missing, ("InvalidParameterValue", 400))
    closed = role(iam, "c-third", [trusts("role/c/c-role", TAKE, NAME)])
    check("inherited tags need sts:TagSession", take(first, closed), DENIED)
    unnamed = role(iam, "c-fourth", [trusts("role/c/c-role", TAKE, TAG)])
    check("an inherited source identity sts:SetSourceIdentity", take(first, unnamed), DENIED)
    plain = client(cloud, session(caller, arn), "sts")
    check("without either they are open", (take(plain, closed), take(plain, unnamed)), (None, None))


def whose(cloud, iam, caller):
    """aws:PrincipalArn is the role's, and a session ends with its role."""
    arn = role(iam, "c-own", [trusts("root", TAKE)], path="/c/")
    own = may(QUEUES, ArnEquals={"aws:PrincipalArn": arn})
    iam.put_role_policy(RoleName="c-own", PolicyName="a", PolicyDocument=document(own))
    got = session(caller, arn)
    check("a session's principal is the role", queues(cloud, got), None)
    iam.put_role_policy(RoleName="c-own", PolicyName="a", PolicyDocument=document(
        may(QUEUES, ArnLike={"aws:PrincipalArn": "arn:aws:sts::*"})))
    check("and not the session", queues(cloud, got), NO_QUEUES)
    iam.delete_role_policy(RoleName="c-own", PolicyName="a")
    iam.delete_role(RoleName="c-own")
    role(iam, "c-own", [trusts("root", TAKE)], may(QUEUES), path="/c/")
    check("it ends with its role", refused_with(client(cloud, got, "sts").get_caller_identity), ("InvalidClientTokenId", 403))
    check("and a new role of that name has its own", queues(cloud, session(caller, arn)), None)
