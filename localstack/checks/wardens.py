"""What IAM's own actions are decided on: paths, groups, devices, tags, boundaries."""

from .harness import refused
from .principals import ACCOUNT, document, may, role, user
from .report import check

PATH = "/stint/wardens/"
BELOW = f"{ACCOUNT}user{PATH}*"


def run(cloud):
    iam = cloud.client("iam")
    paths(cloud, iam)
    belongings(cloud, iam)
    roles(cloud, iam)


def warden_of(cloud, iam, name, *statements):
    return user(cloud, iam, name, *statements, service="iam", path=PATH)


def paths(cloud, iam):
    """Permissions below a path are for who is there."""
    warden = warden_of(cloud, iam, "w-warden", may("iam:CreateUser", "iam:GetUser", resource=BELOW))
    iam.create_user(UserName="w-outside")
    check("who may create below a path does", refused(warden.create_user, UserName="w-2", Path=PATH), None)
    check("and not elsewhere", refused(warden.create_user, UserName="w-3"), "AccessDenied")
    tagged = {"UserName": "w-5", "Path": PATH, "Tags": [{"Key": "stint-grant", "Value": "r-1"}]}
    check("nor with tags", refused(warden.create_user, **tagged), "AccessDenied")
    tagger = warden_of(cloud, iam, "w-tagger", may("iam:CreateUser", "iam:TagUser", resource=BELOW))
    check("which who may tag does", refused(tagger.create_user, **tagged), None)
    check("who may read below a path reads", refused(warden.get_user, UserName="w-2"), None)
    check("and nobody else", refused(warden.get_user, UserName="w-outside"), "AccessDenied")
    check("nor who is not there, which has no path", refused(warden.get_user, UserName="w-4"), "AccessDenied")
    anybody = warden_of(cloud, iam, "w-reader", may("iam:GetUser", resource=[BELOW, f"{ACCOUNT}user/w-4"]))
    check("but by a permission without one", refused(anybody.get_user, UserName="w-4"), "NoSuchEntity")


def belongings(cloud, iam):
    """Memberships are a matter of the group, devices of the device."""
    warden = warden_of(cloud, iam, "w-other", may("iam:RemoveUserFromGroup", resource=f"{ACCOUNT}group/w-group"),
                       may("iam:DeleteVirtualMFADevice", resource=f"{ACCOUNT}mfa/w-group"))
    for name, answer in (("w-group", None), ("w-elsewhere", "AccessDenied")):
        iam.create_group(GroupName=name)
        iam.add_user_to_group(UserName="w-2", GroupName=name)
        out = refused(warden.remove_user_from_group, UserName="w-2", GroupName=name)
        check(f"somebody leaves {name}", out, answer)
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        check(f"the device {name} is removed", refused(warden.delete_virtual_mfa_device, SerialNumber=serial), answer)


def roles(cloud, iam):
    """The boundary of a role is a condition like the user's (`users`)."""
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    trusted = [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    role(iam, "w-worn", trusted, PermissionsBoundary=boundary)
    role(iam, "w-bare", trusted)
    worn = {"iam:PermissionsBoundary": boundary}
    warden = warden_of(cloud, iam, "w-roles", may("iam:PutRolePolicy", StringEquals=worn))
    for name, answer in (("w-worn", None), ("w-bare", "AccessDenied"), ("w-nothing", "AccessDenied")):
        policy = {"RoleName": name, "PolicyName": "a", "PolicyDocument": document(may("s3:*"))}
        check(f"a policy on a role by its boundary: {name}", refused(warden.put_role_policy, **policy), answer)
