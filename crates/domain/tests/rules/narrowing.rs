//! Approving less than was asked, and never more.

use crate::fixtures::{at, extension, pending, person, scope};
use proptest::prelude::*;
use std::collections::BTreeSet;
use stint_domain::access::Access;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Standing};
use stint_domain::duration::AccessDuration;
use stint_domain::entitlement::Permission;
use stint_domain::grant::GrantState;
use stint_domain::narrowing::Narrowing;
use stint_domain::principal::Origin;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::{Command, GrantCommand, Refusal, Step};

const READ: &str = "dynamodb:GetItem";
const SCAN: &str = "dynamodb:Scan";
const WRITE: &str = "dynamodb:PutItem";

fn minutes(count: u32) -> AccessDuration {
    AccessDuration::try_from(count * 60).unwrap()
}

fn permission(actions: &[&str]) -> Permission {
    Permission {
        actions: actions.iter().map(ToString::to_string).collect(),
        resources: BTreeSet::from(["arn:aws:dynamodb:*:*:table/payments".to_owned()]),
    }
}

/// For half an hour; two have to approve.
fn request() -> AccessRequest {
    let permissions = vec![permission(&[READ, SCAN]), permission(&[WRITE])];
    let access = Access::IamUserElevation { user: "ana".parse().unwrap(), permissions, account: None };
    let step = ApprovalStep { need: 2.try_into().unwrap(), ..ApprovalStep::default() };
    let rule = ApprovalRule::try_from(vec![step]).unwrap();
    let scope = Scope { access, duration: minutes(30), rule, ..scope() };
    AccessRequest { scope, ..pending() }
}

fn left(length: Option<u32>, actions: Option<&[&str]>) -> Narrowing {
    let actions = actions.map(|actions| actions.iter().map(ToString::to_string).collect());
    Narrowing { duration: length.map(minutes), actions }
}

fn approve(request: &mut AccessRequest, who: &str, narrowing: Narrowing) -> Result<Step, Refusal> {
    let approval = Approval { narrowing, ..Approval::of(person(who), request.scope.hash()) };
    let command = Command::Approve { approval, standing: Standing::default() };
    let said = request.decide(command, at("10:01:00"));
    if let Ok(Step::Do(event)) = &said {
        *request = request.apply(event, at("10:01:00")).unwrap();
    }
    said
}

fn widens(said: Result<Step, Refusal>) -> Option<&'static str> {
    match said {
        Err(Refusal::Widens { field }) => Some(field),
        _ => None,
    }
}

#[test]
fn what_each_approver_leaves_is_what_all_of_them_leave() {
    let mut request = request();
    approve(&mut request, "ben", left(Some(20), Some(&[READ, WRITE]))).unwrap();
    approve(&mut request, "bea", left(Some(10), Some(&[READ]))).unwrap();
    let allowance = request.allowance();
    assert_eq!(allowance.duration, minutes(10));
    assert_eq!(allowance.access.permissions(), [permission(&[READ])]);
    let begin = request.decide(Command::Grant(GrantCommand::BeginActivation), at("10:02:00")).unwrap();
    let Step::Do(event) = begin else { panic!("nothing began") };
    let window = request.apply(&event, at("10:02:00")).unwrap().grant().and_then(GrantState::window).copied();
    assert_eq!(window.unwrap().ends_at(), at("10:12:00"));
}

#[test]
fn what_nobody_narrows_is_what_was_asked() {
    let mut request = request();
    approve(&mut request, "ben", Narrowing::default()).unwrap();
    approve(&mut request, "bea", left(Some(30), Some(&[READ, SCAN, WRITE]))).unwrap();
    assert_eq!(request.allowance().duration, request.scope.duration);
    assert_eq!(request.allowance().access, request.scope.access);
}

#[test]
fn nobody_approves_more_than_was_asked_or_than_an_earlier_one_has_left() {
    let mut request = request();
    assert_eq!(widens(approve(&mut request, "ben", left(Some(31), None))), Some("duration"));
    assert_eq!(
        widens(approve(&mut request, "ben", left(None, Some(&[READ, "iam:CreateUser"])))),
        Some("actions")
    );
    assert_eq!(widens(approve(&mut request, "ben", left(None, Some(&[])))), Some("actions"));
    assert_eq!(widens(approve(&mut request, "ben", left(Some(20), Some(&[READ, SCAN])))), None);
    assert_eq!(widens(approve(&mut request, "bea", left(Some(21), None))), Some("duration"));
    assert_eq!(widens(approve(&mut request, "bea", left(None, Some(&[WRITE])))), Some("actions"));
    assert_eq!(widens(approve(&mut request, "bea", left(Some(20), Some(&[SCAN])))), None);
    assert!(matches!(request.state, RequestState::Approved { .. }));
}

#[test]
fn an_extension_is_made_shorter_and_has_no_actions_to_take_away() {
    let mut asked = AccessRequest { state: RequestState::submitted(), ..extension() };
    assert_eq!(widens(approve(&mut asked, "ben", left(None, Some(&[READ])))), Some("actions"));
    assert_eq!(widens(approve(&mut asked, "ben", left(Some(5), None))), None);
    assert_eq!(asked.allowance().duration, minutes(5));
}

#[test]
fn a_seal_is_of_what_was_left_and_of_nothing_else() {
    let request = request();
    let said = |narrowing| {
        let approval = Approval { narrowing, ..Approval::of(person("ben"), request.scope.hash()) };
        request.statement(0, &approval).unwrap()
    };
    assert_eq!(said(left(Some(5), None)), said(left(Some(5), None)));
    assert_ne!(said(left(Some(5), None)), said(left(None, None)));
    assert_ne!(said(left(None, Some(&[READ]))), said(left(None, Some(&[READ, WRITE]))));
}

/// Policies go by it, so nobody who can only write to the record can move somebody into the office.
#[test]
fn a_seal_is_of_where_it_was_said_and_with_which_proof() {
    let request = request();
    let from = |origin: Option<(&str, bool)>| {
        let Decider::Person { id, name, authentication, .. } = person("ben") else { panic!() };
        let origin = origin.map(|(address, mfa)| Origin { address: address.parse().unwrap(), mfa });
        let by = Decider::Person { id, name, authentication, origin };
        request.statement(0, &Approval::of(by, request.scope.hash())).unwrap()
    };
    let said = from(Some(("198.51.100.7", true)));
    assert_eq!(said, from(Some(("198.51.100.7", true))));
    assert_ne!(said, from(Some(("198.51.100.8", true))));
    assert_ne!(said, from(Some(("198.51.100.7", false))));
    assert_ne!(said, from(None));
}

proptest! {
    /// Whatever two approvers take away, nothing comes of it that was not asked, and something does.
    #[test]
    fn an_allowance_is_never_more_than_was_asked(
        lengths in prop::array::uniform2(prop::option::of(1_u32..90)),
        actions in prop::array::uniform2(prop::option::of(prop::sample::subsequence(
            vec![READ, SCAN, WRITE, "iam:CreateUser"], 0..=4,
        ))),
    ) {
        let mut request = request();
        for (who, (length, actions)) in ["ben", "bea"].iter().zip(lengths.into_iter().zip(actions)) {
            let _ = approve(&mut request, who, left(length, actions.as_deref()));
            let allowance = request.allowance();
            prop_assert!(allowance.duration <= request.scope.duration);
            prop_assert!(!allowance.access.actions().is_empty());
            prop_assert!(allowance.access.actions().is_subset(&request.scope.access.actions()));
            for permission in allowance.access.permissions() {
                let asked = request.scope.access.permissions().iter();
                let mut asked = asked.filter(|asked| asked.resources == permission.resources);
                prop_assert!(asked.any(|asked| permission.actions.is_subset(&asked.actions)));
            }
        }
    }
}
