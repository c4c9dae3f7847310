//! Faults of the register, docs/faults.md, by their numbers: what is down, throttled or wrong when access has to end.
//! The date ends it all the same, and what is left is removed after.

use crate::engine::{At, Stage, block_on, invoke, start};
use crate::kinds::given;
use jiff::{SignedDuration, Timestamp};
use stint_app::activate_grant::activate_grant;
use stint_app::decide_request::Verdict;
use stint_app::ports::Surroundings as _;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_test_support::world::{Fault, Mode, State};

const KINDS: [&str; 3] = ["payments-read", "payments-repair", "incident-read"];

/// Active, with a credential in circulation if there is one.
fn in_use(stage: &Stage, entitlement: &str) -> (RequestId, At) {
    let (id, at) = given(stage, entitlement);
    let _ = block_on(stage.reveal("ana", id));
    assert!(stage.world.has_access(id), "{entitlement}");
    (id, at)
}

/// Something is down for an hour from the end of the window on, and then up again.
fn down_for_an_hour_at_the_end(switch: fn(&mut State, bool)) {
    for entitlement in KINDS {
        let stage = Stage::new();
        let (id, mut at) = in_use(&stage, entitlement);
        stage.world.pass(30 * 60);
        switch(&mut stage.world.state(), true);
        stage.run(id, &mut at);
        for minute in 0..60 {
            assert!(!stage.world.has_access(id), "{entitlement}, minute {minute}");
            stage.sweep(&format!("minute-{minute}"));
            stage.world.pass(60);
        }
        assert!(!stage.request(id).is_final(), "{entitlement}: nobody says that it is gone");
        switch(&mut stage.world.state(), false);
        stage.settle(id, &mut at);
        assert_eq!(stage.request(id).grant().map(GrantState::name), Some("ENDED"), "{entitlement}");
        assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id), "{entitlement}");
    }
}

#[test]
fn f33_with_iam_down_for_an_hour_at_the_end_access_is_denied_by_its_date_and_removed_after() {
    down_for_an_hour_at_the_end(|state, down| state.target_is_down = down);
}

#[test]
fn f34_with_the_ledger_down_for_an_hour_at_the_end_access_is_denied_by_its_date_and_removed_after() {
    down_for_an_hour_at_the_end(|state, down| state.ledger_is_down = down);
}

#[test]
fn f32_a_thousand_ends_at_once_under_throttling_are_all_denied_at_once_and_all_removed() {
    let stage = Stage::new();
    let asked = |_| {
        let mut ask = Stage::ask("build-logs-read", "30m");
        ask.idempotency = None;
        let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
        stage.run(id, &mut start());
        id
    };
    let ids: Vec<RequestId> = (0..1000).map(asked).collect();
    assert!(ids.iter().all(|id| stage.world.has_access(*id)));
    stage.world.pass(30 * 60);
    assert!(!ids.iter().any(|id| stage.world.has_access(*id)), "by their dates");
    stage.world.pass(60);
    // Every third call, for twice as many calls as all removals need.
    stage.world.arm((1..=2000).map(|nth| Fault { call: 3 * nth, mode: Mode::Throttled }));
    let mut throttled = 0;
    for round in 0..30 {
        throttled += stage.sweep(&format!("round-{round}")).map_or(0, |swept| swept.failed);
        stage.world.pass(60);
    }
    assert!(throttled > 500, "{throttled}");
    let left = ids.iter().filter(|id| !stage.request(**id).is_final() || stage.world.has_leftovers(**id));
    assert_eq!(left.count(), 0);
}

/// The end that was recorded first.
fn end(stage: &Stage, id: RequestId) -> Timestamp {
    stage.request(id).grant().unwrap().window().unwrap().ends_at()
}

/// Approved, and its first attempt at the target has died after it took effect.
fn half_given(stage: &Stage) -> (RequestId, At) {
    let id = block_on(stage.submit("ana", Stage::ask("payments-repair", "30m"))).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    let world = &stage.world;
    world.arm([Fault { call: 2, mode: Mode::CrashAfter }]);
    assert!(invoke(activate_grant(world, world, (world, world), stage.policy, world, id)).is_none());
    (id, at)
}

#[test]
fn f37_when_stints_clock_jumps_ten_minutes_either_way_access_ends_by_the_targets_clock() {
    for jump in [600, -600] {
        let stage = Stage::new();
        let (id, mut at) = half_given(&stage);
        let ends_at = end(&stage, id);
        stage.world.pass(jump);
        // The world's clock is Stint's from here on; the target's has not jumped.
        let target = || stage.world.now().saturating_sub(SignedDuration::from_secs(jump)).unwrap();
        let early = SignedDuration::from_secs(jump.max(0) + 60);
        for minute in 0..50 {
            stage.run(id, &mut at);
            stage.sweep(&format!("minute-{minute}"));
            let works = stage.world.works(id.grant_id(), target());
            let over = target() >= ends_at;
            assert!(!(works && over), "{jump}: works {minute} minutes on");
            assert!(works || target().saturating_add(early).unwrap() >= ends_at, "{jump}: over at {minute}");
            stage.world.pass(60);
        }
        assert_eq!(end(&stage, id), ends_at, "{jump}: no clock moves a recorded end");
        assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id), "{jump}");
    }
}
