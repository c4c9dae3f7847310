"""Users come and go as on AWS.

AWS tells names apart without regard to case, shows neither tags nor boundary in lists, refuses to delete a user that
still has anything (DeleteConflict), and knows no keys of a user that is not there. The emulator told `Ada` from `ada`,
listed tags, deleted users with anything but access keys and attached policies, and answered for absent users.
"""

import re

from ministack.services import iam

from . import iam_credentials
from .iam_handlers import no_such_user, param, replace
from .limits import NAME, PATH, fault, invalid, refusal, tag_fault

OF_ONE_USER = ("ListAccessKeys", "ListMFADevices", "DeleteAccessKey", "UpdateAccessKey", "CreateAccessKey")


def create_user(old, params):
    name, path = param(params, "UserName"), param(params, "Path") or "/"
    wrong = (fault("userName", name, 1, 64, NAME) or fault("path", path, 1, 512, PATH)
             or tag_fault(iam._extract_tags(params)))
    if wrong:
        return invalid(wrong)
    if name.lower() in (known.lower() for known in iam._users.keys()):
        return refusal(409, "EntityAlreadyExists", f"User with name {name} already exists.")
    return old(params)


def enable_mfa_device(old, params):
    """A device of hardware has a serial number of its own and is there from now on; the emulator knows virtual ones."""
    user, serial = param(params, "UserName"), param(params, "SerialNumber")
    if user in iam._users and not serial.startswith("arn:"):
        iam._mfa_devices.setdefault(serial, {"SerialNumber": serial, "User": None, "Base32StringSeed": ""})
    return old(params)


def of(user):
    """What a user still has, by what has to be done first."""
    groups = [g for g in iam._groups.values() if user in g["Users"]]
    return {
        "delete access keys": [k for k in iam._access_keys.values() if k["UserName"] == user],
        "delete login profile": [user] if user in iam._login_profiles else [],
        "delete policies": iam._user_inline_policies.get(user),
        "detach all policies": iam._users[user]["AttachedPolicies"],
        "remove user from all groups": groups,
        "delete MFA device": [d for d in iam._mfa_devices.values() if d.get("User") == user],
        **{f"delete {kind.noun}": iam_credentials.held(user, kind) for kind in iam_credentials.KINDS},
    }


def delete_user(old, params):
    name = param(params, "UserName")
    if name in iam._users:
        for what, there in of(name).items():
            if there:
                return refusal(409, "DeleteConflict", f"Cannot delete entity, must {what} first.")
        iam._user_inline_policies.pop(name, None)
    return old(params)


def of_a_known_user(old, params):
    name = param(params, "UserName")
    return no_such_user(name) if name and name not in iam._users else old(params)


def of_the_named_user(old, params):
    """A key is deleted under its user's name only."""
    key, user = param(params, "AccessKeyId"), param(params, "UserName")
    if user and (iam._access_keys.get(key) or {}).get("UserName") != user:
        return refusal(404, "NoSuchEntity", f"The Access Key with id {key} cannot be found.")
    return old(params)


def without_tags(build):
    """The emulator builds the members of a list without their boundary; AWS leaves out the tags, too."""

    def xml(name, boundary=True):
        built = build(name, boundary)
        return built if boundary else re.sub("<Tags>.*?</Tags>", "", built, flags=re.DOTALL)

    return xml


def install():
    replace("CreateUser", create_user)
    replace("DeleteUser", delete_user)
    replace("DeleteAccessKey", of_the_named_user)
    replace("EnableMFADevice", enable_mfa_device)
    for action in OF_ONE_USER:
        replace(action, of_a_known_user)
    iam._user_xml = without_tags(iam._user_xml)
    iam._role_xml = without_tags(iam._role_xml)
