//! A vaulted credential: in one person's hands at a time, and another one for the next.

use crate::engine::{At, Stage, invoke, start};
use stint_app::decide_request::Verdict;
use stint_app::ports::{Credential, Ledger as _, Surroundings as _, VersionId};
use stint_app::rotate_credential::{RotateError, RotationStep};
use stint_app::submit_request::SubmitRequest;
use stint_domain::custody::Custody;
use stint_domain::custody::sets::{SET_SETTLE_SECONDS, SetAttempt};
use stint_domain::grant::GrantState;
use stint_domain::ids::{RequestId, SecretName};
use stint_domain::transition::EndCause;
use stint_test_support::world::{Fault, Mode, World};

pub(crate) const CHECKOUT: &str = "orders-repair";

pub(crate) fn secret() -> SecretName {
    "stint/vault/orders-owner".parse().unwrap()
}

/// Asked for and approved, and as far as it gets from there.
fn ask(stage: &Stage, n: u32) -> (RequestId, At) {
    let idempotency = stint_app::submit_request::IdempotencyClaim::new(&format!("key-{n}"), "body").unwrap();
    let ask = SubmitRequest { idempotency: Some(idempotency), queue: true, ..Stage::ask(CHECKOUT, "30m") };
    let id = invoke(stage.submit("ana", ask)).unwrap().unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    invoke(stage.decide("ben", id, Verdict::Approve)).unwrap().unwrap();
    stage.run(id, &mut at);
    (id, at)
}

fn reveal(stage: &Stage, id: RequestId) -> Option<String> {
    let credential = invoke(stage.reveal("ana", id))?.ok()?;
    let Credential::Vaulted { fields, .. } = credential else { panic!("not a vaulted one") };
    Some(fields["password"].reveal().to_owned())
}

fn state(stage: &Stage, id: RequestId) -> &'static str {
    stage.request(id).grant().map_or("none", GrantState::name)
}

/// I5: whatever was seen was seen by one, and opens nothing for whoever is done.
pub(crate) fn nobody_sees_what_somebody_else_has_seen(world: &World, what: &str) {
    let state = world.state();
    assert!(state.unclean.is_empty(), "{what}: I5, free before it was rotated");
    for seen in &state.seen {
        let others: Vec<_> = state.seen.iter().filter(|o| o.value == seen.value && o.by != seen.by).collect();
        assert!(others.is_empty(), "{what}: I5, {seen:?} and {others:?}");
    }
}

#[test]
fn a_checked_out_credential_works_during_its_window_and_has_been_replaced_after_it() {
    let stage = Stage::new();
    let (id, mut at) = ask(&stage, 1);
    assert!(!stage.world.has_access(id), "it is not shown yet");
    let first = reveal(&stage, id).unwrap();
    assert_eq!(reveal(&stage, id), Some(first), "whoever has it may see it again");
    assert!(stage.world.has_access(id));
    stage.world.pass(30 * 60);
    stage.run(id, &mut at);
    assert_eq!(at, At::Succeeded, "the workflow was told that the rotation has finished");
    assert_eq!(state(&stage, id), "ENDED");
    assert!(!stage.world.has_access(id));
    assert_eq!(reveal(&stage, id), None);
}

#[test]
fn whoever_comes_second_waits_and_gets_another_password() {
    let stage = Stage::new();
    let (first, mut at_first) = ask(&stage, 1);
    let (second, mut at_second) = ask(&stage, 2);
    let seen = reveal(&stage, first).unwrap();
    assert_eq!(state(&stage, second), "SCHEDULED");
    assert_eq!(reveal(&stage, second), None);
    invoke(stage.give_back("ana", first)).unwrap().unwrap();
    stage.run(second, &mut at_second);
    assert_eq!(state(&stage, second), "SCHEDULED", "given back, but not rotated yet");
    stage.expire_as_asked();
    stage.run(first, &mut at_first);
    stage.run(second, &mut at_second);
    assert_eq!(state(&stage, second), "ACTIVE");
    assert_ne!(reveal(&stage, second), Some(seen));
    nobody_sees_what_somebody_else_has_seen(&stage.world, "two in turn");
}

#[test]
fn those_who_wait_are_served_in_turn_and_one_who_steps_back_holds_up_nobody() {
    let stage = Stage::new();
    let (first, mut at_first) = ask(&stage, 1);
    let mut others: Vec<_> = (2..5).map(|n| ask(&stage, n)).collect();
    invoke(stage.give_back("ana", others[0].0)).unwrap().unwrap();
    invoke(stage.give_back("ana", first)).unwrap().unwrap();
    stage.expire_as_asked();
    stage.run(first, &mut at_first);
    for (id, at) in others.iter_mut().rev() {
        stage.run(*id, at);
    }
    for (id, at) in &mut others {
        stage.run(*id, at);
    }
    let states: Vec<_> = others.iter().map(|(id, _)| state(&stage, *id)).collect();
    assert_eq!(states, ["ENDED", "ACTIVE", "SCHEDULED"]);
}

#[test]
fn nothing_rotates_in_somebodys_hands() {
    let stage = Stage::new();
    let version = VersionId::new("by-a-schedule".to_owned());
    let rotate = |step| invoke(stage.rotation_step(&secret(), &version, step)).unwrap();
    let (id, _) = ask(&stage, 1);
    let refused = rotate(RotationStep::Create);
    assert!(matches!(refused, Err(RotateError::CheckedOut { by }) if by == id), "{refused:?}");
    assert!(reveal(&stage, id).is_some() && stage.world.has_access(id));
    invoke(stage.give_back("ana", id)).unwrap().unwrap();
    stage.expire_as_asked();
    rotate(RotationStep::Create).expect("in nobody's hands it may");
}

#[test]
fn a_step_of_an_older_rotation_that_comes_late_brings_no_password_back() {
    let stage = Stage::new();
    let mut names = Vec::new();
    for n in 1..4 {
        let (id, mut at) = ask(&stage, n);
        reveal(&stage, id).unwrap();
        if n < 3 {
            invoke(stage.give_back("ana", id)).unwrap().unwrap();
            stage.expire_as_asked();
            stage.run(id, &mut at);
        }
        names.push((id, VersionId::after(id.grant_id())));
    }
    for (_, version) in names[..2].iter().rev() {
        let late = |step| invoke(stage.rotation_step(&secret(), version, step));
        let _ = RotationStep::ALL.map(late);
    }
    let opens: Vec<_> = names.iter().map(|(id, _)| stage.world.has_access(*id)).collect();
    assert_eq!(opens, [false, false, true]);
}

/// Its caller has given it up, and another attempt has finished the rotation.
#[test]
fn f48_a_set_that_arrives_when_the_next_holder_has_the_credential_brings_back_nothing() {
    let stage = Stage::new();
    let [(first, mut at_first), (second, mut at_second)] = [1, 2].map(|n| ask(&stage, n));
    let step = |id: RequestId, step| {
        invoke(stage.rotation_step(&secret(), &VersionId::after(id.grant_id()), step)).unwrap()
    };
    reveal(&stage, first).unwrap();
    invoke(stage.give_back("ana", first)).unwrap().unwrap();
    step(first, RotationStep::Create).unwrap();
    stage.world.arm(Some(Fault { call: 2, mode: Mode::Delayed }));
    step(first, RotationStep::Set).unwrap_err();
    assert_eq!(stage.world.calls(), ["change custody", "replace login"]);
    stage.expire_as_asked();
    stage.run(first, &mut at_first);
    stage.run(second, &mut at_second);
    assert!(reveal(&stage, second).is_some(), "it need not wait to be handed on");
    invoke(stage.give_back("ana", second)).unwrap().unwrap();
    stage.expire_as_asked();
    stage.run(second, &mut at_second);
    let refused = step(second, RotationStep::Create);
    assert!(matches!(refused, Err(RotateError::Unsettled(_))), "{refused:?}");
    stage.world.pass(SET_SETTLE_SECONDS);
    stage.settle(second, &mut at_second);
    let opens = [first, second].map(|id| stage.world.has_access(id));
    assert_eq!((state(&stage, second), opens), ("ENDED", [false, false]));
}

#[test]
fn no_version_is_set_while_another_may_be_on_its_way() {
    let stage = Stage::new();
    let pending = VersionId::new("by-hand".to_owned());
    let set = || invoke(stage.rotation_step(&secret(), &pending, RotationStep::Set)).unwrap();
    let create = invoke(stage.rotation_step(&secret(), &pending, RotationStep::Create)).unwrap();
    create.unwrap();
    let other = SetAttempt::of("another", uuid::Uuid::nil(), stage.world.now());
    let begun = Custody::unknown(secret()).begin_set(other).unwrap();
    invoke(stage.world.change_custody(&begun)).unwrap().unwrap();
    let refused = set();
    assert!(matches!(refused, Err(RotateError::Unsettled(_))), "{refused:?}");
    stage.world.pass(SET_SETTLE_SECONDS);
    set().unwrap();
}

#[test]
fn f27_a_stray_pending_version_holds_up_no_rotation() {
    let stage = Stage::new();
    let (id, mut at) = ask(&stage, 1);
    reveal(&stage, id).unwrap();
    stage.world.state().vault.get_mut(&secret()).unwrap().versions.pending =
        Some(VersionId::new("stray".to_owned()));
    stage.world.pass(30 * 60);
    stage.run(id, &mut at);
    assert_eq!(state(&stage, id), "ENDED");
    assert!(!stage.world.has_access(id));
}

#[test]
fn f28_a_database_that_stays_down_keeps_its_credential_from_everybody_and_somebody_is_told() {
    let stage = Stage::new();
    let (first, mut at_first) = ask(&stage, 1);
    reveal(&stage, first).unwrap();
    let (second, mut at_second) = ask(&stage, 2);
    stage.world.state().target_is_down = true;
    stage.world.pass(30 * 60);
    stage.run(first, &mut at_first);
    for round in 0..10 {
        stage.world.pass(600);
        stage.sweep(&format!("down-{round}"));
        stage.rotate();
        stage.run(second, &mut at_second);
    }
    assert_eq!(state(&stage, first), "REMOVAL_FAILED");
    assert_eq!(state(&stage, second), "SCHEDULED");
    stage.world.state().target_is_down = false;
    stage.settle(first, &mut at_first);
    stage.run(second, &mut at_second);
    assert!(!stage.world.has_access(first) && reveal(&stage, second).is_some());
    nobody_sees_what_somebody_else_has_seen(&stage.world, "after an outage");
}

#[test]
fn a_rotation_that_never_finishes_is_reported_as_a_failed_removal() {
    let stage = Stage::new();
    let (id, _) = ask(&stage, 1);
    stage.world.pass(30 * 60);
    let expire = || invoke(stage.expire(id, EndCause::WindowOver)).unwrap();
    let early = expire();
    assert!(matches!(early, Err(stint_app::end_access::EndError::UnderWay)), "{early:?}");
    assert_eq!(state(&stage, id), "DEACTIVATING");
    stage.world.pass(120);
    expire().unwrap_err();
    assert_eq!(state(&stage, id), "REMOVAL_FAILED");
}

#[test]
fn fifty_who_race_for_one_credential_get_it_one_after_the_other_each_with_another_password() {
    let stage = Stage::new();
    let mut all: Vec<_> = (0..50).map(|n| ask(&stage, n)).collect();
    for _ in 0..50 {
        let held: Vec<_> = all.iter().filter(|(id, _)| state(&stage, *id) == "ACTIVE").collect();
        assert_eq!(held.len(), 1, "one at a time");
        let id = held[0].0;
        reveal(&stage, id).unwrap();
        invoke(stage.give_back("ana", id)).unwrap().unwrap();
        stage.expire_as_asked();
        all.iter_mut().for_each(|(id, at)| stage.run(*id, at));
    }
    assert!(all.iter().all(|(id, _)| state(&stage, *id) == "ENDED"));
    assert_eq!(stage.world.state().seen.len(), 50);
    nobody_sees_what_somebody_else_has_seen(&stage.world, "fifty");
}

/// Two checkouts, one after the other, with a failure at `fault` anywhere.
fn two_in_turn(fault: Option<Fault>) -> usize {
    let stage = Stage::new();
    stage.world.arm(fault);
    let what = format!("{fault:?}");
    let mut lives = Vec::new();
    for n in 1..3 {
        let key = stint_app::submit_request::IdempotencyClaim::new(&format!("key-{n}"), "body").unwrap();
        let ask =
            || SubmitRequest { idempotency: Some(key.clone()), queue: true, ..Stage::ask(CHECKOUT, "30m") };
        let submitted = (0..3).find_map(|_| invoke(stage.submit("ana", ask())).and_then(Result::ok));
        let id = submitted.expect("one of three tries").scope.request_id;
        lives.push((id, start()));
    }
    for _ in 0..12 {
        for (id, at) in &mut lives {
            stage.run(*id, at);
            let _ =
                (0..3).find_map(|_| invoke(stage.decide("ben", *id, Verdict::Approve)).and_then(Result::ok));
            stage.run(*id, at);
            let _ = (0..3).find_map(|_| invoke(stage.reveal("ana", *id)).and_then(Result::ok));
        }
        let given: Vec<_> =
            lives.iter().filter(|(id, _)| state(&stage, *id) == "ACTIVE").map(|(id, _)| *id).collect();
        assert!(given.len() <= 1, "{what}: I5, two at a time");
        nobody_sees_what_somebody_else_has_seen(&stage.world, &what);
        stage.world.pass(300);
        stage.sweep("sweep");
        stage.rotate();
    }
    for (id, at) in &mut lives {
        stage.settle(*id, at);
        assert!(stage.request(*id).is_final() && !stage.world.has_access(*id), "{what}");
    }
    nobody_sees_what_somebody_else_has_seen(&stage.world, &what);
    let custody = stage.world.state().custodies[&secret()].clone();
    assert_eq!((custody.holder(), custody.queue()), (None, &[][..]), "{what}: it is clean again");
    stage.world.calls().len()
}

#[test]
fn f25_f26_f29_f30_no_failure_anywhere_shows_one_password_to_two() {
    std::panic::set_hook(Box::new(|info| {
        if !info.payload().is::<stint_test_support::world::Crash>() {
            eprintln!("{info}");
        }
    }));
    let calls = two_in_turn(None);
    assert!(calls > 40, "{calls}");
    for call in 1..=calls {
        for mode in Mode::ALL {
            two_in_turn(Some(Fault { call, mode }));
        }
    }
    println!("two checkouts in turn: {calls} failpoints, {} modes, no violation", Mode::ALL.len());
}
