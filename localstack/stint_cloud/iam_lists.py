"""Lists come in pages.

AWS answers at most MaxItems entries (100 where nothing is said), may answer fewer, and says by IsTruncated and Marker
that there are more. A Marker names the last entry seen, so what is deleted between two pages skips nothing. The
emulator answered everything at once and ignored both parameters.

Entries are ordered by their name or id. `/_stint/pages {"items": 2}` makes every page that small.
"""

import base64
import json
import xml.etree.ElementTree as ET

from .iam_handlers import param, replace
from .knobs import Knob
from .limits import invalid

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
DEFAULT, MOST = 100, 1000
OWN_TEXT, FIRST = "", "*"
IDS = {
    "ListUsers": "UserName", "ListUserPolicies": OWN_TEXT, "ListAttachedUserPolicies": "PolicyArn",
    "ListUserTags": "Key", "ListGroupsForUser": "GroupName", "ListAccessKeys": "AccessKeyId",
    "ListMFADevices": "SerialNumber", "ListVirtualMFADevices": "SerialNumber",
    "ListSSHPublicKeys": "SSHPublicKeyId", "ListSigningCertificates": "CertificateId",
    "ListServiceSpecificCredentials": "ServiceSpecificCredentialId",
    "ListRoles": "RoleName", "ListRolePolicies": OWN_TEXT, "ListAttachedRolePolicies": "PolicyArn",
    "ListRoleTags": "Key", "ListGroups": "GroupName", "ListGroupPolicies": OWN_TEXT,
    "ListAttachedGroupPolicies": "PolicyArn", "ListPolicies": "Arn", "ListPolicyVersions": "VersionId",
    "ListEntitiesForPolicy": FIRST,
}
knob = Knob(items=0)  # 0 is as on AWS


def named(name):
    return f"{{{NAMESPACE}}}{name}"


def entry_id(member, name):
    if name == OWN_TEXT:
        return member.text or ""
    found = member[0] if name == FIRST else member.find(named(name))
    return found.text or ""


def asked(params):
    """How many, and after which entry; raises ValueError with what AWS says of anything else."""
    size, marker = param(params, "MaxItems") or str(DEFAULT), param(params, "Marker")
    if not size.isdigit() or not 1 <= int(size) <= MOST:
        raise ValueError(f"1 validation error detected: Value '{size}' at 'maxItems' failed to satisfy constraint: "
                         f"Member must have value between 1 and {MOST}")
    try:
        after = json.loads(base64.urlsafe_b64decode(marker)) if marker else [-1, ""]
        after = int(after[0]), str(after[1])
    except (ValueError, TypeError, LookupError):
        raise ValueError("Invalid Marker.") from None
    return min(int(size), int(knob["items"]) or MOST), after


def page(result, name, size, after):
    """Cuts the answer's lists, which count together, down to one page."""
    lists = [part for part in result if part.tag not in (named("IsTruncated"), named("Marker"))]
    entries = [((n, entry_id(member, name)), member) for n, part in enumerate(lists) for member in part]
    rest = [entry for entry in sorted(entries, key=lambda e: e[0]) if entry[0] > after]
    for part in lists:
        part[:] = [member for (n, _), member in rest[:size] if lists[n] is part]
    result.find(named("IsTruncated")).text = "true" if len(rest) > size else "false"
    if len(rest) > size:
        ET.SubElement(result, named("Marker")).text = base64.urlsafe_b64encode(
            json.dumps(rest[size - 1][0]).encode()).decode()


def paged(name):
    def handler(old, params):
        try:
            size, after = asked(params)
        except ValueError as error:
            return invalid(str(error))
        status, headers, body = old(params)
        if status != 200:
            return status, headers, body
        root = ET.fromstring(body)
        page(root[0], name, size, after)
        return status, headers, ET.tostring(root, encoding="UTF-8", xml_declaration=True)

    return handler


def install():
    ET.register_namespace("", NAMESPACE)
    for action, name in IDS.items():
        replace(action, paged(name))
