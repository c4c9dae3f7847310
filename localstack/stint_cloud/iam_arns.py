"""What IAM's own actions are decided on.

On AWS the ARN has the path (`user/stint/temp/x`), group actions are decided on the group, MFA devices on the device,
new entities on what they will be; who creates one with tags must be allowed to tag it, too. The emulator left the path
out, took any user named in the request, and asked for no right to tag.

What is not there has no path. So a permission below a path does not reach it, and whoever has no other is denied where
they may expect NoSuchEntity. This is so on AWS, and also for a new entity that a read does not see yet (`propagation`).
"""

import contextlib

from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam

from . import propagation
from .iam import first

ON_THE_GROUP = ("AddUserToGroup", "RemoveUserFromGroup")
CREATED = {"CreateUser": "user", "CreateRole": "role", "CreateGroup": "group", "CreatePolicy": "policy",
           "CreateVirtualMFADevice": "mfa"}
NAMES = {"user": "UserName", "role": "RoleName", "group": "GroupName", "policy": "PolicyName",
         "mfa": "VirtualMFADeviceName"}
TAGGED = {"iam:CreateUser": "iam:TagUser", "iam:CreateRole": "iam:TagRole", "iam:CreatePolicy": "iam:TagPolicy",
          "iam:CreateVirtualMFADevice": "iam:TagMFADevice"}


def known(kind, name, action):
    """The ARN of who is there, as far as this action sees."""
    look = propagation.back("reads") if action.startswith(propagation.KEEPS) else contextlib.nullcontext()
    with look:
        return ({"user": iam._users, "role": iam._roles, "group": iam._groups}[kind].get(name) or {}).get("Arn")


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
            return known(kind, name, action) or f"arn:aws:iam::{account}:{kind}/{name}"
    return None


def install():
    others, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    def extract_resource_arn(service, method, path, headers, body, query_params, region, account_id):
        own = resource(query_params, account_id) if service == "iam" else None
        return own or others(service, method, path, headers, body, query_params, region, account_id)

    iam_actions.extract_resource_arn = extract_resource_arn

    def enforce_tagging(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        def ask(action):
            return enforce(access_key_id, action, service, region, resource_arn, service_context)

        tags = iam_action in TAGGED and (service_context or {}).get("aws:TagKeys")
        return ask(iam_action) or (ask(TAGGED[iam_action]) if tags else None)

    iam_evaluator.enforce = enforce_tagging
