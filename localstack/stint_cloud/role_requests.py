"""What a request for a role says, and what AWS refuses by it alone.

The forms of its parameters; 15 minutes to 12 hours, not beyond the role's maximum, and at most one hour for who is a
role's session itself (a function is); transitive tags and the source identity, which stay along a chain of roles. The
emulator took any duration and knew neither transitive tags nor a source identity.
"""

from types import SimpleNamespace

from ministack.services import iam, sts

from .limits import fault, invalid, refusal, tag_fault

LEAST, MOST, CHAINED = 900, 43200, 3600


def parsed(params, caller):
    session = sts._sessions.get(caller["accessKey"]) or {}
    kept = [k.lower() for k in session.get("TransitiveTagKeys") or []]
    keys = (sts._p(params, f"TransitiveTagKeys.member.{n}") for n in range(1, 100))
    return SimpleNamespace(
        role_arn=sts._p(params, "RoleArn"),
        session_name=sts._p(params, "RoleSessionName"),
        external_id=sts._p(params, "ExternalId"),
        duration=sts._p(params, "DurationSeconds") or str(CHAINED),
        tags=iam._extract_tags(params),
        inherited=[t for t in session.get("SessionTags") or [] if t["Key"].lower() in kept],
        transitive=[k for k in keys if k],
        passed_identity=sts._p(params, "SourceIdentity"),
        source_identity=sts._p(params, "SourceIdentity") or session.get("SourceIdentity") or "",
        kept_identity=session.get("SourceIdentity"),
        chained=caller["principalType"] == "AssumedRole",
    )


def malformed(request):
    """What is refused before anybody asks who calls."""
    number = int(request.duration) if request.duration.isdigit() else 0
    if not LEAST <= number <= MOST:
        limit = f"less than or equal to {MOST}" if number > MOST else f"greater than or equal to {LEAST}"
        return invalid(f"1 validation error detected: Value '{request.duration}' at 'durationSeconds' failed to "
                       f"satisfy constraint: Member must have value {limit}", "sts")
    wrong = fault("roleSessionName", request.session_name, 2, 64) or tag_fault(request.tags)
    if request.passed_identity:
        wrong = wrong or fault("sourceIdentity", request.passed_identity, 2, 64)
    if request.external_id:
        wrong = wrong or fault("externalId", request.external_id, 2, 1224, r"[\w+=,.@:/-]*")
    return invalid(wrong, "sts") if wrong else None


def unfit(request):
    """What is refused to who may take the role."""
    role = iam._roles.get(request.role_arn.rsplit("/", 1)[-1]) or {}
    if request.chained and int(request.duration) > CHAINED:
        return invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
                       "chaining.", "sts")
    if int(request.duration) > int(role.get("MaxSessionDuration") or CHAINED):
        return invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", "sts")
    passed = {t["Key"].lower() for t in request.tags}
    if any(k.lower() not in passed for k in request.transitive):
        return refusal(400, "InvalidParameterValue",
                       "The specified transitive tag key must be included in the requested tags.", "sts")
    if any(t["Key"].lower() in passed for t in request.inherited):
        return refusal(400, "InvalidParameterValue", "One of the specified transitive tag keys can't be set because it "
                       "conflicts with a transitive tag key from the calling session.", "sts")
    return None
