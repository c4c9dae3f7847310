//! What follows from having had access without asking.

use crate::fixtures::{ana, at, every_state, scope};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use stint_domain::principal::Authentication;
use stint_domain::request::{AccessRequest, Approval, Decider, RequestState};
use stint_domain::review::{Finding, ReviewState, ReviewTerms, Reviewed};
use stint_domain::scope::Scope;
use stint_domain::transition::{Command, Event, Refusal, Step};

/// What ana's request would be in this state if she had not asked anybody; to be reviewed within a day, from 10:01.
pub(crate) fn emergency(name: &str) -> AccessRequest {
    let (_, request) = every_state().into_iter().find(|(state, _)| *state == name).unwrap();
    let reviewers = ["officers".parse().unwrap()].into();
    let terms = ReviewTerms { reviewers, within: "24h".parse().unwrap() };
    let scope = Scope { break_glass: Some(terms), ..request.scope };
    let by = Decider::Policy { policies: ["emergency".to_owned()].into() };
    let RequestState::Approved { approved_at, grant, .. } = request.state else { unreachable!("{name}") };
    let state = RequestState::Approved {
        approval: Approval::of(by, scope.hash()).into(),
        earlier: Vec::new(),
        turns: Vec::new(),
        approved_at,
        grant,
    };
    AccessRequest { scope, state, ..request }
}

pub(crate) fn review(by: &str, finding: Finding) -> Command {
    let by = by.parse().unwrap();
    let (name, comment) = ("Somebody".to_owned(), "looked at it".parse().unwrap());
    let authentication = Authentication::Token;
    Command::Review { reviewed: Reviewed { by, name, authentication, finding, comment } }
}

fn told(round: u32) -> Command {
    Command::NoteTold { reviewers: ["gita".parse().unwrap()].into(), round }
}

fn done(request: &AccessRequest, command: Command, now: Timestamp) -> AccessRequest {
    match request.decide(command, now) {
        Ok(Step::Do(event)) => request.apply(&event, now).unwrap(),
        other => unreachable!("{other:?}"),
    }
}

fn days(days: i64, after: Timestamp) -> Timestamp {
    after.checked_add(SignedDuration::from_hours(24 * days)).unwrap()
}

const JUSTIFIED: Finding = Finding::Justified;

#[test]
fn an_emergency_is_over_only_once_somebody_else_has_reviewed_it() {
    let ended = emergency("ended");
    assert!(ended.awaits_review() && !ended.is_final());
    let reviewed = done(&ended, review("gita", JUSTIFIED), at("11:00:00"));
    assert!(!reviewed.awaits_review() && reviewed.is_final());
    assert_eq!(reviewed.due_at(), None);
    let (_, asked) = every_state().into_iter().find(|(name, _)| *name == "ended").unwrap();
    assert!(asked.is_final() && !asked.awaits_review(), "what was asked for needs no review");
}

#[test]
fn nobody_reviews_what_they_have_taken_themselves() {
    let ended = emergency("ended");
    let now = at("11:00:00");
    assert_eq!(ended.decide(review(ana().as_str(), JUSTIFIED), now), Err(Refusal::SelfReview));
    assert!(matches!(ended.decide(review("gita", JUSTIFIED), now), Ok(Step::Do(Event::Reviewed { .. }))));
}

#[test]
fn what_is_not_over_is_not_reviewed_and_what_never_began_is() {
    for (state, over) in [
        ("scheduled", false),
        ("activating, first attempt", false),
        ("active", false),
        ("deactivating", false),
        ("removal failed", false),
        ("ended", true),
        ("ended, sessions blocked", true),
        ("forced", true),
        ("activation failed", true),
    ] {
        let answer = emergency(state).decide(review("gita", JUSTIFIED), at("11:00:00"));
        assert_eq!(answer.is_ok(), over, "{state}: {answer:?}");
        assert!(over || answer == Err(Refusal::NotOver), "{state}");
    }
}

#[test]
fn what_was_asked_for_is_nothing_to_review() {
    let (_, ended) = every_state().into_iter().find(|(name, _)| *name == "ended").unwrap();
    let now = at("11:00:00");
    assert_eq!(ended.decide(review("gita", JUSTIFIED), now), Err(Refusal::NoReview));
    assert_eq!(ended.decide(told(1), now), Ok(Step::Already));
    assert_eq!(ended.decide(Command::ReportUnreviewed, days(9, now)), Ok(Step::Already));
}

#[test]
fn what_somebody_has_found_stands() {
    let closed = done(&emergency("ended"), review("gita", JUSTIFIED), at("11:00:00"));
    let again = |by, finding| closed.decide(review(by, finding), at("11:05:00"));
    assert_eq!(again("gita", JUSTIFIED), Ok(Step::Already), "the same again");
    assert_eq!(again("gita", Finding::Unjustified), Err(Refusal::Reviewed));
    assert_eq!(again("hugo", JUSTIFIED), Err(Refusal::Reviewed));
}

#[test]
fn a_round_of_mails_to_the_reviewers_goes_out_once() {
    let active = emergency("active");
    assert_eq!(active.reviewers_to_tell(), Some(1));
    let after = done(&active, told(1), at("10:05:00"));
    assert_eq!(after.reviewers_to_tell(), None);
    assert_eq!(after.decide(told(1), at("10:06:00")), Ok(Step::Already));
}

#[test]
fn a_review_that_nobody_closes_is_reported_after_its_time_and_every_day_from_then_on() {
    let ended = done(&emergency("ended"), told(1), at("10:35:00"));
    let late = days(1, at("10:01:00"));
    assert_eq!(ended.review_by(), Some(late));
    assert_eq!(ended.due_at(), Some(late));
    let just_before = late.checked_sub(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(ended.decide(Command::ReportUnreviewed, just_before), Ok(Step::Already));
    let mut overdue = ended;
    for times in 1..=3_u32 {
        let now = days(i64::from(times) - 1, late);
        overdue = done(&overdue, Command::ReportUnreviewed, now);
        assert_eq!(overdue.review.state, ReviewState::Overdue { times, at: now });
        assert_eq!(overdue.decide(Command::ReportUnreviewed, now), Ok(Step::Already), "once a day");
        assert_eq!(overdue.reviewers_to_tell(), Some(times + 1), "with a round of mails");
        overdue = done(&overdue, told(times + 1), now);
        assert_eq!(overdue.due_at(), Some(days(1, now)));
    }
    let closed = done(&overdue, review("gita", Finding::Unjustified), days(5, late));
    assert_eq!(closed.decide(Command::ReportUnreviewed, days(9, late)), Ok(Step::Already));
    assert!(closed.is_final());
}

#[test]
fn whoever_was_not_told_is_due_to_be_told_soon_and_the_end_of_the_access_is_not_held_up_by_it() {
    let active = emergency("active");
    assert_eq!(active.review_due_at(), Some(at("10:01:15")));
    assert_eq!(active.access_due_at(), Some(at("10:32:15")));
    assert_eq!(active.due_at(), Some(at("10:01:15")));
    let after = done(&active, told(1), at("10:05:00"));
    assert_eq!(after.due_at(), Some(at("10:32:15")));
}

#[test]
fn on_what_terms_it_was_had_is_under_the_hash_that_the_approval_is_bound_to() {
    let mut forged = emergency("scheduled");
    let terms = forged.scope.break_glass.as_mut().unwrap();
    terms.reviewers = ["friends".parse().unwrap()].into();
    assert_ne!(forged.scope.hash(), scope().hash());
    let begin = Command::Grant(stint_domain::transition::GrantCommand::BeginActivation);
    assert_eq!(forged.decide(begin.clone(), at("10:02:00")), Err(Refusal::ScopeMismatch));
    assert!(emergency("scheduled").decide(begin, at("10:02:00")).is_ok());
}

#[test]
fn what_becomes_of_a_review_changes_nothing_about_the_access() {
    let commands = [told(1), review("gita", JUSTIFIED)];
    for command in commands {
        let ended = emergency("ended");
        let after = done(&ended, command, at("11:00:00"));
        assert_eq!((after.state, after.scope), (ended.state, ended.scope));
    }
    let nobody: BTreeSet<_> = BTreeSet::new();
    let event = Event::ReviewersTold { reviewers: nobody, round: 1 };
    let (_, asked) = every_state().into_iter().find(|(name, _)| *name == "ended").unwrap();
    assert_eq!(asked.apply(&event, at("11:00:00")), None, "what was asked for has no review");
}
