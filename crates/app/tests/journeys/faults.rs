//! A failure at every mutating call of a whole lifecycle, in every mode; and then in pairs, by seed.
//!
//! The oracle looks at the target and the audit, not at what the use cases said.

use crate::engine::{At, Stage, invoke, start};
use stint_app::decide_request::Verdict;
use stint_app::withdraw::return_grant;
use stint_domain::audit::verify;
use stint_domain::ids::RequestId;
use stint_test_support::world::{Fault, Mode};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Journey {
    Expires,
    Returned,
    Denied,
}

/// One lifecycle with a client that tries again, as people and SDKs do, until quiescence.
fn live(stage: &Stage, journey: Journey) -> Option<RequestId> {
    let id = (0..3).find_map(|_| {
        let done = invoke(stage.submit("ana", Stage::ask("payments-read", "30m")));
        done.and_then(Result::ok).map(|request| request.scope.request_id)
    })?;
    let mut at = start();
    stage.run(id, &mut at);
    stage.sweep("a");
    stage.world.pass(20);
    stage.sweep("b");
    stage.run(id, &mut at);
    let verdict = if journey == Journey::Denied { Verdict::Deny } else { Verdict::Approve };
    let mailed = !stage.world.state().inbox.is_empty();
    let _ = mailed
        .then(|| (0..3).find_map(|_| invoke(stage.click("ben@example.com", verdict)).and_then(Result::ok)));
    stage.run(id, &mut at);
    if journey == Journey::Returned {
        let (world, ana) = (&stage.world, Stage::caller("ana"));
        let _ = (0..3)
            .find_map(|_| invoke(return_grant(world, world, world, world, &ana, id)).and_then(Result::ok));
        let asked = std::mem::take(&mut world.state().expiries);
        asked
            .iter()
            .for_each(|id| drop(invoke(stage.expire(*id, stint_domain::transition::EndCause::Returned))));
    }
    stage.settle(id, &mut at);
    Some(id)
}

fn check(stage: &Stage, id: Option<RequestId>, what: &str) {
    for recorded in stage.world.state().records.values() {
        assert!(recorded.request.is_final(), "{what}: I6, not final: {:?}", recorded.request.state);
        let due = recorded.request.due_at();
        assert_eq!(due, None, "{what}");
    }
    assert!(stage.world.state().target.is_empty(), "{what}: I1, left behind");
    let heads: Vec<_> =
        stage.world.state().records.values().map(|r| (r.request.scope.request_id, r.head.clone())).collect();
    for (id, head) in heads {
        let rows = stage.world.stream(&id.to_string());
        let rows = rows.iter().map(|(text, hash)| (text.as_str(), hash.as_str()));
        assert_eq!(verify(rows), Ok(head), "{what}: I4");
    }
    if let Some(id) = id {
        let actions = stage.world.actions(&id.to_string());
        let first = |name: &str| actions.iter().position(|action| action == name);
        if let Some(activated) = first("grant.activated") {
            assert!(first("request.approved") < first("grant.activation_started"), "{what}: I2");
            assert!(first("grant.activation_started") < Some(activated), "{what}: I3");
        }
        assert_eq!(stage.world.state().records.len(), 1, "{what}: I8, one request");
    }
}

fn calls_of(journey: Journey) -> Vec<&'static str> {
    let stage = Stage::new();
    stage.world.arm(None);
    let id = live(&stage, journey);
    check(&stage, id, "undisturbed");
    stage.world.calls()
}

fn unwinding_is_quiet() {
    std::panic::set_hook(Box::new(|info| {
        if !info.payload().is::<stint_test_support::world::Crash>() {
            eprintln!("{info}");
        }
    }));
}

#[test]
fn a_failure_at_any_call_in_any_mode_leaves_no_access_and_no_request_behind() {
    unwinding_is_quiet();
    let mut tried = 0;
    for journey in [Journey::Expires, Journey::Returned, Journey::Denied] {
        let calls = calls_of(journey);
        assert!(calls.len() > 8, "{journey:?}: {calls:?}");
        for (index, name) in calls.iter().enumerate() {
            for mode in Mode::ALL {
                let stage = Stage::new();
                stage.world.arm(Some(Fault { call: index + 1, mode }));
                let id = live(&stage, journey);
                check(&stage, id, &format!("{journey:?}: {mode:?} at call {} ({name})", index + 1));
                tried += 1;
            }
        }
    }
    println!("{tried} failures, 0 violations");
}

#[test]
fn a_removal_that_keeps_failing_is_tried_for_ever_and_access_is_denied_on_time() {
    unwinding_is_quiet();
    let stage = Stage::new();
    let id =
        invoke(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id));
    stage.world.pass(30 * 60);
    assert!(!stage.world.has_access(id), "by its date");
    stage.world.state().target_is_down = true;
    stage.run(id, &mut at);
    for round in 0..20 {
        stage.world.pass(3600);
        assert_eq!(
            stage.sweep(&format!("sweep-{round}")).map(|swept| swept.removals_failed),
            Some(1),
            "{round}"
        );
    }
    assert_eq!(stage.request(id).grant().map(|grant| grant.name()), Some("REMOVAL_FAILED"));
    stage.world.state().target_is_down = false;
    stage.settle(id, &mut At::Failed);
    assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id));
}
