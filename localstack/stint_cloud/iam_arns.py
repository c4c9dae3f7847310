"""The ARN that IAM's own actions are decided on.

On AWS it has the path (`user/stint/temp/x`), group actions are decided on the group, MFA devices on the device, new
entities on what they will be. The emulator left the path out and took any user named in the request. What is not there
has no path, so a permission below a path does not reach it: asking for it is denied, not answered NoSuchEntity.
"""

from ministack.core import iam_actions
from ministack.services import iam

from .iam import first

ON_THE_GROUP = ("AddUserToGroup", "RemoveUserFromGroup")
CREATED = {"CreateUser": "user", "CreateRole": "role", "CreateGroup": "group", "CreatePolicy": "policy",
           "CreateVirtualMFADevice": "mfa"}
NAMES = {"user": "UserName", "role": "RoleName", "group": "GroupName", "policy": "PolicyName",
         "mfa": "VirtualMFADeviceName"}


def resource(params, account):
    """The ARN, or None where the emulator's own is right."""
    action = first(params.get("Action")) or ""

    def given(name):
        return first(params.get(name)) or ""

    if action in CREATED:
        kind = CREATED[action]
        return f"arn:aws:iam::{account}:{kind}{given('Path') or '/'}{given(NAMES[kind])}"
    if action == "DeleteVirtualMFADevice":
        return given("SerialNumber")
    kinds = ("group",) if action in ON_THE_GROUP else ("role", "user", "group")
    for kind in kinds:
        name = given(NAMES[kind])
        if name:
            known = {"user": iam._users, "role": iam._roles, "group": iam._groups}[kind].get(name) or {}
            return known.get("Arn") or f"arn:aws:iam::{account}:{kind}/{name}"
    return None


def install():
    others = iam_actions.extract_resource_arn

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        own = resource(query_params, account_id) if service == "iam" else None
        return own or others(service, method, path, headers, body, query_params, region, account_id)

    iam_actions.extract_resource_arn = extract_resource_arn
