//! Who is told that a request is settled: everybody who had a mail about it and did not decide, once.

use crate::fixtures::{at, pending, person, ruled, said_to, scope};
use jiff::Timestamp;
use std::collections::BTreeSet;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Standing};
use stint_domain::ids::PrincipalId;
use stint_domain::request::{AccessRequest, Approval};
use stint_domain::transition::{Command, EndCause, Event, GrantCommand, LapseReason, Step};

fn people<const N: usize>(names: [&str; N]) -> BTreeSet<PrincipalId> {
    names.into_iter().map(|name| name.parse().unwrap()).collect()
}

fn done(request: &AccessRequest, command: Command, now: Timestamp) -> AccessRequest {
    match request.decide(said_to(request, command), now) {
        Ok(Step::Do(event)) => request.apply(&event, now).unwrap(),
        other => unreachable!("{other:?}"),
    }
}

/// Two have to approve; Ben, Bea and Cleo have a mail, Cleo since a later round.
fn asked() -> AccessRequest {
    let step = ApprovalStep { need: 2.try_into().unwrap(), ..ApprovalStep::default() };
    let two = ruled(ApprovalRule::try_from(vec![step]).unwrap());
    let note = |approvers, round| Command::NoteNotified { approvers, round };
    let first = done(&two, note(people(["ben", "bea"]), 0), at("10:00:30"));
    done(&first, note(people(["cleo"]), 1), at("10:00:40"))
}

fn approve(name: &str) -> Command {
    let approval = Approval::of(person(name), scope().hash());
    Command::Approve { approval, standing: Standing::default() }
}

fn deny(name: &str) -> Command {
    Command::Deny { by: person(name), comment: None }
}

fn lapse() -> Command {
    Command::Lapse { because: LapseReason::NobodyDecidedInTime }
}

fn told<const N: usize, const M: usize>(approvers: [&str; N], unreached: [&str; M]) -> Command {
    Command::NoteSettledTold { approvers: people(approvers), unreached: people(unreached) }
}

#[test]
fn whoever_had_a_mail_and_did_not_decide_is_to_be_told_and_whoever_decided_is_not() {
    let half = done(&asked(), approve("ben"), at("10:01:00"));
    assert!(half.untold.is_empty() && half.settled_at().is_none(), "nothing is settled");
    let settled = |before: &AccessRequest, command| done(before, command, at("10:05:00")).untold;
    assert_eq!(settled(&half, approve("bea")), people(["cleo"]));
    assert_eq!(settled(&half, deny("cleo")), people(["bea"]), "who had approved has acted");
    assert_eq!(settled(&asked(), deny("ben")), people(["bea", "cleo"]));
    assert_eq!(settled(&half, Command::Cancel), people(["bea", "cleo"]));
    assert_eq!(settled(&half, lapse()), people(["bea", "cleo"]));
    assert_eq!(settled(&pending(), deny("ben")), people([]), "nobody had a mail");
    let decided =
        |command, who: &str| done(&half, command, at("10:05:00")).was_decided_by(&who.parse().unwrap());
    assert_eq!(["ben", "bea", "cleo"].map(|who| decided(approve("bea"), who)), [true, true, false]);
    assert_eq!(["cleo", "ana"].map(|who| decided(deny("cleo"), who)), [true, false]);
}

#[test]
fn it_is_due_at_once_and_what_is_not_told_is_not_final() {
    let denied = done(&asked(), deny("ben"), at("10:05:00"));
    assert_eq!((denied.due_at(), denied.access_due_at()), (Some(at("10:05:00")), None));
    assert!(!denied.is_final());
    let after = done(&denied, told(["bea", "cleo"], []), at("10:05:30"));
    assert_eq!((after.due_at(), after.is_final()), (None, true));
    assert_eq!(after.state, denied.state);
}

#[test]
fn everybody_is_told_once_and_those_who_take_no_mail_count_as_tried() {
    let denied = done(&asked(), deny("ben"), at("10:05:00"));
    assert_eq!(denied.decide(told(["ben"], []), at("10:05:30")), Ok(Step::Already), "he decided");
    let some = done(&denied, told(["bea"], []), at("10:05:30"));
    assert_eq!(some.untold, people(["cleo"]), "she has still to hear of it");
    assert_eq!(some.decide(told(["bea"], []), at("10:05:31")), Ok(Step::Already));
    let all = done(&some, told([], ["cleo"]), at("10:06:30"));
    assert!(all.untold.is_empty());
    assert_eq!(all.decide(told([], ["cleo"]), at("10:06:31")), Ok(Step::Already));
}

#[test]
fn nobody_is_told_that_something_is_settled_which_is_not() {
    let command = told(["ben"], []);
    assert_eq!(asked().decide(command, at("10:05:00")), Ok(Step::Already));
    let event = Event::SettledTold { approvers: people(["ben"]), unreached: people([]) };
    assert_eq!(asked().apply(&event, at("10:05:00")), None);
    let denied = done(&asked(), deny("ben"), at("10:05:00"));
    assert!(denied.apply(&event, at("10:05:00")).is_some());
}

#[test]
fn it_is_tried_for_an_hour_and_who_could_not_be_told_stands_on_record() {
    let denied = done(&asked(), deny("ben"), at("10:05:00"));
    assert_eq!(denied.decide(Command::GiveUpTelling, at("11:04:59")), Ok(Step::Already));
    let unreached = people(["bea", "cleo"]);
    let given_up = Event::SettledTold { approvers: people([]), unreached };
    assert_eq!(denied.decide(Command::GiveUpTelling, at("11:05:00")), Ok(Step::Do(given_up)));
    let after = done(&denied, Command::GiveUpTelling, at("11:05:00"));
    assert!(after.is_final());
    assert_eq!(after.decide(Command::GiveUpTelling, at("11:06:00")), Ok(Step::Already));
}

#[test]
fn access_begins_and_ends_whether_or_not_anybody_was_told() {
    let half = done(&asked(), approve("ben"), at("10:01:00"));
    let mut given = done(&half, approve("bea"), at("10:02:00"));
    let window = [
        GrantCommand::BeginActivation,
        GrantCommand::ConfirmActivation,
        GrantCommand::End(EndCause::Returned),
    ];
    for command in window {
        given = done(&given, Command::Grant(command), at("10:03:00"));
    }
    assert_eq!(given.grant().unwrap().name(), "DEACTIVATING");
    assert_eq!(given.untold, people(["cleo"]), "and she is still to be told");
    let late = done(&given, told(["cleo"], []), at("10:04:00"));
    assert_eq!(late.state, given.state);
}

#[test]
fn a_request_that_was_settled_before_this_was_kept_has_nobody_to_tell() {
    let denied = done(&asked(), deny("ben"), at("10:05:00"));
    let mut stored = serde_json::to_value(&denied).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("untold").is_some());
    let old: AccessRequest = serde_json::from_value(stored).unwrap();
    assert!(old.untold.is_empty() && old.is_final());
    let waiting = serde_json::to_value(asked()).unwrap();
    assert_eq!(waiting.get("untold"), None, "and while it waits the record is as it was");
}
