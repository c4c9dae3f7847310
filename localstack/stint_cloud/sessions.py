"""What a policy can say of a session, and when a session ends before its time.

* `aws:SourceIdentity` is what AssumeRole set. The emulator forgot it.
* `aws:PrincipalArn` of a role's session is the role, with its path. The emulator gave the session's ARN.
* A session ends with the user or role it belongs to, also where a new one takes the name. The emulator went by the
  name. It does not end with the access key that made it, here as there.
"""

from ministack.core import iam_evaluator
from ministack.services import iam, sts

ROLE_ID = "AROA"


def role_of(session_arn, account):
    return iam._roles.get_scoped(account, None, iam_evaluator._role_name_from_assumed_arn(session_arn))


def is_of(session, entity):
    """The emulator gives functions' sessions no role id; those go by the name."""
    if entity is None:
        return False
    known, owner = str(session.get("UserId", "")).split(":")[0], entity.get("RoleId") or entity.get("UserId")
    return known == owner or "RoleId" in entity and not known.startswith(ROLE_ID)


def orphaned(credential):
    session = sts._sessions.get(credential.access_key_id)
    if session is None:
        return False
    if credential.principal_type == "User":
        return not is_of(session, iam._users.get_scoped(credential.account_id, None, credential.principal_name))
    if credential.principal_type == "AssumedRole":
        return not is_of(session, role_of(credential.principal_arn, credential.account_id))
    return False


def install():
    resolve, keys_of, value_of = (
        iam_evaluator.resolve_credential, iam_evaluator._principal_keys, iam_evaluator._resolve_condition_key)

    def resolve_credential(access_key_id, *args, **kwargs):
        found = resolve(access_key_id, *args, **kwargs)
        if isinstance(found, iam_evaluator.ResolvedCredential) and orphaned(found):
            return iam_evaluator._unknown_access_key()
        return found

    def principal_keys(credential):
        keys = keys_of(credential)
        identity = (sts._sessions.get(credential.access_key_id) or {}).get("SourceIdentity")
        return {**keys, "aws:sourceidentity": identity} if identity else keys

    def condition_key(key, context):
        if key.lower() == "aws:principalarn" and context.principal_type == "AssumedRole":
            role = role_of(context.principal_arn, context.principal_account)
            return role["Arn"] if role else context.principal_arn
        return value_of(key, context)

    for module in (iam_evaluator, sts):
        module.resolve_credential, module._principal_keys = resolve_credential, principal_keys
    iam_evaluator._resolve_condition_key = condition_key
