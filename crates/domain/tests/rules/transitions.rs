//! Every command in every state, in one table, and what must hold along every path.

use crate::fixtures::{ana, another, at, every_state, in_state, pending, person, receipt, said_to, scope};
use crate::reviews::{emergency, review};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeSet;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Standing};
use stint_domain::audit::{Actor, Stream, verify};
use stint_domain::grant::{Evidence, GrantState, Proof, Receipt};
use stint_domain::principal::Origin;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::request::{AccessRequest, Approval, RequestState};
use stint_domain::review::{Finding, ReviewTerms};
use stint_domain::scope::Scope;
use stint_domain::transition::{
    Command, EndCause, Event, GrantCommand, LapseReason, Refusal, Revealed, Step,
};

fn every_command() -> Vec<(&'static str, Command)> {
    let grant = Command::Grant;
    vec![
        (
            "approve by ben",
            Command::Approve {
                approval: Approval::of(person("ben"), scope().hash()),
                standing: Standing::default(),
            },
        ),
        (
            "approve by ana",
            Command::Approve {
                approval: Approval::of(person("ana"), scope().hash()),
                standing: Standing::default(),
            },
        ),
        (
            "approve by bea",
            Command::Approve {
                approval: Approval::of(person("bea"), scope().hash()),
                standing: Standing::default(),
            },
        ),
        ("deny by ben", Command::Deny { by: person("ben"), comment: None }),
        ("deny by bea", Command::Deny { by: person("bea"), comment: None }),
        ("cancel", Command::Cancel),
        ("lapse", Command::Lapse { because: LapseReason::NobodyDecidedInTime }),
        (
            "note ben notified",
            Command::NoteNotified { approvers: BTreeSet::from(["ben".parse().unwrap()]), round: 0 },
        ),
        ("wait", Command::Wait),
        (
            "note ben told of the end",
            Command::NoteSettledTold {
                approvers: BTreeSet::from(["ben".parse().unwrap()]),
                unreached: BTreeSet::new(),
            },
        ),
        ("give up telling", Command::GiveUpTelling),
        ("review by gita", review("gita", Finding::Justified)),
        ("review by ana", review("ana", Finding::Justified)),
        ("note gita told", Command::NoteTold { reviewers: ["gita".parse().unwrap()].into(), round: 1 }),
        ("report unreviewed", Command::ReportUnreviewed),
        ("begin activation", grant(GrantCommand::BeginActivation)),
        ("confirm activation", grant(GrantCommand::ConfirmActivation)),
        ("abandon activation", grant(GrantCommand::AbandonActivation { reason: "no such user".to_owned() })),
        ("end: window over", grant(GrantCommand::End(EndCause::WindowOver))),
        ("end: overdue", grant(GrantCommand::End(EndCause::Overdue))),
        ("end: returned", grant(GrantCommand::End(EndCause::Returned))),
        ("end: revoked", grant(GrantCommand::End(EndCause::Revoked))),
        ("end: workflow ended", grant(GrantCommand::End(EndCause::WorkflowEnded))),
        ("retry removal", grant(GrantCommand::RetryRemoval)),
        (
            "report removal failure",
            grant(GrantCommand::ReportRemovalFailure { error: "throttled".to_owned(), taken: false }),
        ),
        (
            "confirm block",
            grant(GrantCommand::ConfirmRemoval(Evidence::Blocked {
                receipt: receipt(),
                until: at("10:32:00"),
            })),
        ),
        ("revoke", grant(GrantCommand::Revoke { comment: "an incident".parse().unwrap() })),
        ("end: ineligible", grant(GrantCommand::End(EndCause::Ineligible))),
        ("end: sponsor gone", grant(GrantCommand::End(EndCause::SponsorGone))),
        ("end: contract over", grant(GrantCommand::End(EndCause::ContractOver))),
        ("end: approver ineligible", grant(GrantCommand::End(EndCause::ApproverIneligible))),
        ("end: not approved by policy", grant(GrantCommand::End(EndCause::NotApprovedByPolicy))),
        (
            "force close",
            grant(GrantCommand::ForceClose { comment: "the account is closed".parse().unwrap() }),
        ),
        ("begin reveal", grant(GrantCommand::BeginReveal)),
        (
            "confirm reveal",
            grant(GrantCommand::ConfirmReveal(Revealed::AccessKey {
                id: "AKIA4711".to_owned(),
                expires_at: at("10:32:00"),
            })),
        ),
        (
            "confirm reveal: secret",
            grant(GrantCommand::ConfirmReveal(Revealed::Secret { version: "v1".to_owned() })),
        ),
        (
            "confirm reveal: account",
            grant(GrantCommand::ConfirmReveal(Revealed::Account {
                username: "stint-1".to_owned(),
                expires_at: at("10:32:00"),
            })),
        ),
        ("extend", grant(GrantCommand::Extend { by: another(), duration: "30m".parse().unwrap() })),
        ("hand over", grant(GrantCommand::HandOver)),
        ("note altered", grant(GrantCommand::NoteAltered { what: "its policy".to_owned() })),
        ("confirm removal", grant(GrantCommand::ConfirmRemoval(Evidence::Gone(receipt())))),
    ]
}

/// What nobody was asked about: while it lasts, and afterwards, without a review and with one.
fn emergencies() -> [(&'static str, AccessRequest); 3] {
    let ended = emergency("ended");
    let Ok(Step::Do(event)) = ended.decide(review("gita", Finding::Justified), at("10:33:00")) else {
        unreachable!()
    };
    let reviewed = ended.apply(&event, at("10:33:00")).unwrap();
    [
        ("active, without asking", emergency("active")),
        ("ended, without asking", ended),
        ("ended, without asking, reviewed by gita", reviewed),
    ]
}

fn outcome(request: &AccessRequest, command: Command, now: Timestamp) -> String {
    match request.decide(said_to(request, command), now) {
        Ok(Step::Already) => "already".to_owned(),
        Ok(Step::Do(event)) => {
            let after = request.apply(&event, now).expect("what is decided applies");
            let state = after.grant().map_or(after.state.name(), GrantState::name);
            format!("{} -> {state}", event.action())
        }
        Err(refusal) => format!("refused: {refusal}"),
    }
}

#[test]
fn every_command_in_every_state() {
    let mut table = String::new();
    for (when, now) in
        [("while the window is open, 10:05", at("10:05:00")), ("after its end, 10:33", at("10:33:00"))]
    {
        table.push_str(&format!("# {when}\n"));
        for (state, request) in every_state().into_iter().chain(emergencies()) {
            table.push_str(&format!("\n## {state}\n"));
            for (name, command) in every_command() {
                table.push_str(&format!("{name:24} {}\n", outcome(&request, command, now)));
            }
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[test]
fn nobody_decides_on_their_own_request_but_somebody_else_does() {
    let approve = |name| Command::Approve {
        approval: Approval::of(person(name), scope().hash()),
        standing: Standing::default(),
    };
    assert_eq!(pending().decide(approve("ana"), at("10:01:00")), Err(Refusal::SelfApproval));
    assert!(matches!(pending().decide(approve("ben"), at("10:01:00")), Ok(Step::Do(Event::Approved { .. }))));
}

#[test]
fn an_approval_of_something_else_is_refused_and_so_is_activating_what_was_changed_after() {
    let approve = |hash| Command::Approve {
        approval: Approval::of(person("ben"), hash),
        standing: Standing::default(),
    };
    let mut other = scope();
    other.duration = "4h".parse().unwrap();
    assert_eq!(pending().decide(approve(other.hash()), at("10:01:00")), Err(Refusal::ScopeMismatch));

    let begin = || Command::Grant(GrantCommand::BeginActivation);
    let (_, approved) = every_state().into_iter().find(|(name, _)| *name == "scheduled").unwrap();
    assert!(matches!(approved.decide(begin(), at("10:02:00")), Ok(Step::Do(_))));
    let tampered = AccessRequest { scope: other, ..approved };
    assert_eq!(tampered.decide(begin(), at("10:02:00")), Err(Refusal::ScopeMismatch));
}

#[test]
fn every_field_of_the_scope_is_under_its_hash() {
    let origin = Origin { address: "198.51.100.7".parse().unwrap(), mfa: false };
    let reviewers = ["officers".parse().unwrap()].into();
    let asked = Scope {
        starts_at: Some(at("12:00:00")),
        extends: Some("req-00000000000000000000000000000001".parse().unwrap()),
        break_glass: Some(ReviewTerms { reviewers, within: "24h".parse().unwrap() }),
        rule: ApprovalRule::try_from(vec![ApprovalStep { manager: true, ..ApprovalStep::default() }])
            .unwrap(),
        ticket: Some("OPS-4711".parse().unwrap()),
        origin: Some(origin),
        ..scope()
    };
    let text = serde_json::to_value(&asked).unwrap();
    let fields = text.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields.len(), 14, "all of them are there: {fields:?}");
    for field in fields {
        let mut changed = text.clone();
        let value = changed.get_mut(&field).unwrap();
        *value = match field.as_str() {
            "request_id" => "req-ffffffffffffffffffffffffffffffff".into(),
            "duration" => 60.into(),
            "starts_at" => "2026-11-22T13:00:00Z".into(),
            "extends" => "req-ffffffffffffffffffffffffffffffff".into(),
            "break_glass" => serde_json::json!({ "reviewers": ["officers"], "within": 60 }),
            "rule" => serde_json::json!([{ "need": 2, "manager": true, "groups": ["officers"] }]),
            "target" => serde_json::json!({ "kind": "iam_user", "name": "root" }),
            "access" => serde_json::json!({ "kind": "iam_user_elevation", "permissions": [] }),
            "origin" => serde_json::json!({ "address": "198.51.100.7", "mfa": true }),
            _ => "x".into(),
        };
        let changed: Scope = serde_json::from_value(changed).unwrap();
        assert_ne!(changed.hash(), asked.hash(), "{field}");
    }
}

#[test]
fn a_decision_after_the_deadline_is_too_late_and_one_just_before_is_not() {
    let deny = || Command::Deny { by: person("ben"), comment: None };
    assert!(pending().decide(deny(), at("17:59:59")).is_ok());
    assert_eq!(pending().decide(deny(), at("18:00:00")), Err(Refusal::TooLateToDecide));
}

#[test]
fn a_grant_with_a_later_start_is_not_activated_before_it() {
    let mut scheduled = every_state().into_iter().find(|(name, _)| *name == "scheduled").unwrap().1;
    scheduled.scope.starts_at = Some(at("12:00:00"));
    if let RequestState::Approved { approval, .. } = &mut scheduled.state {
        approval.scope_hash = scheduled.scope.hash();
    }
    let begin = || Command::Grant(GrantCommand::BeginActivation);
    let end = |cause| Command::Grant(GrantCommand::End(cause));
    assert_eq!(scheduled.decide(end(EndCause::WindowOver), at("11:59:59")), Err(Refusal::WindowOpen));
    assert!(
        scheduled.decide(end(EndCause::Returned), at("11:59:59")).is_ok(),
        "its holder may step back at any time"
    );
    assert_eq!(scheduled.decide(begin(), at("11:59:59")), Err(Refusal::NotYet { starts_at: at("12:00:00") }));
    assert!(scheduled.decide(begin(), at("12:00:00")).is_ok());
}

#[test]
fn a_removal_is_not_closed_while_a_second_attempt_may_still_reach_the_target() {
    let mut request = every_state().into_iter().find(|(name, _)| *name == "scheduled").unwrap().1;
    let mut go = |command, now| match request.decide(Command::Grant(command), now) {
        Ok(Step::Do(event)) => {
            request = request.apply(&event, now).unwrap();
            Ok(())
        }
        Ok(Step::Already) => Ok(()),
        Err(refusal) => Err(refusal),
    };
    go(GrantCommand::BeginActivation, at("10:02:00")).unwrap();
    go(GrantCommand::BeginActivation, at("10:02:05")).unwrap();
    go(GrantCommand::ConfirmActivation, at("10:02:06")).unwrap();
    go(GrantCommand::End(EndCause::Returned), at("10:02:07")).unwrap();
    let seen = |time| GrantCommand::ConfirmRemoval(Evidence::Gone(Receipt { at: at(time), ..receipt() }));
    let not_settled = Err(Refusal::NotSettled { settles_at: at("10:02:17") });
    assert_eq!(go(seen("10:02:08"), at("10:02:08")), not_settled);
    assert_eq!(
        go(seen("10:02:16"), at("10:02:20")),
        not_settled,
        "told later, it was seen too early all the same"
    );
    go(seen("10:02:17"), at("10:02:20")).unwrap();
    assert!(request.is_final());
}

#[test]
fn everything_that_is_not_final_is_due_at_some_time_and_nothing_final_is() {
    for (name, request) in every_state().into_iter().chain(emergencies()) {
        assert_eq!(request.due_at().is_none(), request.is_final(), "{name}");
    }
}

#[test]
fn a_stored_request_reads_back_as_it_was() {
    for (name, request) in every_state().into_iter().chain(emergencies()) {
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<AccessRequest>(&text).unwrap(), request, "{name}");
    }
}

fn circumstances(at: Timestamp) -> Circumstances {
    Circumstances {
        at,
        actor: Actor::system("test"),
        authorization: None,
        source_address: None,
        invocation: None,
    }
}

/// As many as [`every_command`] has.
const COMMANDS: usize = 41;

#[test]
fn every_command_takes_part_in_the_random_walks() {
    assert_eq!(every_command().len(), COMMANDS);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Any commands in any order at any times: whatever is decided applies, final states stay, access without an
    /// approval never begins, an end comes with a proof, and the audit verifies and is as long as the record says.
    #[test]
    fn no_sequence_of_commands_breaks_an_invariant(
        steps in prop::collection::vec((0usize..COMMANDS, 0i64..2400), 1..40)
    ) {
        let commands = every_command();
        let mut now = at("10:00:00");
        let submission = Recorded::submission(pending(), None, &circumstances(now)).unwrap();
        let mut texts: Vec<_> = submission.events().to_vec();
        let mut recorded = submission.after().clone();
        let mut activation_seen = false;
        for (index, seconds) in steps {
            now = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
            let was_final = recorded.request.is_final();
            let Ok(Step::Do(event)) = recorded.request.decide(said_to(&recorded.request, commands[index].1.clone()), now) else { continue };
            let change = recorded.advance(event.clone(), &circumstances(now));
            prop_assert!(change.is_some(), "{event:?} was decided and does not apply");
            let change = change.unwrap();
            prop_assert!(!was_final, "{event:?} after the end");
            prop_assert_eq!(change.before(), Some(&recorded.head));
            texts.extend(change.events().iter().cloned());
            recorded = change.after().clone();
            activation_seen |= event.action() == "grant.activation_started";
            if let Some(grant) = recorded.request.grant() {
                let proof = match grant {
                    GrantState::Ended { proof, .. } | GrantState::ActivationFailed { proof, .. } => Some(proof),
                    _ => None,
                };
                if let Some(proof) = proof {
                    prop_assert_eq!(*proof == Proof::NeverActivated, !activation_seen);
                }
            } else {
                prop_assert!(!activation_seen);
            }
        }
        let chain: Vec<_> = texts.iter().map(|e| (e.canonical.as_str(), e.hash.as_str())).collect();
        prop_assert_eq!(verify(chain), Ok(recorded.head.clone()));
        prop_assert!(texts.iter().all(|e| e.event.stream == Stream::Request(scope().request_id).to_string()));
    }

    /// From wherever it has got to, a request can always be brought to its end: nothing is stuck.
    #[test]
    fn every_request_can_be_brought_to_a_final_state(steps in prop::collection::vec((0usize..COMMANDS, 0i64..2400), 0..20)) {
        let commands = every_command();
        let (mut now, mut request) = (at("10:00:00"), pending());
        for (index, seconds) in steps {
            now = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
            if let Ok(Step::Do(event)) = request.decide(said_to(&request, commands[index].1.clone()), now) {
                request = request.apply(&event, now).unwrap();
            }
        }
        now = now.saturating_add(SignedDuration::from_hours(24)).unwrap();
        for command in [
            Command::Lapse { because: LapseReason::NobodyDecidedInTime },
            Command::Grant(GrantCommand::End(EndCause::Overdue)),
            Command::Grant(GrantCommand::RetryRemoval),
            Command::Grant(GrantCommand::ConfirmRemoval(Evidence::Gone(Receipt { at: now, ..receipt() }))),
        ] {
            if let Ok(Step::Do(event)) = request.decide(command, now) {
                request = request.apply(&event, now).unwrap();
            }
        }
        // Nobody waits for a mail about it for longer than an hour.
        now = now.saturating_add(SignedDuration::from_hours(1)).unwrap();
        if let Ok(Step::Do(event)) = request.decide(Command::GiveUpTelling, now) {
            request = request.apply(&event, now).unwrap();
        }
        prop_assert!(request.is_final(), "{:?}", request.state);
    }
}

#[test]
fn the_requester_is_compared_by_identity_and_not_by_name() {
    let mut request = in_state(pending().state);
    request.requester_name = "ben".to_owned();
    let approve = Command::Approve {
        approval: Approval::of(person("ben"), request.scope.hash()),
        standing: Standing::default(),
    };
    assert!(request.decide(approve, at("10:01:00")).is_ok());
    assert_eq!(request.scope.requester, ana());
}
