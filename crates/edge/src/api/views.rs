//! What the API shows of a request and a grant. Field names are the API's contract.

use serde_json::{Value, json};
use stint_app::read::Offer;
use stint_domain::access::Access;
use stint_domain::approval::TurnKind;
use stint_domain::grant::{GrantState, Proof, RemovalReason};
use stint_domain::ids::RequestId;
use stint_domain::request::{AccessRequest, Decider, RequestState};
use stint_domain::review::{ReviewState, ReviewTerms};
use stint_domain::scope::Scope;

/// A request, with its decision and its grant.
#[must_use]
pub fn request_view(request: &AccessRequest) -> Value {
    let (scope, allowance) = (&request.scope, request.allowance());
    json!({
        "id": scope.request_id,
        "state": request.state.name(),
        "entitlement": scope.entitlement,
        "entitlement_title": request.entitlement_title,
        "requester": scope.requester,
        "requester_name": request.requester_name,
        "access": scope.access.kind().name(),
        "target": target(scope),
        "permissions": scope.access.permissions(),
        "max_overstay_seconds": scope.access.kind().max_overstay_seconds(),
        "can_cut_live_sessions": scope.access.kind().can_cut_live_sessions(),
        "duration": scope.duration.to_string(),
        "justification": scope.justification,
        "ticket": scope.ticket,
        "starts_at": scope.starts_at,
        "extends": scope.extends.map(RequestId::grant_id),
        "submitted_at": request.submitted_at,
        "decide_by": request.decide_by,
        "policy_version": scope.policy_version,
        "approvals": approvals(request),
        "allowance": json!({
            "duration": allowance.duration.to_string(),
            "permissions": allowance.access.permissions(),
        }),
        "decision": decision(&request.state),
        "review": scope.break_glass.as_ref().map(|terms| review(request, terms)),
        "grant": grant_view(request),
    })
}

fn target(scope: &Scope) -> Value {
    let mut target = target_in_its_account(scope);
    if let (Some(account), Some(fields)) = (scope.access.account(), target.as_object_mut()) {
        fields.insert("account".to_owned(), json!(account.id()));
    }
    target
}

fn target_in_its_account(scope: &Scope) -> Value {
    match &scope.access {
        Access::IamUserElevation { user, .. } => json!({ "kind": "iam_user", "name": user }),
        Access::EphemeralIamUser { .. } => {
            json!({ "kind": "ephemeral_iam_user", "name": scope.artefact_of().artefact_name() })
        }
        Access::RoleSession { role, source_identity, .. } => {
            json!({ "kind": "role_session", "role": role, "source_identity": source_identity })
        }
        Access::Provided { provided, .. } => json!({
            "kind": "provider", "function": provided.function, "name": provided.target,
        }),
        Access::Checkout { secret, login } => json!({ "kind": "vault", "secret": secret, "login": login }),
    }
}

/// What it takes, and who has given it. What policy approves at once takes nobody.
fn approvals(request: &AccessRequest) -> Value {
    let steps = request.scope.rule.steps().iter().enumerate().map(|(number, step)| {
        let given = request.given().filter(|given| given.0 == number).map(|given| by(&given.1.by));
        json!({
            "people": step.need,
            "groups": step.groups,
            "manager": step.manager,
            "approved_by": given.collect::<Vec<_>>(),
            "remind_every": step.remind_every.map(|pause| pause.to_string()),
            "escalation": step.escalate.as_ref().map(|escalation| json!({
                "after": escalation.after.to_string(),
                "groups": escalation.groups,
                "at": turned(request, number, TurnKind::Escalated),
            })),
            "skip": step.skip_after.map(|after| json!({
                "after": after.to_string(),
                "at": turned(request, number, TurnKind::Skipped),
            })),
        })
    });
    let open = request.progress().map(|open| open.number + 1);
    json!({ "steps": steps.collect::<Vec<_>>(), "open_step": open })
}

/// When waiting led to this; `null` if it has not.
fn turned(request: &AccessRequest, step: usize, kind: TurnKind) -> Option<jiff::Timestamp> {
    request.turns().iter().find(|turn| turn.step == step && turn.kind == kind).map(|turn| turn.at)
}

/// What follows from having had it without asking.
fn review(request: &AccessRequest, terms: &ReviewTerms) -> Value {
    let (state, closed) = match &request.review.state {
        ReviewState::Open => ("OPEN", None),
        ReviewState::Overdue { .. } => ("OVERDUE", None),
        ReviewState::Closed { reviewed, at } => ("CLOSED", Some((reviewed, at))),
    };
    json!({
        "state": state,
        "reviewers": terms.reviewers,
        "review_by": request.review_by(),
        "finding": closed.map(|(reviewed, _)| reviewed.finding),
        "comment": closed.map(|(reviewed, _)| &reviewed.comment),
        "by": closed.map(|(reviewed, _)| json!({ "kind": "person", "id": reviewed.by, "name": reviewed.name })),
        "at": closed.map(|(_, at)| at),
    })
}

fn decision(state: &RequestState) -> Value {
    match state {
        RequestState::Approved { approval, approved_at, .. } => {
            decided("APPROVED", &approval.by, approval.comment.as_ref().map(|c| c.as_str()), *approved_at)
        }
        RequestState::Denied { by, comment, at } => {
            decided("DENIED", by, comment.as_ref().map(|c| c.as_str()), *at)
        }
        RequestState::Lapsed { because, at } => json!({ "verdict": "LAPSED", "because": because, "at": at }),
        RequestState::Cancelled { at } => json!({ "verdict": "CANCELLED", "at": at }),
        RequestState::Pending { .. } => Value::Null,
    }
}

fn decided(verdict: &str, decider: &Decider, comment: Option<&str>, at: jiff::Timestamp) -> Value {
    json!({ "verdict": verdict, "by": by(decider), "comment": comment, "at": at })
}

fn by(decider: &Decider) -> Value {
    match decider {
        Decider::Policy { policies } => json!({ "kind": "policy", "policies": policies }),
        Decider::Person { id, name, .. } => json!({ "kind": "person", "id": id, "name": name }),
    }
}

/// The grant of a request; `null` while there is none.
#[must_use]
pub fn grant_view(request: &AccessRequest) -> Value {
    let Some(grant) = request.grant() else { return Value::Null };
    let scope = &request.scope;
    let mut view = json!({
        "id": scope.request_id.grant_id(),
        "request_id": scope.request_id,
        "entitlement": scope.entitlement,
        "target": target(scope),
        "state": grant.name(),
        "window": grant.window(),
    });
    if let (Some(fields), Value::Object(more)) = (view.as_object_mut(), particulars(grant)) {
        fields.extend(more);
    }
    view
}

fn particulars(grant: &GrantState) -> Value {
    match grant {
        GrantState::Scheduled | GrantState::Activating { .. } => json!({}),
        GrantState::Active { activated_at, altered, .. } => {
            json!({ "activated_at": activated_at, "altered": altered })
        }
        GrantState::Deactivating { removal } => {
            json!({ "ending": reason(&removal.why), "failures": removal.failures })
        }
        GrantState::RemovalFailed { removal, error } => {
            json!({ "ending": reason(&removal.why), "failures": removal.failures, "error": error })
        }
        GrantState::Ended { ended_by, at, proof } => {
            json!({ "ended_by": ended_by, "ended_at": at, "proof": shown(proof) })
        }
        GrantState::ActivationFailed { reason, at, proof } => {
            json!({ "reason": reason, "ended_at": at, "proof": shown(proof) })
        }
    }
}

fn reason(why: &RemovalReason) -> Value {
    match why {
        RemovalReason::Ended { ended_by, .. } => json!(ended_by),
        RemovalReason::ActivationFailed { reason } => json!(reason),
    }
}

fn shown(proof: &Proof) -> Value {
    match proof {
        Proof::NeverActivated => json!({ "kind": "never_activated" }),
        Proof::Removed { receipt, .. } => json!({ "kind": "receipt", "receipt": receipt }),
        Proof::Blocked { receipt, until, .. } => {
            json!({ "kind": "blocked", "receipt": receipt, "blocked_until": until })
        }
        Proof::Forced { error, comment, .. } => {
            json!({ "kind": "forced", "error": error, "comment": comment })
        }
    }
}

/// An entitlement as somebody sees it who may have it.
#[must_use]
pub(super) fn offer_view(offer: &Offer<'_>) -> Value {
    let entitlement = offer.entitlement;
    let break_glass = entitlement.break_glass.as_ref().filter(|_| offer.break_glass).map(|terms| {
        json!({
            "max_duration": terms.max_duration.to_string(),
            "review_within": terms.review.within.to_string(),
        })
    });
    json!({
        "id": entitlement.id,
        "title": entitlement.title,
        "description": entitlement.description,
        "risk": entitlement.risk,
        "access": entitlement.access.name(),
        "permissions": entitlement.access.permissions(),
        "max_duration": entitlement.max_duration.to_string(),
        "decide_within": entitlement.decide_within.to_string(),
        "max_overstay_seconds": entitlement.access.max_overstay_seconds(),
        "can_cut_live_sessions": entitlement.access.can_cut_live_sessions(),
        "approval": offer.at_once.map(|at_once| if at_once { "policy" } else { "person" }),
        "break_glass": break_glass,
    })
}
