//! An extension: its time goes over to the grant that it extends, and the target is dated anew.

use crate::fixtures::{another, at, every_state, extension, receipt, scope};
use jiff::Timestamp;
use stint_domain::duration::LONGEST_SECONDS;
use stint_domain::grant::{Evidence, GrantState, Receipt};
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::{Command, EndCause, GrantCommand, Refusal, Step};

/// Until 10:32.
fn active() -> AccessRequest {
    every_state().into_iter().find(|(name, _)| *name == "active").unwrap().1
}

fn go(request: &mut AccessRequest, command: GrantCommand, now: Timestamp) -> Result<(), Refusal> {
    if let Step::Do(event) = request.decide(Command::Grant(command), now)? {
        *request = request.apply(&event, now).expect("what is decided applies");
    }
    Ok(())
}

fn extend(duration: &str) -> GrantCommand {
    GrantCommand::Extend { by: another(), duration: duration.parse().unwrap() }
}

fn ends_at(request: &AccessRequest) -> Timestamp {
    request.grant().and_then(GrantState::window).unwrap().ends_at()
}

#[test]
fn every_extension_adds_to_the_end_whenever_it_comes() {
    let mut request = active();
    go(&mut request, extend("30m"), at("10:05:00")).unwrap();
    go(&mut request, extend("1h"), at("10:59:59")).unwrap();
    assert_eq!(ends_at(&request), at("12:02:00"));
    assert_eq!(go(&mut request, extend("1h"), at("12:02:00")), Err(Refusal::WindowOver));
}

#[test]
fn access_may_end_at_its_later_end_only_once_it_is_extended() {
    let over = || GrantCommand::End(EndCause::WindowOver);
    let mut request = active();
    go(&mut request, extend("30m"), at("10:05:00")).unwrap();
    assert_eq!(go(&mut request, over(), at("10:32:00")), Err(Refusal::WindowOpen));
    assert!(go(&mut active(), over(), at("10:32:00")).is_ok(), "one that is not extended ends");
    assert!(go(&mut request, over(), at("11:02:00")).is_ok());
}

#[test]
fn a_target_that_will_not_have_the_later_end_keeps_the_earlier_one_and_so_does_the_record() {
    let mut request = active();
    go(&mut request, extend("30m"), at("10:05:00")).unwrap();
    go(&mut request, GrantCommand::BeginActivation, at("10:05:01")).unwrap();
    go(&mut request, GrantCommand::AbandonActivation { reason: "no".to_owned() }, at("10:05:02")).unwrap();
    assert_eq!(ends_at(&request), at("10:32:00"));
    assert_eq!(request.grant().map(GrantState::name), Some("ACTIVE"));
}

#[test]
fn a_removal_is_not_closed_while_a_later_date_may_still_be_on_its_way_to_the_target() {
    let mut request = active();
    go(&mut request, extend("30m"), at("10:05:00")).unwrap();
    go(&mut request, GrantCommand::BeginActivation, at("10:05:00")).unwrap();
    go(&mut request, GrantCommand::End(EndCause::Returned), at("10:05:01")).unwrap();
    let seen = |time| GrantCommand::ConfirmRemoval(Evidence::Gone(Receipt { at: at(time), ..receipt() }));
    let early = go(&mut request, seen("10:05:11"), at("10:05:11"));
    assert_eq!(early, Err(Refusal::NotSettled { settles_at: at("10:05:12") }));
    go(&mut request, seen("10:05:12"), at("10:05:12")).unwrap();
}

#[test]
fn no_grant_is_extended_past_364_days() {
    let rest = LONGEST_SECONDS - 1800;
    let by = |seconds: u32| GrantCommand::Extend { by: another(), duration: seconds.try_into().unwrap() };
    assert_eq!(go(&mut active(), by(rest + 1), at("10:05:00")), Err(Refusal::TooLong));
    assert!(go(&mut active(), by(rest), at("10:05:00")).is_ok());
}

#[test]
fn an_extension_is_never_activated_and_an_ordinary_grant_never_handed_over() {
    let scheduled = || every_state().into_iter().find(|(name, _)| *name == "scheduled").unwrap().1;
    let now = at("10:05:00");
    assert_eq!(go(&mut extension(), GrantCommand::BeginActivation, now), Err(Refusal::IsExtension));
    assert!(go(&mut extension(), GrantCommand::HandOver, now).is_ok());
    assert_eq!(go(&mut scheduled(), GrantCommand::HandOver, now), Err(Refusal::NoExtension));
    assert!(go(&mut scheduled(), GrantCommand::BeginActivation, now).is_ok());
}

#[test]
fn what_an_extension_extends_is_part_of_what_was_approved() {
    assert_ne!(extension().scope.hash(), scope().hash());
    let tampered = AccessRequest {
        scope: Scope { duration: "4h".parse().unwrap(), ..extension().scope },
        ..extension()
    };
    assert_eq!(
        tampered.decide(Command::Grant(GrantCommand::HandOver), at("10:05:00")),
        Err(Refusal::ScopeMismatch)
    );
    assert!(matches!(extension().state, RequestState::Approved { .. }));
}
