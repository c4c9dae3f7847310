//! Nobody answers: who is reminded when, who is asked instead, and what is passed over.

use crate::engine::{At, Stage, block_on, start};
use stint_app::decide_request::Verdict;
use stint_app::submit_request::SubmitRequest;
use stint_domain::ids::{PrincipalId, RequestId};
use stint_domain::request::RequestState;
use stint_domain::transition::LapseReason;
use stint_test_support::world::{Fault, Mode};

const HOUR: i64 = 3600;

/// Asks Ana's manager first, and the platform leads after.
fn submitted(stage: &Stage) -> RequestId {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask("payments-export", "15m") };
    block_on(stage.submit("ana", ask)).unwrap().scope.request_id
}

fn asked(stage: &Stage) -> Vec<String> {
    let inbox = &stage.world.state().inbox;
    inbox.iter().map(|mail| mail.to.replace("@example.com", "")).collect()
}

/// Lets an hour go by and the sweep and the workflow do what is due.
fn an_hour_later(stage: &Stage, id: RequestId, at: &mut At) {
    stage.world.pass(HOUR);
    stage.sweep("sweep");
    stage.run(id, at);
}

fn verdict(stage: &Stage, who: &str, id: RequestId) -> Option<&'static str> {
    block_on(stage.decide(who, id, Verdict::Approve)).ok().map(|request| request.state.name())
}

#[test]
fn whoever_has_not_answered_is_reminded_once_an_hour_and_either_link_is_good() {
    for used in [0, 1] {
        let (stage, mut at) = (Stage::new(), start());
        let id = submitted(&stage);
        stage.run(id, &mut at);
        an_hour_later(&stage, id, &mut at);
        stage.sweep("another");
        stage.run(id, &mut at);
        assert_eq!(asked(&stage), ["iris", "iris"]);
        let mails = stage.world.state().inbox.clone();
        assert!(mails[1].subject.starts_with("Reminder: Approve?"), "{}", mails[1].subject);
        assert!(mails[1].text.contains("Nobody has answered yet"), "{}", mails[1].text);
        assert!(!mails[0].subject.contains("Reminder"), "{}", mails[0].subject);
        let said = block_on(stage.click_in(&mails[used].text, Verdict::Approve)).unwrap();
        assert_eq!(said.approvals().count(), 1);
    }
}

#[test]
fn a_manager_who_is_away_is_passed_over_and_the_owner_alone_decides() {
    let (stage, mut at) = (Stage::new(), start());
    let id = submitted(&stage);
    stage.run(id, &mut at);
    let first = stage.world.state().inbox[0].text.clone();
    assert!(first.contains("this step is passed over"), "{first}");
    for _ in 0..3 {
        assert_eq!(verdict(&stage, "ben", id), None, "not before three hours");
        an_hour_later(&stage, id, &mut at);
    }
    assert_eq!(asked(&stage), ["iris", "iris", "iris", "ben"]);
    assert!(stage.world.state().inbox[3].text.contains("step 1, which nobody answered in time"));
    assert_eq!(verdict(&stage, "iris", id), None, "it is too late for her");
    assert_eq!(verdict(&stage, "ben", id), Some("APPROVED"));
    stage.run(id, &mut at);
    assert_eq!(stage.request(id).grant().unwrap().name(), "ACTIVE");
    let actions = stage.world.actions(&id.to_string());
    for (action, times) in
        [("request.reminder_due", 2), ("request.step_skipped", 1), ("request.escalated", 0)]
    {
        assert_eq!(actions.iter().filter(|one| *one == action).count(), times, "{actions:?}");
    }
}

#[test]
fn others_are_asked_once_an_owner_has_not_answered_for_two_hours_and_not_before() {
    let (stage, mut at) = (Stage::new(), start());
    let id = submitted(&stage);
    stage.run(id, &mut at);
    assert_eq!(verdict(&stage, "iris", id), Some("PENDING"));
    stage.run(id, &mut at);
    an_hour_later(&stage, id, &mut at);
    assert_eq!(verdict(&stage, "gita", id), None, "nobody has asked her");
    an_hour_later(&stage, id, &mut at);
    assert_eq!(asked(&stage), ["iris", "ben", "ben", "gita", "hugo"]);
    assert_eq!(verdict(&stage, "gita", id), Some("APPROVED"));
    stage.run(id, &mut at);
    assert_eq!(stage.request(id).grant().unwrap().name(), "ACTIVE");
}

#[test]
fn a_step_that_nobody_can_answer_is_waited_out_if_it_may_be_and_lapses_if_not() {
    let without = |name: &str, hours: usize| {
        let (stage, mut at) = (Stage::new(), start());
        let name: PrincipalId = name.parse().unwrap();
        stage.world.state().people.remove(&name);
        let id = submitted(&stage);
        stage.run(id, &mut at);
        for _ in 0..hours {
            an_hour_later(&stage, id, &mut at);
        }
        (asked(&stage), stage.request(id).state)
    };
    let (mails, state) = without("iris", 3);
    assert_eq!(mails, ["ben"]);
    assert_eq!(state.name(), "PENDING");
    let (_, state) = without("iris", 9);
    assert!(
        matches!(state, RequestState::Lapsed { because: LapseReason::NobodyDecidedInTime, .. }),
        "{state:?}"
    );
}

#[test]
fn a_reminder_is_sent_though_the_word_of_it_was_lost() {
    let (stage, mut at) = (Stage::new(), start());
    let id = submitted(&stage);
    stage.run(id, &mut at);
    stage.world.pass(HOUR);
    // The lease is the first call, the record of the turn the second, and telling the workflow the third.
    stage.world.arm([Fault { call: 3, mode: Mode::Throttled }]);
    stage.sweep("sweep");
    stage.run(id, &mut at);
    assert_eq!(asked(&stage), ["iris"]);
    stage.world.pass(60);
    stage.sweep("sweep");
    stage.run(id, &mut at);
    assert_eq!(asked(&stage), ["iris", "iris"]);
}
