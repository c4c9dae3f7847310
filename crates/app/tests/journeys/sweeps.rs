//! What reconcile finds by itself: at the targets, in the directory, and in a long backlog.

use crate::engine::{Stage, block_on, start};
use crate::kinds::given;
use jiff::SignedDuration;
use stint_app::decide_request::Verdict;
use stint_app::ports::{Artefact, Surroundings as _};
use stint_app::submit_request::SubmitRequest;
use stint_app::withdraw::cancel_request;
use stint_domain::access::Access;
use stint_domain::audit::Outcome;
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::ids::{GrantId, RequestId};
use stint_domain::window::{Window, whole_second};
use stint_test_support::world::Made;
use uuid::Uuid;

/// Sweeps a minute apart, for as long as every shard and every page needs.
fn sweep_for_a_while(stage: &Stage) {
    for round in 0..12 {
        stage.world.pass(60);
        stage.sweep(&format!("round-{round}"));
    }
}

/// Something with the mark of a grant that nobody has on record.
fn planted(stage: &Stage, number: u128, access: Access) -> GrantId {
    let grant_id = RequestId::new(Uuid::from_u128(number)).grant_id();
    let now = whole_second(stage.world.now());
    let end = now.saturating_add(SignedDuration::from_hours(24)).unwrap();
    let artefact = Artefact { grant_id, access, window: Window::between(now, end).unwrap() };
    stage.world.state().target.insert(grant_id, Made { artefact, blocks: false });
    grant_id
}

fn strays(stage: &Stage) -> Vec<Outcome> {
    let state = stage.world.state();
    let taken = state.events.values().filter(|e| e.event.action == "target.stray_taken");
    taken.map(|e| e.event.outcome).collect()
}

#[test]
fn what_is_at_a_target_without_a_record_is_taken_away_and_what_has_one_stays() {
    let stage = Stage::new();
    let (id, _) = given(&stage, "payments-repair");
    let elevation =
        Access::IamUserElevation { user: "ana".parse().unwrap(), permissions: Vec::new(), account: None };
    for number in 1..=5 {
        planted(&stage, number, Access::EphemeralIamUser { permissions: Vec::new(), account: None });
    }
    planted(&stage, 6, elevation);
    sweep_for_a_while(&stage);
    let left: Vec<_> = stage.world.state().target.keys().copied().collect();
    assert_eq!(left, [id.grant_id()], "page by page");
    assert_eq!(strays(&stage), [Outcome::Success; 6]);
}

#[test]
fn a_place_that_cannot_be_looked_at_hides_nothing_behind_it() {
    let stage = Stage::new();
    let numbers = 1..=5;
    for number in numbers.clone() {
        planted(&stage, number, Access::EphemeralIamUser { permissions: Vec::new(), account: None });
    }
    stage.world.state().hidden_from = Some(0);
    sweep_for_a_while(&stage);
    assert_eq!(stage.world.state().target.len(), 2, "those that were hidden");
    stage.world.state().hidden_from = None;
    sweep_for_a_while(&stage);
    assert!(stage.world.state().target.is_empty());
    assert_eq!(strays(&stage).len(), numbers.count());
}

#[test]
fn one_thing_that_cannot_be_looked_at_is_counted_and_hides_nothing_else() {
    let stage = Stage::new();
    for number in 1..=5 {
        planted(&stage, number, Access::EphemeralIamUser { permissions: Vec::new(), account: None });
    }
    let unseen = *stage.world.state().target.keys().next().unwrap();
    stage.world.state().unseen = Some(unseen);
    stage.world.pass(60);
    let swept = stage.sweep("first").unwrap();
    assert_eq!((swept.failed, swept.strays), (1, 1), "the other of its page");
    sweep_for_a_while(&stage);
    assert_eq!(stage.world.state().target.keys().copied().collect::<Vec<_>>(), [unseen]);
    stage.world.state().unseen = None;
    sweep_for_a_while(&stage);
    assert!(stage.world.state().target.is_empty());
}

#[test]
fn what_arrives_after_a_grant_is_over_is_taken_away() {
    let stage = Stage::new();
    let (id, mut at) = given(&stage, "payments-repair");
    let made = stage.world.state().target[&id.grant_id()].clone();
    stage.settle(id, &mut at);
    stage.world.state().target.insert(id.grant_id(), made);
    sweep_for_a_while(&stage);
    assert!(!stage.world.has_leftovers(id));
    assert_eq!(strays(&stage), [Outcome::Success]);
}

#[test]
fn what_is_still_shown_of_a_grant_that_has_just_ended_is_no_stray_until_it_has_been_shown_for_too_long() {
    let stage = Stage::new();
    let (id, mut at) = given(&stage, "payments-repair");
    let made = stage.world.state().target[&id.grant_id()].clone();
    stage.world.pass(30 * 60);
    stage.run(id, &mut at);
    assert_eq!(stage.request(id).grant().map(GrantState::name), Some("ENDED"));
    stage.world.state().target.insert(id.grant_id(), made);
    stage.world.pass(30);
    assert_eq!(stage.sweep("at once").map(|swept| swept.strays), Some(0));
    assert!(stage.world.has_leftovers(id) && strays(&stage).is_empty());
    stage.world.pass(60);
    assert_eq!(stage.sweep("the next round").map(|swept| swept.strays), Some(1));
    assert!(!stage.world.has_leftovers(id));
    assert_eq!(strays(&stage), [Outcome::Success]);
}

#[test]
fn a_stray_that_the_target_keeps_is_reported_and_tried_again() {
    let stage = Stage::new();
    planted(&stage, 1, Access::EphemeralIamUser { permissions: Vec::new(), account: None });
    stage.world.state().target_lies = true;
    let failed: u32 = (0..3)
        .map(|round| {
            stage.world.pass(60);
            stage.sweep(&format!("{round}")).unwrap().removals_failed
        })
        .sum();
    assert_eq!((failed, strays(&stage)), (3, vec![Outcome::Failure; 3]));
    stage.world.state().target_lies = false;
    sweep_for_a_while(&stage);
    assert!(stage.world.state().target.is_empty());
}

#[test]
fn whoever_may_not_have_it_any_more_loses_it_within_minutes_and_the_others_keep_theirs() {
    let stage = Stage::new();
    let (lost, _) = given(&stage, "payments-read");
    let mut ask = Stage::ask("build-logs-read", "30m");
    ask.idempotency = None;
    let kept = block_on(stage.submit("dora", {
        ask.ticket = Some("OPS-1".parse().unwrap());
        ask
    }));
    let kept = kept.unwrap().scope.request_id;
    let mut at = start();
    stage.run(kept, &mut at);
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(kept, &mut at);
    stage.world.state().people.remove(&"ana".parse().unwrap());
    sweep_for_a_while(&stage);
    let ended = stage.request(lost);
    let by = matches!(ended.grant(), Some(GrantState::Ended { ended_by: EndedBy::Ineligible, .. }));
    assert!(by && !stage.world.has_leftovers(lost), "{:?}", ended.grant());
    assert!(stage.world.has_access(kept), "{at:?}");
    assert!(!stage.world.state().executions[&lost].running, "nothing waits for it any more");
}

#[test]
fn nobody_is_overlooked_however_many_have_access() {
    let stage = Stage::new();
    let ids: Vec<_> = (0..250).map(|_| at_once(&stage)).collect();
    stage.world.state().people.remove(&"ana".parse().unwrap());
    stage.world.state().bookmarks.insert("eligibility-3".to_owned(), "nonsense".to_owned());
    // Before their windows are over. A cursor of this world counts, so those that end move the others up.
    for round in 0..24 {
        stage.world.pass(60);
        stage.sweep(&format!("round-{round}"));
    }
    assert!(ids.iter().all(|id| stage.request(*id).is_final() && !stage.world.has_leftovers(*id)));
}

/// One that policy approves at once.
fn at_once(stage: &Stage) -> RequestId {
    let mut ask = Stage::ask("build-logs-read", "30m");
    ask.idempotency = None;
    let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    stage.run(id, &mut start());
    assert!(stage.world.has_access(id));
    id
}

#[test]
fn a_backlog_is_worked_off_whatever_else_is_broken() {
    let stage = Stage::new();
    let ids: Vec<_> = (0..40).map(|_| at_once(&stage)).collect();
    // A day without reconcile or workflow; and one record whose target does not let go.
    stage.world.pass(24 * 3600);
    stage.world.state().stubborn = Some(ids[0].grant_id());
    for round in 0..4 {
        stage.world.pass(60);
        stage.sweep(&format!("round-{round}"));
    }
    let open: Vec<_> = ids.iter().filter(|id| !stage.request(**id).is_final()).collect();
    assert_eq!(open, [&ids[0]]);
}

#[test]
fn what_somebody_has_changed_at_a_target_is_reported_once_alarmed_for_as_long_and_removed_at_the_end() {
    let stage = Stage::new();
    let (changed, other) = (at_once(&stage), at_once(&stage));
    let longer = {
        let mut state = stage.world.state();
        let made = &mut state.target.get_mut(&changed.grant_id()).unwrap().artefact;
        made.window = made.window.extended("9h".parse().unwrap()).unwrap();
        made.clone()
    };
    stage.world.pass(120);
    for round in 0..3 {
        let swept = stage.sweep(&format!("sweep-{round}")).unwrap();
        assert_eq!((swept.altered, swept.strays), (1, 0), "{round}");
        stage.world.pass(60);
    }
    let found = |id: RequestId| {
        let actions = stage.world.actions(&id.to_string());
        actions.iter().filter(|action| *action == "grant.found_altered").count()
    };
    assert_eq!((found(changed), found(other)), (1, 0));
    assert_eq!(
        stage.world.state().target[&changed.grant_id()].artefact,
        longer,
        "it is reported, not mended"
    );
    for id in [changed, other] {
        stage.settle(id, &mut start());
    }
    assert!(stage.world.state().target.is_empty());
}

/// More than a sweep looks at, all of it due for longer than the removal, and none of it can be done.
#[test]
fn no_flood_of_requests_that_nobody_can_be_told_of_holds_up_a_removal() {
    let stage = Stage::new();
    let (id, _) = given(&stage, "payments-read");
    let ask = SubmitRequest { idempotency: None, ..Stage::ask("ledger-repair", "15m") };
    let withdrawn = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    stage.run(withdrawn, &mut start());
    let world = &stage.world;
    block_on(cancel_request(world, world, world, &Stage::caller("ana"), withdrawn)).unwrap();
    world.state().mail_is_down = true;
    let one = world.state().records[&withdrawn].clone();
    for number in 1..=2_000 {
        let mut other = one.clone();
        other.request.scope.request_id = RequestId::new(Uuid::from_u128(number));
        world.state().records.insert(other.request.scope.request_id, other);
    }
    world.pass(31 * 60);
    stage.sweep("the workflow has died");
    let ended = stage.request(id);
    assert!(matches!(ended.grant(), Some(GrantState::Ended { .. })) && !world.has_leftovers(id));
}
