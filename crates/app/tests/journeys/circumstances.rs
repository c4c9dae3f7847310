//! From where, when and how well proven: the sample organisation's payroll, and its service at night. Beside each refusal
//! the same that is let through.

use crate::engine::{At, Stage, block_on, start};
use crate::refusals::system_actions;
use jiff::Timestamp;
use stint_app::caller::Caller;
use stint_app::decide_request::{DecideError, Verdict};
use stint_app::ports::Surroundings as _;
use stint_app::submit_request::{SubmitError, SubmitRequest};
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::ids::RequestId;
use stint_domain::narrowing::Narrowing;
use stint_domain::request::RequestState;

const OFFICE: &str = "198.51.100.7";

/// Monday at this time, UTC; in Berlin it is an hour later.
fn monday(time: &str) -> Stage {
    let stage = Stage::new();
    let then: Timestamp = format!("2026-11-23T{time}Z").parse().unwrap();
    stage.world.pass(then.duration_since(stage.world.now()).as_secs());
    stage
}

fn ana() -> Caller {
    Stage::caller_from("ana", OFFICE)
}

fn payroll(stage: &Stage, caller: &Caller) -> Result<RequestId, Vec<String>> {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask("payroll-export", "1h") };
    match block_on(stage.submit_as(caller, ask)) {
        Ok(request) => Ok(request.scope.request_id),
        Err(SubmitError::NotAllowed { reasons }) => {
            Err(reasons.into_iter().filter_map(|reason| reason.policy).collect())
        }
        Err(error) => panic!("{error}"),
    }
}

/// Ana has asked, and the workflow waits for Jana.
fn asked(stage: &Stage) -> (RequestId, At) {
    let (id, mut at) = (payroll(stage, &ana()).unwrap(), start());
    stage.run(id, &mut at);
    (id, at)
}

fn jana_says_yes(stage: &Stage, id: RequestId, address: &str) -> Result<(), Vec<String>> {
    let jana = Stage::caller_from("jana", address);
    match block_on(stage.decide_as(&jana, id, Verdict::Approve, Narrowing::default())) {
        Ok(_) => Ok(()),
        Err(DecideError::NotAllowed { reasons }) => Err(reasons),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_an_entitlement_asks_of_place_time_and_proof_is_said_to_whoever_could_have_it_otherwise() {
    let stage = monday("10:00:00");
    assert!(payroll(&stage, &ana()).is_ok());
    let elsewhere = Stage::caller_from("ana", "203.0.113.7");
    assert_eq!(payroll(&stage, &elsewhere), Err(vec!["payroll-from-the-office".to_owned()]));
    let one_factor = Caller { mfa: false, ..ana() };
    assert_eq!(payroll(&stage, &one_factor), Err(vec!["payroll-takes-second-factor".to_owned()]));
    let nowhere = Caller { source_address: None, ..ana() };
    assert_eq!(payroll(&stage, &nowhere), Err(vec!["payroll-from-the-office".to_owned()]));
    let by_name = Caller { source_address: Some("office".to_owned()), ..ana() };
    assert_eq!(payroll(&stage, &by_name), Err(vec!["payroll-from-the-office".to_owned()]));
    assert_eq!(payroll(&monday("17:00:00"), &ana()), Err(vec!["payroll-in-office-hours".to_owned()]));
}

#[test]
fn a_stranger_learns_of_no_place_and_no_hour() {
    for time in ["10:00:00", "17:00:00"] {
        let stage = monday(time);
        for who in ["dora", "cleo", "jana", "nobody"] {
            assert_eq!(payroll(&stage, &Stage::caller_from(who, "203.0.113.7")), Err(Vec::new()), "{who}");
        }
    }
}

/// Half past four in the afternoon and half past five, in Berlin.
#[test]
fn access_that_is_for_certain_hours_ends_with_them_and_within_them_it_lasts() {
    for (time, ends_early) in [("15:30:00", false), ("16:30:00", true)] {
        let stage = monday(time);
        let (id, mut at) = asked(&stage);
        jana_says_yes(&stage, id, OFFICE).unwrap();
        stage.run(id, &mut at);
        assert!(stage.world.has_access(id), "{at:?}");
        // Eight minutes to the next look, and a minute to the next sweep.
        for round in 0..40 {
            stage.world.pass(60);
            stage.sweep(&format!("sweep-{round}"));
        }
        assert_eq!(stage.world.has_access(id), !ends_early, "{time}");
        let ended = stage.request(id);
        let by = matches!(ended.grant(), Some(GrantState::Ended { ended_by: EndedBy::Ineligible, .. }));
        assert_eq!(by, ends_early, "{:?}", ended.grant());
    }
}

/// Where somebody was when they asked does not change by their going home.
#[test]
fn the_place_and_the_proof_of_a_request_count_when_it_is_given_and_they_are_sealed() {
    for (tampered, given) in [(false, true), (true, false)] {
        let stage = monday("10:00:00");
        let (id, mut at) = asked(&stage);
        jana_says_yes(&stage, id, OFFICE).unwrap();
        if tampered {
            let mut state = stage.world.state();
            let request = &mut state.records.get_mut(&id).unwrap().request;
            request.scope.origin.as_mut().unwrap().address = "198.51.100.8".parse().unwrap();
        }
        stage.run(id, &mut at);
        assert_eq!(stage.world.has_access(id), given);
    }
}

#[test]
fn an_approver_is_asked_and_decides_from_the_office_within_their_hours() {
    let stage = monday("16:59:00");
    let (id, _) = asked(&stage);
    let mail =
        stage.world.state().inbox.iter().find(|mail| mail.to == "jana@example.com").unwrap().text.clone();
    assert!(mail.contains("Mon 23 Nov 2026, 21:59 in Europe/Berlin (20:59 UTC)"), "{mail}");
    let elsewhere = jana_says_yes(&stage, id, "203.0.113.7").unwrap_err();
    assert!(elsewhere[0].contains("from the office's network only"), "{elsewhere:?}");
    stage.world.pass(60);
    let late = jana_says_yes(&stage, id, OFFICE).unwrap_err();
    assert!(late[0].contains("decides within them"), "{late:?}");
    assert!(matches!(stage.request(id).state, RequestState::Pending(_)));

    let stage = monday("16:59:00");
    let (id, _) = asked(&stage);
    stage.world.pass(59);
    jana_says_yes(&stage, id, OFFICE).unwrap();
    assert!(matches!(stage.request(id).state, RequestState::Approved { .. }));
}

/// At six in the morning in Berlin.
#[test]
fn a_service_has_access_within_its_own_hours_and_unattended() {
    let ask = || SubmitRequest { idempotency: None, ..Stage::ask("build-logs-read", "1h") };
    let stage = monday("05:00:00");
    let refused = block_on(stage.submit("month-end", ask()));
    assert!(matches!(refused, Err(SubmitError::NotAllowed { .. })), "{refused:?}");
    assert!(system_actions(&stage).contains(&"request.refused".to_owned()));

    let stage = monday("04:30:00");
    let id = block_on(stage.submit("month-end", ask())).unwrap().scope.request_id;
    stage.run(id, &mut start());
    assert!(stage.world.has_access(id));
    for round in 0..40 {
        stage.world.pass(60);
        stage.sweep(&format!("sweep-{round}"));
    }
    assert!(!stage.world.has_access(id), "its night is over");
}
