//! Nobody can wait: access at once, loudly, for less time, and with a review by somebody else.

use crate::engine::{At, Stage, block_on, start};
use stint_app::failure::Missing;
use stint_app::ports::Surroundings as _;
use stint_app::review_access::ReviewError;
use stint_app::submit_request::{SubmitError, SubmitRequest};
use stint_domain::BadInput;
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::ids::RequestId;
use stint_domain::request::AccessRequest;
use stint_domain::review::{Finding, ReviewState};
use stint_domain::transition::{EndCause, Refusal};
use stint_test_support::world::{Fault, Mode};

const DAY: i64 = 24 * 3600;

fn emergency(duration: &str) -> SubmitRequest {
    SubmitRequest { idempotency: None, break_glass: true, ..Stage::ask("payments-repair", duration) }
}

/// Eva has it.
fn broken(stage: &Stage) -> (RequestId, At) {
    let id = block_on(stage.submit("eva", emergency("30m"))).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id), "{at:?}");
    (id, at)
}

/// And it is over.
fn over(stage: &Stage) -> RequestId {
    let (id, mut at) = broken(stage);
    stage.world.pass(1800);
    stage.run(id, &mut at);
    assert!(!stage.world.has_leftovers(id));
    id
}

/// The review is all that is left of it: nothing at the target is.
#[test]
fn what_ends_before_it_begins_is_over_and_still_reviewed() {
    let stage = Stage::new();
    let id = block_on(stage.submit("eva", emergency("30m"))).unwrap().scope.request_id;
    block_on(stage.give_back("eva", id)).unwrap();
    for _ in 0..2 {
        block_on(stage.expire(id, EndCause::Returned)).unwrap();
    }
    let ended = stage.request(id);
    assert!(ended.awaits_review() && ended.can_be_reviewed() && ended.access_due_at().is_none());
    assert!(stage.world.state().expiries.is_empty(), "there is nothing to end");
    found(&stage, "gita", id, Finding::Justified).unwrap();
}

fn mailed(stage: &Stage) -> Vec<String> {
    let inbox = &stage.world.state().inbox;
    let mut to: Vec<_> = inbox.iter().map(|mail| mail.to.replace("@example.com", "")).collect();
    to.sort();
    to
}

fn refused(who: &str, ask: SubmitRequest) -> SubmitError {
    block_on(Stage::new().submit(who, ask)).unwrap_err()
}

#[test]
fn a_responder_has_it_at_once_and_every_reviewer_has_a_mail_that_says_so() {
    let stage = Stage::new();
    let (id, _) = broken(&stage);
    assert_eq!(mailed(&stage), ["gita", "hugo"]);
    let mail = stage.world.state().inbox[0].clone();
    assert!(mail.subject.starts_with("Break-glass: Eva had Repair payments for 30 min"), "{}", mail.subject);
    for said in ["nobody was asked", "refund 4711 went missing", "dynamodb:UpdateItem", "/approvals/", "by "]
    {
        assert!(mail.text.contains(said), "{said}: {}", mail.text);
    }
    let actions = stage.world.actions(&id.to_string());
    assert_eq!(actions[..2], ["request.submitted", "request.approved"]);
    assert!(actions.contains(&"review.reviewers_told".to_owned()), "{actions:?}");
}

#[test]
fn whoever_is_not_named_waits_for_an_approval_as_ever() {
    assert!(
        matches!(refused("ana", emergency("10m")), SubmitError::NotAllowed { reasons } if reasons.is_empty())
    );
    let asked = SubmitRequest { break_glass: false, ..emergency("10m") };
    let request = block_on(Stage::new().submit("ana", asked)).unwrap();
    assert_eq!(request.state.name(), "PENDING");
}

#[test]
fn an_emergency_is_short_begins_now_and_extends_nothing() {
    let longest = refused("eva", emergency("31m"));
    assert!(matches!(longest, SubmitError::DurationTooLong { longest } if longest.seconds() == 1800));
    let later = Stage::new().world.now().checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    let later = SubmitRequest { starts_at: Some(later), ..emergency("10m") };
    assert!(matches!(refused("eva", later), SubmitError::BadInput(BadInput { field: "starts_at", .. })));
    let stage = Stage::new();
    let (id, _) = broken(&stage);
    let longer = SubmitRequest { extends: Some(id.grant_id()), ..emergency("10m") };
    let longer = block_on(stage.submit("eva", longer)).unwrap_err();
    assert!(matches!(longer, SubmitError::BadInput(BadInput { field: "break_glass", .. })), "{longer:?}");
}

#[test]
fn what_cannot_be_had_in_an_emergency_does_not_exist_for_one() {
    let other = SubmitRequest { entitlement: "payments-read".parse().unwrap(), ..emergency("10m") };
    assert!(matches!(refused("eva", other), SubmitError::NotAllowed { reasons } if reasons.is_empty()));
}

fn found(stage: &Stage, who: &str, id: RequestId, finding: Finding) -> Result<AccessRequest, ReviewError> {
    block_on(stage.review(who, id, finding))
}

#[test]
fn a_reviewer_says_once_it_is_over_whether_it_was_called_for() {
    let stage = Stage::new();
    let (id, mut at) = broken(&stage);
    let early = found(&stage, "gita", id, Finding::Justified).unwrap_err();
    assert!(matches!(early, ReviewError::Refused(Refusal::NotOver, _)), "{early:?}");
    stage.world.pass(1800);
    stage.run(id, &mut at);
    let request = found(&stage, "gita", id, Finding::Unjustified).unwrap();
    let ReviewState::Closed { reviewed, .. } = request.review.state else { panic!() };
    assert_eq!((reviewed.by.as_str(), reviewed.finding), ("gita", Finding::Unjustified));
    let last = stage.world.actions(&id.to_string()).pop();
    assert_eq!(last.as_deref(), Some("review.closed"));
    let second = found(&stage, "hugo", id, Finding::Justified).unwrap_err();
    assert!(matches!(second, ReviewError::Refused(Refusal::Reviewed, _)), "{second:?}");
}

#[test]
fn for_whoever_does_not_review_it_there_is_nothing_to_review() {
    let stage = Stage::new();
    let id = over(&stage);
    for stranger in ["ana", "cleo", "nobody"] {
        let answer = found(&stage, stranger, id, Finding::Justified).unwrap_err();
        assert!(matches!(answer, ReviewError::Missing(Missing::NotFound)), "{stranger}: {answer:?}");
    }
    let own = found(&stage, "eva", id, Finding::Justified).unwrap_err();
    assert!(matches!(own, ReviewError::NotAllowed { .. }), "{own:?}");
    assert!(found(&stage, "hugo", id, Finding::Justified).is_ok());
}

/// Even if eva is one of the officers herself: a colleague closes it.
#[test]
fn a_reviewer_who_has_taken_it_is_not_told_and_does_not_close_it() {
    let stage = Stage::new();
    stage
        .world
        .state()
        .people
        .get_mut(&"eva".parse().unwrap())
        .unwrap()
        .groups
        .insert("security-officers".parse().unwrap());
    let id = over(&stage);
    assert_eq!(mailed(&stage), ["gita", "hugo"]);
    assert!(found(&stage, "eva", id, Finding::Justified).is_err());
    assert!(found(&stage, "gita", id, Finding::Justified).is_ok());
}

#[test]
fn a_review_that_nobody_closes_is_reported_with_mails_every_day_until_somebody_does() {
    let stage = Stage::new();
    let id = over(&stage);
    let unreviewed = |stage: &Stage| stage.sweep("sweep").unwrap().unreviewed;
    stage.world.pass(DAY - 1801 - 60);
    assert_eq!(unreviewed(&stage), 0, "a minute early");
    for day in 1..=2 {
        stage.world.pass(if day == 1 { 120 } else { DAY });
        assert_eq!(unreviewed(&stage), 1);
        stage.world.pass(60);
        assert_eq!(unreviewed(&stage), 0, "once a day");
        assert_eq!(mailed(&stage).len(), 2 * (day + 1));
    }
    let mails = stage.world.state().inbox.clone();
    assert!(mails[2].subject.starts_with("Review is late: Eva"), "{}", mails[2].subject);
    found(&stage, "hugo", id, Finding::Justified).unwrap();
    stage.world.pass(9 * DAY);
    assert_eq!(unreviewed(&stage), 0);
    assert_eq!(stage.request(id).due_at(), None);
}

#[test]
fn access_waits_for_no_mail_and_the_mails_come_with_the_next_sweep() {
    let undisturbed = Stage::new();
    undisturbed.world.arm([]);
    broken(&undisturbed);
    let mail = undisturbed.world.calls().iter().position(|call| *call == "mail").unwrap() + 1;
    let stage = Stage::new();
    stage.world.arm([Fault { call: mail, mode: Mode::CrashBefore }]);
    let (id, _) = broken(&stage);
    assert_eq!(mailed(&stage), Vec::<String>::new());
    stage.world.pass(60);
    stage.sweep("sweep");
    assert_eq!(mailed(&stage), ["gita", "hugo"]);
    assert_eq!(stage.request(id).review.told, 1);
}

#[test]
fn whoever_is_no_responder_any_more_keeps_nothing() {
    let stage = Stage::new();
    let (id, _) = broken(&stage);
    let sweep_all = |stage: &Stage| {
        for minute in 0..9 {
            stage.world.pass(60);
            stage.sweep(&format!("minute {minute}"));
        }
    };
    sweep_all(&stage);
    assert!(stage.world.has_access(id), "while nothing has changed");
    stage.world.state().people.get_mut(&"eva".parse().unwrap()).unwrap().groups.clear();
    sweep_all(&stage);
    assert!(!stage.world.has_access(id));
    let ended = stage.request(id);
    assert!(matches!(ended.grant(), Some(GrantState::Ended { ended_by: EndedBy::Ineligible, .. })));
    assert!(ended.awaits_review(), "and it is reviewed all the same");
}

/// Who writes to the table makes no emergency of a request that waits for somebody.
#[test]
fn a_record_that_says_so_is_no_emergency() {
    let stage = Stage::new();
    let id = block_on(stage.submit("eva", emergency("30m"))).unwrap().scope.request_id;
    let template = stage.request(id);
    let forged = |requester: &str| {
        let stage = Stage::new();
        let id = block_on(stage.submit("eva", emergency("30m"))).unwrap().scope.request_id;
        let mut request = template.clone();
        request.scope.request_id = id;
        request.scope.requester = requester.parse().unwrap();
        if let stint_domain::request::RequestState::Approved { approval, .. } = &mut request.state {
            approval.scope_hash = request.scope.hash();
        }
        stage.world.state().records.get_mut(&id).unwrap().request = request;
        stage.run(id, &mut At::Grant);
        stage.world.has_access(id)
    };
    assert!(forged("eva"));
    assert!(!forged("ana"));
}
