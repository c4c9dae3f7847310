//! Whose yes it takes: so many, of those groups, in that order, and nobody twice.

use crate::fixtures::{at, pending, person, ruled, said_to, scope};
use proptest::prelude::*;
use std::collections::BTreeSet;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Given, NoRule, Standing};
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::transition::{Command, Event, GrantCommand, Refusal, Step};

fn step(need: u8, groups: &[&str], manager: bool) -> ApprovalStep {
    let groups = groups.iter().map(|name| name.parse().unwrap()).collect();
    ApprovalStep { need: need.try_into().unwrap(), groups, manager, ..ApprovalStep::default() }
}

fn rule(steps: &[ApprovalStep]) -> ApprovalRule {
    ApprovalRule::try_from(steps.to_vec()).unwrap()
}

fn under(steps: &[ApprovalStep]) -> AccessRequest {
    ruled(rule(steps))
}

fn member(groups: &[&str]) -> Standing {
    let groups = groups.iter().map(|name| name.parse().unwrap()).collect();
    Standing { groups, manages_the_requester: false }
}

fn manager() -> Standing {
    Standing { manages_the_requester: true, ..Standing::default() }
}

fn approve(name: &str, standing: Standing) -> Command {
    Command::Approve { approval: Approval::of(person(name), scope().hash()), standing }
}

/// What somebody's yes comes to, and the request after it.
fn says_yes(request: &mut AccessRequest, name: &str, standing: Standing) -> Result<Step, Refusal> {
    let said = request.decide(said_to(request, approve(name, standing)), at("10:01:00"));
    if let Ok(Step::Do(event)) = &said {
        *request = request.apply(event, at("10:01:00")).unwrap();
    }
    said
}

fn is_approved(request: &AccessRequest) -> bool {
    matches!(request.state, RequestState::Approved { .. })
}

#[test]
fn one_yes_is_enough_unless_the_rule_says_otherwise() {
    let mut request = pending();
    says_yes(&mut request, "ben", Standing::default()).unwrap();
    assert!(is_approved(&request));
}

#[test]
fn two_have_to_be_two_different_people() {
    let mut request = under(&[step(2, &["leads"], false)]);
    let first = says_yes(&mut request, "ben", member(&["leads"]));
    assert!(matches!(first, Ok(Step::Do(Event::ApprovalGiven { .. }))));
    assert_eq!(says_yes(&mut request, "ben", member(&["leads"])), Ok(Step::Already));
    assert!(!is_approved(&request));
    says_yes(&mut request, "cleo", member(&["leads"])).unwrap();
    assert!(is_approved(&request));
}

/// By the API and by the link of a mail.
#[test]
fn one_person_by_two_ways_is_one_person() {
    let mut request = under(&[step(2, &["leads"], false)]);
    says_yes(&mut request, "ben", member(&["leads"])).unwrap();
    let by = Decider::Person {
        id: "ben".parse().unwrap(),
        name: "Benjamin".to_owned(),
        authentication: Authentication::MailLink,
        origin: None,
    };
    assert_ne!(by, person("ben"));
    let again = Command::Approve { approval: Approval::of(by, scope().hash()), standing: member(&["leads"]) };
    assert_eq!(request.decide(again, at("10:02:00")), Ok(Step::Already));
}

#[test]
fn whoever_said_yes_in_one_step_counts_in_no_other() {
    let mut request = under(&[step(1, &["leads"], false), step(1, &["owners"], false)]);
    let both = || member(&["leads", "owners"]);
    says_yes(&mut request, "ben", both()).unwrap();
    assert_eq!(says_yes(&mut request, "ben", both()), Ok(Step::Already));
    assert!(!is_approved(&request));
    says_yes(&mut request, "cleo", both()).unwrap();
    assert!(is_approved(&request));
}

#[test]
fn a_step_is_not_open_before_the_one_before_it_is_complete() {
    let mut request = under(&[step(1, &["leads"], false), step(1, &["owners"], false)]);
    assert_eq!(says_yes(&mut request, "cleo", member(&["owners"])), Err(Refusal::NotAsked { step: 1 }));
    says_yes(&mut request, "ben", member(&["leads"])).unwrap();
    assert_eq!(says_yes(&mut request, "dora", member(&["leads"])), Err(Refusal::NotAsked { step: 2 }));
    says_yes(&mut request, "cleo", member(&["owners"])).unwrap();
    assert!(is_approved(&request));
}

#[test]
fn a_manager_counts_where_the_manager_is_asked_and_nowhere_else() {
    let mut request = under(&[step(1, &[], true), step(1, &["owners"], false)]);
    assert_eq!(says_yes(&mut request, "cleo", member(&["owners"])), Err(Refusal::NotAsked { step: 1 }));
    says_yes(&mut request, "iris", manager()).unwrap();
    assert_eq!(says_yes(&mut request, "ben", manager()), Err(Refusal::NotAsked { step: 2 }));
    let mut either = under(&[step(1, &["leads"], true)]);
    assert!(says_yes(&mut either.clone(), "ben", member(&["leads"])).is_ok());
    assert!(says_yes(&mut either, "iris", manager()).is_ok());
}

#[test]
fn whoever_asks_is_nobody_of_those_however_many_it_takes() {
    let mut request = under(&[step(2, &["leads"], false)]);
    assert_eq!(says_yes(&mut request, "ana", member(&["leads"])), Err(Refusal::SelfApproval));
    says_yes(&mut request, "ben", member(&["leads"])).unwrap();
    assert_eq!(says_yes(&mut request, "ana", member(&["leads"])), Err(Refusal::SelfApproval));
    assert!(!is_approved(&request));
}

#[test]
fn one_denial_is_enough_however_many_have_approved() {
    let mut request = under(&[step(2, &["leads"], false)]);
    says_yes(&mut request, "ben", member(&["leads"])).unwrap();
    let deny = Command::Deny { by: person("cleo"), comment: None };
    assert!(matches!(request.decide(deny, at("10:02:00")), Ok(Step::Do(Event::Denied { .. }))));
}

#[test]
fn others_are_to_be_asked_once_a_step_is_complete_and_not_again_after_that() {
    let mut request = under(&[step(2, &["leads"], false), step(1, &["owners"], false)]);
    let asked = |request: &AccessRequest, name: &str, step| {
        let approvers = BTreeSet::from([name.parse().unwrap()]);
        let event = Event::ApproversNotified { approvers, round: step };
        request.apply(&event, at("10:00:30")).unwrap()
    };
    request = asked(&request, "ben", 0);
    says_yes(&mut request, "ben", member(&["leads"])).unwrap();
    assert!(!request.has_others_to_ask());
    let far = request.due_at().unwrap();
    says_yes(&mut request, "cleo", member(&["leads"])).unwrap();
    assert!(request.has_others_to_ask());
    assert!(request.due_at().unwrap() < far, "somebody looks after it soon");
    // A message about the first step that comes late says nothing of the second.
    let late = asked(&request, "cleo", 0);
    assert!(late.has_others_to_ask());
    let request = asked(&request, "dora", 1);
    assert!(!request.has_others_to_ask());
    assert_eq!(request.due_at(), Some(far));
}

#[test]
fn a_record_that_says_approved_with_fewer_than_it_takes_gives_nothing() {
    let mut request = under(&[step(2, &["leads"], false), step(1, &["owners"], false)]);
    for (name, group) in [("ben", "leads"), ("cleo", "leads"), ("dora", "owners")] {
        says_yes(&mut request, name, member(&[group])).unwrap();
    }
    let begin = || Command::Grant(GrantCommand::BeginActivation);
    assert!(request.decide(begin(), at("10:02:00")).is_ok());
    let with = |change: &dyn Fn(&mut Vec<Given>)| {
        let mut tampered = request.clone();
        if let RequestState::Approved { earlier, .. } = &mut tampered.state {
            change(earlier);
        }
        tampered.decide(begin(), at("10:02:00"))
    };
    assert_eq!(with(&|earlier| drop(earlier.pop())), Err(Refusal::TooFewApproved));
    assert_eq!(with(&|earlier| earlier.clear()), Err(Refusal::TooFewApproved));
    let twice = |earlier: &mut Vec<Given>| earlier[1].approval.by = person("ben");
    assert_eq!(with(&twice), Err(Refusal::TooFewApproved));
    let last_again = |earlier: &mut Vec<Given>| earlier[1].approval.by = person("dora");
    assert_eq!(with(&last_again), Err(Refusal::TooFewApproved));
    let own = |earlier: &mut Vec<Given>| earlier[1].approval.by = person("ana");
    assert_eq!(with(&own), Err(Refusal::SelfApproval));
    let otherwise = |earlier: &mut Vec<Given>| {
        let mut other = scope();
        other.policy_version = "p2".to_owned();
        earlier[1].approval.scope_hash = other.hash();
    };
    assert_eq!(with(&otherwise), Err(Refusal::ScopeMismatch));
    let policy = |earlier: &mut Vec<Given>| {
        earlier[1].approval.by = Decider::Policy { policies: BTreeSet::from(["p".to_owned()]) };
    };
    assert_eq!(with(&policy), Err(Refusal::TooFewApproved));
}

#[test]
fn policy_that_approves_at_once_asks_nobody() {
    let request = under(&[step(2, &["leads"], false)]);
    let by = Decider::Policy { policies: BTreeSet::from(["at-once".to_owned()]) };
    let approval = Approval::of(by, request.scope.hash());
    let approved = request.apply(&Event::Approved { approval }, at("10:01:00")).unwrap();
    assert!(approved.decide(Command::Grant(GrantCommand::BeginActivation), at("10:02:00")).is_ok());
}

#[test]
fn a_rule_that_nobody_could_follow_is_none() {
    let rule = |steps: &[ApprovalStep]| ApprovalRule::try_from(steps.to_vec());
    assert_eq!(rule(&[]), Err(NoRule::Empty));
    assert_eq!(rule(&vec![step(1, &[], false); 6]), Err(NoRule::TooManySteps));
    assert!(rule(&vec![step(1, &[], false); 5]).is_ok());
    assert_eq!(rule(&[step(6, &["leads"], false)]), Err(NoRule::TooManyPeople));
    assert!(rule(&[step(5, &["leads"], false)]).is_ok());
    assert_eq!(rule(&[step(2, &[], true)]), Err(NoRule::OneManager));
    assert!(rule(&[step(2, &["leads"], true)]).is_ok());
    assert_eq!(rule(&[step(1, &[], true), step(1, &[], true)]), Err(NoRule::OneManager));
    assert!(serde_json::from_str::<ApprovalRule>("[]").is_err(), "nor can it be read");
}

/// As a record of today reads it that was written before there were rules.
#[test]
fn a_record_without_a_rule_is_one_that_a_single_person_decides() {
    let mut record = serde_json::to_value(pending()).unwrap();
    assert!(record.as_object().unwrap().get("rule").is_none());
    record["state"] = serde_json::json!({ "state": "PENDING", "notified": ["ben"] });
    let mut request: AccessRequest = serde_json::from_value(record).unwrap();
    assert!(!request.has_others_to_ask());
    says_yes(&mut request, "ben", Standing::default()).unwrap();
    assert!(is_approved(&request));
}

const NAMES: [&str; 6] = ["ana", "ben", "cleo", "dora", "eva", "iris"];
const GROUPS: [&str; 3] = ["leads", "owners", "officers"];

fn any_step() -> impl Strategy<Value = ApprovalStep> {
    (1u8..4, prop::sample::subsequence(&GROUPS[..], 0..3), any::<bool>()).prop_map(
        |(need, groups, manager)| {
            let need = if groups.is_empty() && manager { 1 } else { need };
            step(need, &groups, manager)
        },
    )
}

fn any_rule() -> impl Strategy<Value = ApprovalRule> {
    let fits = |steps: Vec<ApprovalStep>| ApprovalRule::try_from(steps).ok();
    prop::collection::vec(any_step(), 1..4).prop_filter_map("a rule that can be", fits)
}

proptest! {
    /// Whatever is said in whichever order: it is approved when, and only when, step after step has had as many
    /// different people as it takes, each of whom counts in it, and never the requester. Counted anew from the names.
    #[test]
    fn it_is_approved_exactly_when_every_step_has_had_its_people(
        rule in any_rule(),
        standings in prop::collection::vec(prop::sample::subsequence(&GROUPS[..], 0..4), NAMES.len()),
        voices in prop::collection::vec(0..NAMES.len(), 0..24),
    ) {
        let mut request = ruled(rule.clone());
        let standing = |who: usize| Standing {
            manages_the_requester: NAMES[who] == "iris",
            ..member(&standings[who])
        };
        let (mut counted, mut open, mut here): (BTreeSet<usize>, usize, u8) = (BTreeSet::new(), 0, 0);
        for who in voices {
            let Some(step) = rule.steps().get(open) else { break };
            let says = standing(who);
            let counts = NAMES[who] != "ana" && !counted.contains(&who)
                && ((step.groups.is_empty() && !step.manager)
                    || step.groups.iter().any(|group| says.groups.contains(group))
                    || (step.manager && says.manages_the_requester));
            if counts {
                counted.insert(who);
                here += 1;
                if here == step.need.get() {
                    (open, here) = (open + 1, 0);
                }
            }
            let said = says_yes(&mut request, NAMES[who], says);
            prop_assert_eq!(matches!(said, Ok(Step::Do(_))), counts);
            prop_assert_eq!(is_approved(&request), open == rule.steps().len());
        }
        let begin = request.decide(Command::Grant(GrantCommand::BeginActivation), at("10:02:00"));
        prop_assert_eq!(begin.is_ok(), open == rule.steps().len());
    }
}
