"""IAM's rules on users that the emulator does not keep: a condition key and two quotas."""

import json

from ministack.core import iam_actions
from ministack.services import iam

INLINE_POLICY_CHARACTERS = 2048  # of all inline policies of one user, white space not counted
ACCESS_KEYS = 2
USER_POLICY_ACTIONS = ("iam:PutUserPolicy", "iam:DeleteUserPolicy", "iam:AttachUserPolicy", "iam:DetachUserPolicy")
BOUNDARY_ACTIONS = ("iam:CreateUser", "iam:PutUserPermissionsBoundary")


def first(value):
    return value[0] if isinstance(value, list) and value else value


def boundary_of(iam_action, params):
    """What `iam:PermissionsBoundary` means: the boundary of the user acted upon, or the one a request sets."""
    if iam_action in BOUNDARY_ACTIONS:
        return first(params.get("PermissionsBoundary"))
    if iam_action in USER_POLICY_ACTIONS:
        return (iam._users.get(first(params.get("UserName"))) or {}).get("PermissionsBoundary")
    return None


def install_condition_key():
    request_tags = iam_actions.request_tag_context

    def context(service, iam_action, body, params):
        keys = request_tags(service, iam_action, body, params)
        boundary = boundary_of(iam_action, params) if service == "iam" else None
        return {**keys, "iam:PermissionsBoundary": boundary} if boundary else keys

    iam_actions.request_tag_context = context


def size(document):
    return len("".join((document if isinstance(document, str) else json.dumps(document)).split()))


def install_policy_quota():
    put = iam._put_user_policy

    def put_user_policy(params):
        user, name = iam._p(params, "UserName"), iam._p(params, "PolicyName")
        policies = {**(iam._user_inline_policies.get(user) or {}), name: iam._p(params, "PolicyDocument") or ""}
        if sum(map(size, policies.values())) > INLINE_POLICY_CHARACTERS:
            return iam._error(409, "LimitExceeded", f"Maximum policy size of {INLINE_POLICY_CHARACTERS} bytes exceeded "
                              f"for user {user}", ns="iam")
        return put(params)

    iam._put_user_policy = put_user_policy
    replace_handler("PutUserPolicy", put, put_user_policy)


def install_key_quota():
    create = iam._create_access_key

    def create_access_key(params):
        user = iam._p(params, "UserName")
        held = [key for key in iam._access_keys.values() if key["UserName"] == user]
        if len(held) >= ACCESS_KEYS:
            return iam._error(409, "LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS}",
                              ns="iam")
        return create(params)

    iam._create_access_key = create_access_key
    replace_handler("CreateAccessKey", create, create_access_key)


def replace_handler(action, old, new):
    """The service dispatches through a table made at import, wherever it is kept."""
    tables = [t for t in vars(iam).values() if isinstance(t, dict) and t.get(action) is old]
    if not tables:
        raise RuntimeError(f"ministack keeps no handler of {action}: not the pinned version?")
    for table in tables:
        table[action] = new


def install():
    install_condition_key()
    install_policy_quota()
    install_key_quota()
