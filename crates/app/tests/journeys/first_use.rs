//! A version of the policies is noted when it is first used, once, and nothing waits for that.

use crate::engine::{Stage, block_on, start};
use stint_app::decide_request::Verdict;
use stint_app::submit_request::SubmitRequest;
use stint_domain::audit::{Actor, AuditEvent};
use stint_policy::PolicyBundle;
use stint_test_support::world::{Fault, Mode};

fn noted(stage: &Stage) -> Vec<AuditEvent> {
    let state = stage.world.state();
    let events = state.events.values().map(|sealed| sealed.event.clone());
    events.filter(|event| event.action == "policy.first_used").collect()
}

fn asking(stage: &Stage, who: &str, entitlement: &str) -> bool {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask(entitlement, "30m") };
    block_on(stage.submit(who, ask)).is_ok()
}

#[test]
fn the_first_decision_of_a_version_is_noted_and_no_later_one() {
    let stage = Stage::new();
    assert!(!asking(&stage, "nobody", "payments-read"));
    assert!(noted(&stage).is_empty(), "policy was not asked");
    assert!(!asking(&stage, "dora", "build-logs-read"));
    let first = noted(&stage);
    let authorization = first[0].authorization.clone().unwrap();
    assert_eq!(first[0].stream, format!("policy-{}", stage.policy.version()));
    assert_eq!(
        (&first[0].actor, &first[0].source_address),
        (&Actor::system("policy"), &None),
        "nobody's doing"
    );
    assert_eq!(authorization.policy_version, stage.policy.version());
    assert!(authorization.policies.contains("ticket-for-contractors") && authorization.weighed.is_none());
    assert!(asking(&stage, "ana", "payments-read"));
    assert_eq!(noted(&stage), first);
}

#[test]
fn a_dry_run_uses_nothing() {
    let stage = Stage::new();
    let ask = SubmitRequest { dry_run: true, ..Stage::ask("payments-read", "30m") };
    assert!(block_on(stage.submit("ana", ask)).is_ok());
    assert!(noted(&stage).is_empty());
}

#[test]
fn each_version_is_noted_by_whatever_it_decides_first() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    let next = Box::leak(Box::new(next_version()));
    let stage = Stage { policy: next, ..stage };
    assert!(block_on(stage.decide("ben", id, Verdict::Approve)).is_ok());
    let streams: Vec<_> = noted(&stage).into_iter().map(|event| event.stream).collect();
    assert_eq!(streams.len(), 2, "{streams:?}");
    assert!(streams.contains(&format!("policy-{}", stage.policy.version())));
}

/// Other policies that let the same people do the same.
fn next_version() -> PolicyBundle {
    let catalog = r#"{ "entitlement": [{ "id": "payments-read", "title": "Read", "description": "Read.",
        "risk": "high", "access": { "kind": "iam_user_elevation", "permissions": [] }, "max_duration": "4h",
        "decide_within": "8h", "requesters": ["engineers"], "approvers": ["platform-leads"] }] }"#;
    let cedar = "@id(\"all\") @reason(\"all\") permit (principal, action, resource);";
    PolicyBundle::from_sources(catalog, cedar).unwrap()
}

#[test]
fn a_request_is_made_though_the_first_use_could_not_be_noted_and_the_next_decision_makes_up_for_it() {
    for mode in [Mode::Throttled, Mode::ReplyLost] {
        let stage = Stage::new();
        stage.world.arm([Fault { call: 3, mode }]);
        assert!(asking(&stage, "ana", "payments-read"));
        assert_eq!(stage.world.calls(), ["commit", "start execution", "open"], "the last of all");
        stage.world.arm([]);
        assert!(asking(&stage, "ana", "payments-read"));
        assert_eq!(noted(&stage).len(), 1);
    }
}
