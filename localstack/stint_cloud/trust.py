"""Who may take a role, who may tag its session and who may name a source identity.

On AWS the role's trust policy is a resource policy that must allow `sts:AssumeRole`, and also `sts:TagSession` where
tags are passed or inherited and `sts:SetSourceIdentity` where a source identity is. Where it names the caller itself,
in the same account, that is enough; where it names the account, the caller's own policies must allow it, too. An
explicit Deny on either side wins. The emulator asked the caller's own policies always and only for `sts:AssumeRole`,
and offered conditions neither the source identity nor the transitive keys.

`test` takes any role that the account or a service may take: it is this cloud's administrator.
"""

from ministack.core import iam_evaluator as evaluator
from ministack.core.responses import get_region
from ministack.services import iam

from . import propagation


def context_of(request):
    """The condition keys of a request (`assume_role`), in the evaluator's lower case."""
    tags = request.tags + request.inherited
    return {
        "sts:externalid": request.external_id or None,
        "sts:rolesessionname": request.session_name,
        "sts:sourceidentity": request.source_identity or None,
        "sts:transitivetagkeys": request.transitive or None,
        "aws:tagkeys": [tag["Key"] for tag in tags] or None,
        **{f"aws:requesttag/{tag['Key'].lower()}": tag["Value"] for tag in tags},
    }


def actions_of(request):
    yield "sts:AssumeRole"
    if request.tags or request.inherited:
        yield "sts:TagSession"
    if request.source_identity:
        yield "sts:SetSourceIdentity"


def allows(role, principal, action, context):
    context = {**context, **{f"aws:resourcetag/{t['Key'].lower()}": t["Value"] for t in role.get("Tags") or []}}
    asked = evaluator.EvalContext(
        principal_arn=principal.arn, principal_type=principal.type, principal_account=principal.account, action=action,
        resource_arn=role["Arn"], region=get_region(), service_context=context, principal_keys=principal.keys)
    trusted = role.get("AssumeRolePolicyDocument") or "{}"
    if principal.policies is None:
        return evaluator.evaluate_trust_policy(trusted, principal.arn, asked)
    own = evaluator.evaluate(asked, principal.policies, *principal.limits)
    owner = role["Arn"].split(":")[4]
    return evaluator.combine_resource_policy(
        own, asked, trusted, owner, required=True, limits=principal.limits).decision == "Allow"


def denied(request, access_key, account):
    """The first action the caller may not do, or None. A role that is not there is no different from one denied."""
    with propagation.back("seconds"):
        principal = evaluator.resolve_principal(access_key, account)
        if isinstance(principal, evaluator.AuthError):
            return "sts:AssumeRole"
        spec = request.role_arn.split(":")
        role = iam._roles.get_scoped(spec[4], None, spec[5].rsplit("/", 1)[-1])
        if role is None or role["Arn"] != request.role_arn:
            return "sts:AssumeRole"
        context = context_of(request)
        return next((a for a in actions_of(request) if not allows(role, principal, a, context)), None)


def install():
    enforce = evaluator.enforce

    def enforce_without_trust(access_key_id, iam_action, *args, **kwargs):
        """AssumeRole is only authenticated at the door, as this action is, and decided in `assume_role`."""
        action = "sts:GetCallerIdentity" if iam_action == "sts:AssumeRole" else iam_action
        return enforce(access_key_id, action, *args, **kwargs)

    evaluator.enforce = enforce_without_trust
