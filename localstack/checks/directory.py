"""IAM's users as a directory: what they keep, who is listed and how, and what stands before their end."""

import json

from .harness import refused
from .report import check

PATH = "/stint/directory/"
BOUNDARY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


def run(cloud):
    iam = cloud.client("iam")
    boundary = iam.create_policy(PolicyName="directory-boundary", Path=PATH, PolicyDocument=json.dumps(BOUNDARY))["Policy"]["Arn"]
    kept(iam, boundary)
    listed(cloud, iam, boundary)
    kinds(iam)
    keys_of_one(iam)


def create(iam, name, **more):
    return iam.create_user(UserName=name, Path=PATH, **more)["User"]


def kept(iam, boundary):
    tags = [{"Key": "stint-grant", "Value": "r-1 / ä"}]
    arn = create(iam, "d-1", PermissionsBoundary=boundary, Tags=tags)["Arn"]
    user = iam.get_user(UserName="d-1")["User"]
    check("a user keeps path, boundary and tags",
          (user["Path"], user["Arn"], user["PermissionsBoundary"]["PermissionsBoundaryArn"], user["Tags"]),
          (PATH, arn, boundary, tags))
    check("its ARN has the path", arn.endswith(f":user{PATH}d-1"))
    for name in ("d-1", "D-1"):
        check(f"the name {name} is taken", refused(iam.create_user, UserName=name), "EntityAlreadyExists")
    check("64 characters are a name", refused(iam.create_user, UserName="d" * 64, Path=PATH), None)
    for what, wrong in {
        "65 are none": {"UserName": "d" * 65}, "nor is one with a slash": {"UserName": "d/2"},
        "a path begins and ends with a slash": {"UserName": "d-2", "Path": "/stint"},
        "a tag has no line end": {"UserName": "d-2", "Tags": [{"Key": "a", "Value": "b\nc"}]},
        "nor more than 256 characters": {"UserName": "d-2", "Tags": [{"Key": "a", "Value": "b" * 257}]},
    }.items():
        check(what, refused(iam.create_user, **wrong), "ValidationError")
    absent = refused(iam.create_user, UserName="d-2", PermissionsBoundary=boundary + "x")
    check("a boundary must be there", absent, "NoSuchEntity")


def pages(call, entries, **parameters):
    """The lengths of the pages and all entries, by following the markers."""
    lengths, found, answer = [], [], {"Marker": None, "IsTruncated": True}
    while answer["IsTruncated"] and len(lengths) < 9:
        more = {"Marker": answer["Marker"]} if answer["Marker"] else {}
        answer = call(**parameters, **more)
        lengths.append(sum(len(answer[name]) for name in entries))
        found += [entry for name in entries for entry in answer[name]]
    return lengths + (["a marker at the end"] if "Marker" in answer else []), found


def listed(cloud, iam, boundary):
    for n in range(2, 102):
        create(iam, f"d-{n}", **({"PermissionsBoundary": boundary} if n < 6 else {}))
    lengths, found = pages(iam.list_users, ["Users"], PathPrefix=PATH)
    check("users come by the hundred", lengths, [100, 2])
    check("each once", len({u["UserName"] for u in found}), 102)
    check("no list shows tags or boundary", [u for u in found if "Tags" in u or "PermissionsBoundary" in u], [])
    check("another path has none", iam.list_users(PathPrefix="/stint/other/")["Users"], [])
    check("MaxItems is a page", pages(iam.list_users, ["Users"], PathPrefix=PATH, MaxItems=60)[0], [60, 42])
    for size, answer in ((1000, None), (1001, "ValidationError"), (0, "ValidationError")):
        check(f"a page of {size}", refused(iam.list_users, MaxItems=size), answer)
    one = iam.list_users(PathPrefix=PATH, MaxItems=1)
    iam.delete_user(UserName=one["Users"][0]["UserName"])
    rest = iam.list_users(PathPrefix=PATH, Marker=one["Marker"], MaxItems=200)["Users"]
    check("what is deleted between two pages skips nothing", len(rest), 101)
    check("a marker is one that was given", refused(iam.list_users, Marker="a"), "ValidationError")
    wearing = {"PolicyArn": boundary, "PolicyUsageFilter": "PermissionsBoundary", "EntityFilter": "User"}
    lengths, found = pages(iam.list_entities_for_policy, ["PolicyUsers"], MaxItems=2, **wearing)
    worn = [u["UserName"] for u in found]
    check("who wears the boundary is listed, by pages", (lengths, worn), ([2, 2], ["d-2", "d-3", "d-4", "d-5"]))
    used = iam.list_entities_for_policy(PolicyArn=boundary, PolicyUsageFilter="PermissionsPolicy")
    check("and is no user of it as a policy", used["PolicyUsers"], [])
    cloud.hook("POST", "pages", {"items": 3})
    check("a test makes pages small", pages(iam.list_entities_for_policy, ["PolicyUsers"], **wearing)[0], [3, 1])
    check("and cannot turn what is not there", cloud.http("POST", "/_stint/pages", {"item": 3})[0], 400)
    cloud.hook("DELETE", "pages")
    check("and large again", pages(iam.list_entities_for_policy, ["PolicyUsers"], **wearing)[0], [4])


def kinds(iam):
    """Everything a user can have: planted, listed, in the way, removed."""
    user = {"UserName": "d-200"}
    create(iam, "d-200")
    iam.create_group(GroupName="d-group")
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="d-200")["VirtualMFADevice"]["SerialNumber"]
    policy = {"PolicyName": "a", "PolicyDocument": json.dumps(BOUNDARY)}
    group, device, hardware = {"GroupName": "d-group"}, {"SerialNumber": serial}, {"SerialNumber": "GAHT12345678"}
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    rows = (
        (iam.create_login_profile, {"Password": "Correct-horse-7"}, None, None, iam.delete_login_profile, {}),
        (iam.put_user_policy, policy, iam.list_user_policies, "PolicyNames", iam.delete_user_policy, {"PolicyName": "a"}),
        (iam.attach_user_policy, {"PolicyArn": READ_ONLY}, iam.list_attached_user_policies, "AttachedPolicies",
         iam.detach_user_policy, {"PolicyArn": READ_ONLY}),
        (iam.add_user_to_group, group, iam.list_groups_for_user, "Groups", iam.remove_user_from_group, group),
        (iam.enable_mfa_device, device | codes, iam.list_mfa_devices, "MFADevices", iam.deactivate_mfa_device, device),
        (iam.enable_mfa_device, hardware | codes, iam.list_mfa_devices, "MFADevices", iam.deactivate_mfa_device, hardware),
        (iam.create_access_key, {}, iam.list_access_keys, "AccessKeyMetadata", iam.delete_access_key, "AccessKeyId"),
        (iam.upload_ssh_public_key, {"SSHPublicKeyBody": "ssh-rsa AAAA"}, iam.list_ssh_public_keys, "SSHPublicKeys",
         iam.delete_ssh_public_key, "SSHPublicKeyId"),
        (iam.upload_signing_certificate, {"CertificateBody": CERTIFICATE}, iam.list_signing_certificates, "Certificates",
         iam.delete_signing_certificate, "CertificateId"),
        (iam.create_service_specific_credential, {"ServiceName": "codecommit.amazonaws.com"},
         iam.list_service_specific_credentials, "ServiceSpecificCredentials", iam.delete_service_specific_credential,
         "ServiceSpecificCredentialId"),
    )
    for row in rows:
        in_the_way(iam, user, row)
    iam.delete_virtual_mfa_device(**device)
    check("a user without anything is deleted", refused(iam.delete_user, **user), None)
    for _, _, several, _, _, _ in rows:
        if several:
            check(f"{several.__name__} knows no user that is gone", refused(several, **user), "NoSuchEntity")


def in_the_way(iam, user, row):
    add, parameters, several, entries, remove, named = row
    add(**user, **parameters)
    found = several(**user)[entries] if several else [iam.get_login_profile(**user)["LoginProfile"]]
    check(f"{add.__name__} is seen", len(found), 1)
    check("and in the way of the user's end", refused(iam.delete_user, **user), "DeleteConflict")
    by_id = {named: found[0][named]} if isinstance(named, str) else named
    check(f"{remove.__name__} removes it", refused(remove, **user, **by_id), None)
    check("once only", refused(remove, **user, **by_id), "NoSuchEntity")
    left = several(**user)[entries] if several else refused(iam.get_login_profile, **user)
    check("and then the user has none", left, "NoSuchEntity" if several is None else [])


def keys_of_one(iam):
    """Pages of the lists of one user, and the forms of what is uploaded."""
    create(iam, "d-201")
    user = {"UserName": "d-201"}
    for n in range(5):
        iam.upload_ssh_public_key(**user, SSHPublicKeyBody=f"ssh-rsa AAAA{n}")
    sixth = refused(iam.upload_ssh_public_key, **user, SSHPublicKeyBody="ssh-rsa AAAA5")
    check("a user has five SSH public keys", sixth, "LimitExceeded")
    check("by pages", pages(iam.list_ssh_public_keys, ["SSHPublicKeys"], MaxItems=2, **user)[0], [2, 2, 1])
    check("a certificate looks like one", refused(iam.upload_signing_certificate, **user, CertificateBody="a"), "MalformedCertificate")
    foreign = refused(iam.create_service_specific_credential, **user, ServiceName="example.org")
    check("and a service is known", foreign, "NotSupportedService")
    check("no policy is attached that is not there", refused(
        iam.attach_user_policy, **user, PolicyArn="arn:aws:iam::000000000000:policy/none"), "NoSuchEntity")
