"""AssumeRole as AWS answers it: what may be asked (`role_requests`), by whom (`trust`), and the session it gives.

How much room policy and tags take in AWS's packed format is not known here: PackedPolicySize is what a test says by
`/_stint/packed {"percent": n}`, and beyond 100 the call is refused.
"""

import time
import urllib.parse
from xml.sax.saxutils import escape

from ministack.core.iam_evaluator import CredentialResolutionError
from ministack.core.router import extract_access_key_id
from ministack.services import sts

from . import trust
from .knobs import Knob
from .limits import refusal
from .role_requests import malformed, parsed, unfit

knob = Knob(percent=0)


def issued(request, caller, policies):
    role, duration = sts._role_id(request.role_arn), int(request.duration)
    arn, _ = sts._assumed_role_arn(request.role_arn, request.session_name)
    key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    sts.register_session(key, {
        "Arn": arn, "UserId": f"{role}:{request.session_name}", "SecretAccessKey": secret, "SessionToken": token,
        "Expiration": time.time() + duration, "AccountId": request.role_arn.split(":")[4],
        "PrincipalType": "AssumedRole", "SourceAccessKeyId": caller["accessKey"],
        "SourcePrincipalArn": caller["userArn"],
        "SessionTags": request.inherited + request.tags, "SourceIdentity": request.source_identity,
        "TransitiveTagKeys": [t["Key"] for t in request.inherited] + request.transitive,
        "SessionPolicies": policies if any(policies.values()) else None,
    })
    packed = any(policies.values()) or request.tags or request.inherited
    return sts._xml(200, "AssumeRoleResponse", "<AssumeRoleResult>" + elements({
        "Credentials": {"AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": token,
                        "Expiration": sts._future(duration)},
        "AssumedRoleUser": {"AssumedRoleId": f"{role}:{request.session_name}", "Arn": arn},
        "PackedPolicySize": f"{knob['percent']:.0f}" if packed else "",
        "SourceIdentity": request.source_identity}) + "</AssumeRoleResult>", ns="sts")


def elements(values):
    return "".join(f"<{k}>{elements(v) if isinstance(v, dict) else escape(v)}</{k}>" for k, v in values.items() if v)


def assume_role(params, headers, query_params):
    caller = sts._caller_identity(headers, query_params)
    if isinstance(caller, CredentialResolutionError):
        return sts._credential_error_response(caller)
    request = parsed(params, caller)
    _, wrong_arn = sts._assumed_role_arn(request.role_arn, request.session_name)
    _, wrong_tags = sts._session_tags(params)
    policies, wrong_policies = sts._session_policies(params)
    refused = malformed(request) or wrong_arn or wrong_tags or wrong_policies
    if refused:
        return refused
    action = trust.denied(request, extract_access_key_id(headers, query_params), caller["accountId"])
    if request.kept_identity and request.source_identity != request.kept_identity:
        action = action or "sts:SetSourceIdentity"  # it cannot be changed along a chain
    if action:
        return refusal(403, "AccessDenied", f"User: {caller['userArn']} is not authorized to perform: {action} "
                       f"on resource: {request.role_arn}", "sts")
    return unfit(request) or too_large() or issued(request, caller, policies)


def too_large():
    if knob["percent"] <= 100:
        return None
    message = f"Packed size of session tags consumes {knob['percent']:.0f}% of allotted space."
    return refusal(400, "PackedPolicyTooLarge", message, "sts")


def install():
    others = sts.handle_request

    async def handle_request(method, path, headers, body, query_params):
        if headers.get("x-amz-target", "").endswith(".AssumeRole"):
            return refusal(400, "InvalidAction", "STS speaks the query protocol only", "sts")
        form = urllib.parse.parse_qs(body.decode("utf-8", "replace")) if method == "POST" else {}
        params = {**query_params, **form}
        if sts._p(params, "Action") == "AssumeRole":
            return assume_role(params, headers, query_params)
        return await others(method, path, headers, body, query_params)

    sts.handle_request = handle_request
