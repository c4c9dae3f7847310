"""IAM's rules on users and roles that the emulator does not keep: a condition key and the quotas.

The emulator offers no `iam:PermissionsBoundary`, and takes inline policies and access keys without end.
"""

import json
import re

from ministack.core import iam_actions
from ministack.services import iam

from .iam_handlers import no_such_user, param, replace
from .limits import refusal

INLINE_POLICY_CHARACTERS = {"User": 2048, "Role": 10240}  # of all of one entity together, white space not counted
ACCESS_KEYS = 2
ATTACHED_POLICIES = 10
SETS_A_BOUNDARY = re.compile(r"iam:(Create|Put)(User|Role)(PermissionsBoundary)?")
ASKS_FOR_ONE = re.compile(
    r"iam:((Put|Delete|Attach|Detach)(?P<kind>User|Role)Policy|Delete(?P<bare>User|Role)PermissionsBoundary)")


def first(value):
    return value[0] if isinstance(value, list) and value else value


def boundary_of(iam_action, params):
    """What `iam:PermissionsBoundary` means: the boundary of who is acted upon, or the one a request sets."""
    if SETS_A_BOUNDARY.fullmatch(iam_action):
        return first(params.get("PermissionsBoundary"))
    asks = ASKS_FOR_ONE.fullmatch(iam_action)
    if not asks:
        return None
    kind = asks["kind"] or asks["bare"]
    known = {"User": iam._users, "Role": iam._roles}[kind].get(first(params.get(f"{kind}Name")))
    return (known or {}).get("PermissionsBoundary")


def install_condition_key():
    request_tags = iam_actions.request_tag_context

    def context(service, iam_action, body, params):
        keys = request_tags(service, iam_action, body, params)
        boundary = boundary_of(iam_action, params) if service == "iam" else None
        return {**keys, "iam:PermissionsBoundary": boundary} if boundary else keys

    iam_actions.request_tag_context = context


def size(document):
    return len("".join((document if isinstance(document, str) else json.dumps(document)).split()))


def within_policy_quota(kind, inline):
    """A handler of `Put<kind>Policy`; `inline(name)` are the policies there, None without such an entity."""

    def put(old, params):
        name, most = param(params, f"{kind}Name"), INLINE_POLICY_CHARACTERS[kind]
        there = inline(name)
        if there is None:
            return old(params)
        policies = {**there, param(params, "PolicyName"): param(params, "PolicyDocument")}
        if sum(map(size, policies.values())) > most:
            message = f"Maximum policy size of {most} bytes exceeded for {kind.lower()} {name}"
            return refusal(409, "LimitExceeded", message)
        return old(params)

    return put


def user_policies(name):
    return (iam._user_inline_policies.get(name) or {}) if name in iam._users else None


def role_policies(name):
    return iam._roles[name].get("InlinePolicies") or {} if name in iam._roles else None


def create_access_key(old, params):
    user = param(params, "UserName")
    held = [key for key in iam._access_keys.values() if key["UserName"] == user]
    if len(held) >= ACCESS_KEYS:
        return refusal(409, "LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS}")
    return old(params)


def attach_user_policy(old, params):
    """The emulator attaches what is not there, and any number."""
    name, policy = param(params, "UserName"), param(params, "PolicyArn")
    if name not in iam._users:
        return no_such_user(name)
    if not iam._policy_exists(policy):
        return refusal(404, "NoSuchEntity", f"Policy {policy} does not exist or is not attachable.")
    attached = iam._users[name]["AttachedPolicies"]
    if policy not in attached and len(attached) >= ATTACHED_POLICIES:
        return refusal(409, "LimitExceeded", f"Cannot exceed quota for PoliciesPerUser: {ATTACHED_POLICIES}")
    return old(params)


def install():
    install_condition_key()
    replace("PutUserPolicy", within_policy_quota("User", user_policies))
    replace("PutRolePolicy", within_policy_quota("Role", role_policies))
    replace("CreateAccessKey", create_access_key)
    replace("AttachUserPolicy", attach_user_policy)
