//! What an approver is told about a kind of access, in the same words in mail and page.
//!
//! Guards: it promises no more than the kind of access declares of itself.

use crate::letter::plain::{one_line, when};
use stint_domain::approval::{Progress, TurnKind};
use stint_domain::entitlement::AccessKind;
use stint_domain::ids::{GroupName, RequestId};
use stint_domain::request::AccessRequest;
use stint_domain::review::{Finding, ReviewState};
use stint_domain::scope::Scope;

/// How soon, in seconds, access can usually be used: IAM takes moments to make known what Stint has written.
const USABLE_WITHIN_SECONDS: u32 = 10;

/// By which way the requester would get in.
#[must_use]
pub const fn way(access: &AccessKind) -> &'static str {
    match access {
        AccessKind::IamUserElevation { .. } => {
            "the requester's own IAM user is allowed more; the key stays the same"
        }
        AccessKind::EphemeralIamUser { .. } => {
            "an IAM user is made for this alone, with a key of its own, and removed afterwards"
        }
        AccessKind::RoleSession { .. } => {
            "the requester gets sessions of a role, narrowed to what is below, for at most an hour each"
        }
        AccessKind::Checkout { .. } => {
            "the requester gets a credential that nobody else has meanwhile, and that is rotated afterwards"
        }
        AccessKind::Provided(provided) if provided.has_credential => {
            "a provider of the organisation's own makes an account for this alone, and removes it afterwards"
        }
        AccessKind::Provided(_) => {
            "a provider of the organisation's own lets the requester in, and takes that back afterwards"
        }
    }
}

/// What the requester does.
#[must_use]
pub const fn asks(scope: &Scope) -> &'static str {
    if scope.extends.is_some() { "asks to keep access for longer" } else { "asks for access" }
}

/// What comes of a request that nobody decides.
#[must_use]
pub const fn undecided(scope: &Scope) -> &'static str {
    if scope.extends.is_some() { "access ends when it was to end" } else { "no access is given" }
}

/// How long an extension would be: the end that it is added to may still move.
#[must_use]
pub fn added_to(extended: RequestId) -> String {
    format!("added to the end of {}, which the requester has now", extended.grant_id())
}

/// When it can be used. `later`: it has a start of its own.
#[must_use]
pub fn usable(scope: &Scope, later: bool) -> String {
    let from = if later { "its start" } else { "the approval" };
    if scope.extends.is_some() {
        return "In use already; what it is used with stays the same.".to_owned();
    }
    format!("Usable within about {USABLE_WITHIN_SECONDS} s of {from}.")
}

/// What its end does, and what an early one does.
#[must_use]
pub fn end(access: &AccessKind) -> String {
    let live = if access.can_cut_live_sessions() {
        "stops sessions in use, too"
    } else {
        "does not stop sessions in use"
    };
    let overstay = access.max_overstay_seconds();
    format!("It ends by itself. An early end {live}; it takes effect within {overstay} s.")
}

/// Who has said yes so far; `None` if nobody has.
#[must_use]
pub fn approved_by(request: &AccessRequest) -> Option<String> {
    let names: Vec<_> = request.approvals().map(|approval| one_line(approval.by.name(), 40)).collect();
    if names.is_empty() { None } else { Some(names.join(", ")) }
}

/// Which steps nobody answered, so that they were passed over; `None` if there are none.
#[must_use]
pub fn passed_over(request: &AccessRequest) -> Option<String> {
    let skipped = request.turns().iter().filter(|turn| turn.kind == TurnKind::Skipped);
    let steps: Vec<_> = skipped.map(|turn| format!("step {}", turn.step + 1)).collect();
    if steps.is_empty() {
        None
    } else {
        Some(format!("{}, which nobody answered in time", steps.join(" and ")))
    }
}

/// Who has to say yes now; `None` if nobody has to.
#[must_use]
pub fn still_needed(request: &AccessRequest) -> Option<String> {
    let open = request.progress()?;
    let more = if open.have > 0 { " more" } else { "" };
    let who = match (open.step.manager, groups(open)) {
        (true, None) => "the requester's manager".to_owned(),
        (true, Some(groups)) => format!("{}{more} of {groups}, or the requester's manager", people(open)),
        (false, None) => format!("{}{more} of those who may decide", people(open)),
        (false, Some(groups)) => format!("{}{more} of {groups}", people(open)),
    };
    let steps = request.scope.rule.steps().len();
    Some(if steps > 1 { format!("{who} (step {} of {steps})", open.number + 1) } else { who })
}

/// How far the review has come of what was had without asking; `None` where there is none.
#[must_use]
pub fn review(request: &AccessRequest) -> Option<String> {
    let by = when(request.review_by()?, &request.zone);
    Some(match &request.review.state {
        ReviewState::Open => format!("to be closed by {by}"),
        ReviewState::Overdue { .. } => format!("late, it was to be closed by {by}"),
        ReviewState::Closed { reviewed, at } => {
            let found = match reviewed.finding {
                Finding::Justified => "it was called for",
                Finding::Unjustified => "it was not called for",
            };
            format!("{found}, says {} at {}", one_line(&reviewed.name, 100), when(*at, &request.zone))
        }
    })
}

fn people(open: Progress<'_>) -> String {
    match open.missing() {
        1 => "one".to_owned(),
        more => more.to_string(),
    }
}

fn groups(open: Progress<'_>) -> Option<String> {
    names(open.groups())
}

fn names<'a>(groups: impl Iterator<Item = &'a GroupName>) -> Option<String> {
    let names: Vec<_> = groups.map(ToString::to_string).collect();
    if names.is_empty() { None } else { Some(names.join(" or ")) }
}

/// What comes of it that nobody answers, before the time to decide is over, in sentences.
#[must_use]
pub fn meanwhile(request: &AccessRequest) -> Vec<String> {
    let Some(open) = request.progress() else { return Vec::new() };
    let at = |kind| request.coming(&open, kind).map(|turn| when(turn.at, &request.zone));
    let escalation = open.step.escalate.as_ref().and_then(|escalation| names(escalation.groups.iter()));
    let escalated = at(TurnKind::Escalated).zip(escalation);
    let escalated =
        escalated.map(|(at, groups)| format!("If nobody has answered by {at}, {groups} are asked, too."));
    let skipped = at(TurnKind::Skipped);
    let skipped = skipped.map(|at| {
        format!("If nobody has answered by {at}, this step is passed over, and those of the next are asked.")
    });
    escalated.into_iter().chain(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use stint_domain::entitlement::VaultedLogin;
    use stint_domain::provided::Provided;

    fn kinds() -> [AccessKind; 6] {
        let provided = |has_credential| {
            AccessKind::Provided(Provided {
                function: "stint-provider-doors".parse().unwrap(),
                target: "front".parse().unwrap(),
                parameters: BTreeMap::new(),
                has_credential,
                can_cut_live_sessions: has_credential,
                max_overstay_seconds: 7,
            })
        };
        let role = "arn:aws:iam::000000000000:role/stint-target/reader".parse().unwrap();
        [
            AccessKind::IamUserElevation { permissions: Vec::new(), account: None },
            AccessKind::EphemeralIamUser { permissions: Vec::new(), account: None },
            AccessKind::RoleSession { role, permissions: Vec::new(), account: None },
            AccessKind::Checkout { secret: "stint/vault/a".parse().unwrap(), login: VaultedLogin::Postgres },
            provided(true),
            provided(false),
        ]
    }

    #[test]
    fn each_kind_of_access_is_told_apart() {
        let told: BTreeSet<_> = kinds().iter().map(way).collect();
        assert_eq!(told.len(), kinds().len());
    }

    #[test]
    fn an_end_is_told_as_the_kind_of_access_declares_it() {
        for kind in kinds() {
            let told = end(&kind);
            assert_eq!(told.contains("stops sessions in use"), kind.can_cut_live_sessions(), "{told}");
            assert!(told.contains(&format!("within {} s", kind.max_overstay_seconds())), "{told}");
        }
    }
}
