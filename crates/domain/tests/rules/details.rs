//! Details of decisions that whole journeys pass by: each of these was once changed without any other test of this crate
//! noticing.

use crate::fixtures::{at, every_state, pending, person, receipt, ruled, said_to, scope};
use crate::reviews::emergency;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Escalation, Standing, TurnKind};
use stint_domain::due::GRACE_SECONDS;
use stint_domain::grant::{EndedBy, Evidence, GrantState, Receipt, RemovalReason};
use stint_domain::ids::{GroupName, PrincipalId};
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::seal::Seal;
use stint_domain::transition::{Command, EndCause, Event, GrantCommand, Refusal, Step};

const GRACE: SignedDuration = SignedDuration::from_secs(GRACE_SECONDS);

fn state(name: &str) -> AccessRequest {
    every_state().into_iter().find(|(known, _)| *known == name).unwrap().1
}

fn done(request: &AccessRequest, command: Command, now: Timestamp) -> AccessRequest {
    match request.decide(said_to(request, command), now) {
        Ok(Step::Do(event)) => request.apply(&event, now).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn end(cause: EndCause) -> Command {
    Command::Grant(GrantCommand::End(cause))
}

#[test]
fn an_end_is_put_down_to_its_cause_and_to_the_window_only_once_that_is_over() {
    use EndCause as Cause;
    let put_down = |cause: Cause, time: &str| {
        let ended = done(&state("active"), end(cause), at(time));
        let Some(GrantState::Deactivating { removal }) = ended.grant() else { panic!("{ended:?}") };
        let RemovalReason::Ended { ended_by, .. } = &removal.why else { panic!("{removal:?}") };
        *ended_by
    };
    let ineligible = [
        Cause::Ineligible,
        Cause::SponsorGone,
        Cause::ContractOver,
        Cause::ApproverIneligible,
        Cause::NotSealed,
        Cause::NotApprovedByPolicy,
    ];
    for time in ["10:10:00", "10:33:00"] {
        assert_eq!(put_down(Cause::Returned, time), EndedBy::Returned);
        assert_eq!(put_down(Cause::NothingToExtend, time), EndedBy::Expired);
        for cause in ineligible {
            assert_eq!(put_down(cause, time), EndedBy::Ineligible, "{cause:?}");
        }
    }
    for cause in [Cause::Revoked, Cause::WorkflowEnded] {
        assert_eq!(
            (put_down(cause, "10:10:00"), put_down(cause, "10:33:00")),
            (EndedBy::Revoked, EndedBy::Expired)
        );
    }
    for cause in [Cause::WindowOver, Cause::Overdue] {
        assert_eq!(put_down(cause, "10:33:00"), EndedBy::Expired);
    }
}

#[test]
fn a_review_that_is_late_is_looked_at_again_from_when_that_was_found() {
    let late =
        done(&emergency("ended"), Command::ReportUnreviewed, at("10:01:00") + SignedDuration::from_hours(24));
    let found = at("10:01:00") + SignedDuration::from_hours(24);
    let told = Command::NoteTold { reviewers: ["gita".parse().unwrap()].into(), round: 2 };
    assert_eq!(late.due_at(), Some(found + GRACE), "its reviewers have to be told of it");
    assert_eq!(done(&late, told, found).due_at(), Some(found + SignedDuration::from_hours(24)));
}

#[test]
fn reviewers_are_noted_as_told_for_a_round_to_come_and_for_none_before() {
    let open = emergency("active");
    let told = |round| Command::NoteTold { reviewers: ["gita".parse().unwrap()].into(), round };
    assert_eq!(open.decide(told(0), at("10:05:00")), Ok(Step::Already));
    let once = done(&open, told(1), at("10:05:00"));
    assert_eq!(once.decide(told(1), at("10:06:00")), Ok(Step::Already));
    let late = done(&once, Command::ReportUnreviewed, at("10:01:00") + SignedDuration::from_hours(24));
    assert_eq!(
        late.decide(told(1), at("10:06:00")),
        Ok(Step::Already),
        "the mail of the round before came twice"
    );
    assert!(matches!(
        late.decide(told(2), at("10:06:00")),
        Ok(Step::Do(Event::ReviewersTold { round: 2, .. }))
    ));
}

#[test]
fn what_says_nothing_of_a_review_is_written_without_one() {
    let written = |request: &AccessRequest| serde_json::to_value(request).unwrap();
    assert!(written(&pending()).get("review").is_none());
    let told = Command::NoteTold { reviewers: ["gita".parse().unwrap()].into(), round: 1 };
    assert!(written(&done(&emergency("active"), told, at("10:05:00"))).get("review").is_some());
}

#[test]
fn names_hashes_and_seals_are_shown_as_they_are() {
    assert_eq!(person("ben").name(), "ben");
    assert_eq!(Decider::Policy { policies: BTreeSet::new() }.name(), "policy");
    let hash = scope().hash();
    assert_eq!(serde_json::to_value(&hash).unwrap(), hash.as_str());
    assert_eq!(hash.as_str().len(), 64);
    assert_eq!(Seal::new("a mark".to_owned()).as_str(), "a mark");
}

fn groups(names: &[&str]) -> BTreeSet<GroupName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn member(group: &str) -> Standing {
    Standing { groups: groups(&[group]), manages_the_requester: false }
}

fn yes(name: &str, group: &str) -> Command {
    Command::Approve { approval: Approval::of(person(name), scope().hash()), standing: member(group) }
}

/// Two leads, whom officers may stand in for after an hour, and whom nobody waits for after two; then an owner.
fn in_two_steps() -> AccessRequest {
    let leads = ApprovalStep {
        need: std::num::NonZero::new(2).unwrap(),
        groups: groups(&["leads"]),
        remind_every: Some("30m".parse().unwrap()),
        escalate: Some(Escalation { after: "1h".parse().unwrap(), groups: groups(&["officers"]) }),
        skip_after: Some("2h".parse().unwrap()),
        ..ApprovalStep::default()
    };
    let owner = ApprovalStep {
        groups: groups(&["owners"]),
        remind_every: Some("30m".parse().unwrap()),
        ..ApprovalStep::default()
    };
    ruled(ApprovalRule::try_from(vec![leads, owner]).unwrap())
}

fn people(names: &[&str]) -> BTreeSet<PrincipalId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn notified(names: &[&str], round: usize) -> Command {
    Command::NoteNotified { approvers: people(names), round }
}

/// All turns that are due by then, at that time.
fn waited(mut request: AccessRequest, time: &str) -> AccessRequest {
    while let Ok(Step::Do(event @ Event::Waited { .. })) = request.decide(Command::Wait, at(time)) {
        request = request.apply(&event, at(time)).unwrap();
    }
    request
}

#[test]
fn an_escalation_adds_those_who_count_and_takes_none_away() {
    let asked =
        |request: &AccessRequest| request.progress().unwrap().groups().cloned().collect::<BTreeSet<_>>();
    let request = in_two_steps();
    assert_eq!(asked(&request), groups(&["leads"]));
    assert_eq!(asked(&waited(request, "11:00:00")), groups(&["leads", "officers"]));
}

#[test]
fn whoever_was_asked_stays_asked_however_often_mails_go_out() {
    let once = done(&in_two_steps(), notified(&["lea", "leo"], 0), at("10:00:10"));
    let twice = done(&once, notified(&["lea", "max"], 0), at("10:00:20"));
    let RequestState::Pending(consultation) = &twice.state else { panic!() };
    assert_eq!(consultation.notified, people(&["lea", "leo", "max"]));
    assert!(serde_json::to_value(&twice).unwrap().to_string().contains(r#""notified""#));
    assert!(
        !serde_json::to_value(&twice).unwrap().to_string().contains(r#""asked""#),
        "the first round is written as none"
    );
    let reminded = done(&waited(twice, "10:30:00"), notified(&["lea"], 1), at("10:30:10"));
    assert!(serde_json::to_value(&reminded).unwrap().to_string().contains(r#""asked":1"#));
}

#[test]
fn a_reminder_and_an_escalation_begin_a_round_of_mails_and_so_does_a_step_and_nothing_twice() {
    let request = in_two_steps();
    assert_eq!(request.round(), 0);
    assert_eq!(waited(request.clone(), "10:30:00").round(), 1, "a reminder");
    assert_eq!(waited(request.clone(), "11:00:00").round(), 2, "and an escalation");
    let skipped = waited(request, "12:00:00");
    assert_eq!(skipped.progress().unwrap().number, 1);
    let RequestState::Pending(consultation) = &skipped.state else { panic!() };
    let mails = consultation.turns.iter().filter(|turn| turn.kind != TurnKind::Skipped).count();
    assert_eq!(skipped.round(), 1 + mails, "the step itself, and not that the one before was passed over");
}

/// Nobody is reminded of a step by a clock that began in the step before.
#[test]
fn a_step_waits_from_when_it_was_opened_by_a_yes_or_by_passing_over_the_one_before() {
    let first = done(&in_two_steps(), yes("lea", "leads"), at("10:10:00"));
    let second = done(&first, yes("leo", "leads"), at("10:20:00"));
    assert_eq!(second.next_turn().unwrap().at, at("10:50:00"));
    assert_eq!(first.next_turn().unwrap().at, at("10:30:00"), "a yes within the step opens nothing");
    let skipped = waited(in_two_steps(), "12:00:00");
    assert_eq!(skipped.next_turn().unwrap().at, at("12:30:00"));
}

/// The workflow is given a moment from the last change before reconcile steps in.
#[test]
fn a_request_with_others_to_ask_is_due_from_what_opened_their_step() {
    let asked = done(&in_two_steps(), notified(&["lea", "leo"], 0), at("10:00:10"));
    let first = done(&asked, yes("lea", "leads"), at("10:10:00"));
    let second = done(&first, yes("leo", "leads"), at("10:20:00"));
    assert_eq!(second.due_at(), Some(at("10:20:00") + GRACE));
}

/// Or nobody could check it any more.
#[test]
fn a_yes_of_a_step_that_was_passed_over_later_says_what_it_said() {
    let approval = Approval::of(person("lea"), scope().hash());
    let first = done(&in_two_steps(), yes("lea", "leads"), at("10:10:00"));
    let skipped = waited(first.clone(), "13:00:00");
    assert_eq!(skipped.progress().unwrap().number, 1, "passed over");
    assert_eq!(first.statement(0, &approval), skipped.statement(0, &approval));
    assert_ne!(first.statement(1, &approval), skipped.statement(1, &approval));
    // A reminder in an earlier step passes nothing over.
    let reminded = waited(in_two_steps(), "10:30:00");
    assert_eq!(in_two_steps().statement(1, &approval), reminded.statement(1, &approval));
}

#[test]
fn each_failure_of_a_removal_is_counted_and_what_was_taken_is_remembered() {
    let fail = |taken| {
        let error = "throttled".to_owned();
        Command::Grant(GrantCommand::ReportRemovalFailure { error, taken })
    };
    let mut request = state("deactivating");
    for count in 1..=3_u32 {
        request = done(&request, fail(count == 2), at("10:33:00"));
        let Some(GrantState::RemovalFailed { removal, .. }) = request.grant() else { panic!() };
        assert_eq!((removal.failures, removal.taken), (count, count == 2));
        request = done(&request, Command::Grant(GrantCommand::RetryRemoval), at("10:34:00"));
    }
}

#[test]
fn what_holds_sessions_off_is_lifted_of_a_failed_activation_as_well() {
    let until = at("10:45:00");
    let seen_at = |time| Receipt { at: at(time), ..receipt() };
    let blocked = |name: &str| {
        let evidence = Evidence::Blocked { receipt: seen_at("10:40:00"), until };
        done(&state(name), Command::Grant(GrantCommand::ConfirmRemoval(evidence)), at("10:40:00"))
    };
    for name in ["deactivating", "deactivating, failed activation"] {
        let held = blocked(name);
        assert!(!held.is_final() && held.grant().unwrap().may_be_at_target(), "{name}");
        let gone = Evidence::Gone(seen_at("10:46:00"));
        let lifted = done(&held, Command::Grant(GrantCommand::ConfirmRemoval(gone)), at("10:46:00"));
        assert_eq!((lifted.grant().unwrap().name(), lifted.is_final()), (held.grant().unwrap().name(), true));
    }
}

#[test]
fn a_target_is_not_dated_anew_once_the_window_is_over() {
    let moving = state("active, extended by 30 minutes, target not dated yet");
    let begin = || Command::Grant(GrantCommand::BeginActivation);
    assert!(matches!(moving.decide(begin(), at("11:01:59")), Ok(Step::Do(_))));
    assert_eq!(moving.decide(begin(), at("11:02:00")), Err(Refusal::WindowOver));
}

#[test]
fn what_somebody_changed_at_the_target_is_noted_once_and_another_change_again() {
    let note = |what: &str| Command::Grant(GrantCommand::NoteAltered { what: what.to_owned() });
    let noted = done(&state("active"), note("the policy is gone"), at("10:05:00"));
    assert_eq!(noted.decide(note("the policy is gone"), at("10:06:00")), Ok(Step::Already));
    assert!(matches!(noted.decide(note("it allows more"), at("10:06:00")), Ok(Step::Do(_))));
}

/// The first attempt says itself that it is over; of several, one may still be on its way.
#[test]
fn a_single_attempt_that_failed_is_settled_at_once_and_of_several_not_before_the_last_can_be_over() {
    let settles = |name: &str| {
        let abandon = Command::Grant(GrantCommand::AbandonActivation { reason: "no such user".to_owned() });
        let abandoned = done(&state(name), abandon, at("10:02:01"));
        let Some(GrantState::Deactivating { removal }) = abandoned.grant() else { panic!("{abandoned:?}") };
        removal.settles_at
    };
    assert_eq!(settles("activating, first attempt"), at("10:02:01"));
    assert!(settles("activating, second attempt") > at("10:02:01"));
}

#[test]
fn a_grant_whose_time_is_to_come_waits_for_the_second_it_begins_in_and_no_longer() {
    let request = state("scheduled");
    let scope = stint_domain::scope::Scope { starts_at: Some(at("12:00:00")), ..request.scope.clone() };
    let later = AccessRequest { scope, ..request };
    assert_eq!(later.decide(end(EndCause::WindowOver), at("11:59:59")), Err(Refusal::WindowOpen));
    assert!(matches!(later.decide(end(EndCause::WindowOver), at("12:00:00")), Ok(Step::Do(_))));
}

#[test]
fn as_many_people_are_missing_as_the_open_step_and_those_after_it_still_need() {
    let mut request = in_two_steps();
    assert_eq!(request.people_missing(), 3);
    for (who, group, missing) in [("lea", "leads", 2), ("leo", "leads", 1), ("ole", "owners", 0)] {
        request = done(&request, yes(who, group), at("10:10:00"));
        assert_eq!(request.people_missing(), missing, "after {who}");
    }
}

#[test]
fn others_may_be_asked_later_while_an_escalation_or_the_end_of_the_step_is_to_come() {
    let request = in_two_steps();
    assert!(request.may_ask_others_later());
    assert!(waited(request.clone(), "11:00:00").may_ask_others_later(), "it is passed over at twelve");
    assert!(!waited(request, "12:00:00").may_ask_others_later(), "reminders bring nobody new");
    assert!(!pending().may_ask_others_later());
}

#[test]
fn a_turn_is_taken_when_it_is_found_to_be_due_and_none_once_the_time_to_decide_is_over() {
    let request = in_two_steps();
    let step = request.decide(Command::Wait, at("10:31:00"));
    let Ok(Step::Do(Event::Waited { turn })) = step else { panic!("{step:?}") };
    assert_eq!(turn.at, at("10:31:00"), "and not when it was due");
    assert!(matches!(request.decide(Command::Wait, at("17:59:59")), Ok(Step::Do(_))));
    assert_eq!(request.decide(Command::Wait, at("18:00:00")), Ok(Step::Already));
}
