//! The vault, explored exhaustively: I5 in every order of two checkouts and their rotations.

use crate::vault::{Checkouts, Proc, Rotating, Step, Vault};
use stateright::{Checker, Model, Property};
use stint_domain::grant::GrantState;

const BOTH: [usize; 2] = [0, 1];

impl Model for Checkouts {
    type State = Vault;
    type Action = Step;

    fn init_states(&self) -> Vec<Vault> {
        vec![Vault::begin()]
    }

    fn actions(&self, vault: &Vault, actions: &mut Vec<Step>) {
        actions.extend(vault.possible(self));
    }

    fn next_state(&self, vault: &Vault, step: Step) -> Option<Vault> {
        let mut next = vault.clone();
        next.take(step);
        (next != *vault).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        [always(), sometimes()].concat()
    }
}

fn always() -> Vec<Property<Checkouts>> {
    vec![
        Property::always("nobody is shown what somebody else has seen", |_, vault: &Vault| {
            !vault.shown_to_both()
        }),
        Property::always("what is free works, and nobody has seen it", |_, vault: &Vault| {
            vault.holder().is_some() || vault.is_clean()
        }),
        Property::always("whoever is given it holds it", |_, vault: &Vault| {
            BOTH.into_iter().all(|of| !vault.grant(of).is_given() || vault.holder() == Some(of))
        }),
        Property::always("it is not rotated in somebody's hands", |_, vault: &Vault| {
            BOTH.into_iter().all(|of| !(vault.is_active(of) && vault.shown(of)) || vault.opens(of))
        }),
        Property::always("what was seen opens nothing once the grant is over", |_, vault: &Vault| {
            let over = |of: &usize| vault.grant(*of).is_final() && !vault.forced(*of);
            BOTH.into_iter().filter(over).all(|of| !vault.opens(of))
        }),
        Property::always("reconcile alone brings it to an end, clean or kept", |_, vault: &Vault| {
            let mut alone = vault.clone();
            // Of any other state, the one with all of these dead is a successor.
            if alone.procs().is_empty() && !alone.is_at_its_end() {
                alone.reconcile_alone();
            }
            !alone.procs().is_empty() || alone.is_at_its_end()
        }),
    ]
}

fn sometimes() -> Vec<Property<Checkouts>> {
    vec![
        Property::sometimes("both have been shown one, and both are over", |_, vault: &Vault| {
            BOTH.into_iter().all(|of| vault.shown(of) && vault.grant(of).is_final())
        }),
        Property::sometimes("one waits while the other has it", |_, vault: &Vault| {
            vault.queue() > 0 && BOTH.into_iter().any(|of| vault.is_active(of))
        }),
        Property::sometimes("one that waits has stepped back", |_, vault: &Vault| {
            vault.queue() > 0 && vault.requests_over() > 0 && vault.holder().is_none()
        }),
        Property::sometimes("a rotation is doubled", |_, vault: &Vault| {
            vault.procs().iter().filter(|proc| matches!(proc, Proc::Rotate { after: 0, .. })).count() > 1
        }),
        Property::sometimes("a step of a rotation is late, and the next one holds it", |_, vault: &Vault| {
            let late = Proc::Rotate { after: 0, then: Rotating::Set };
            vault.procs().contains(&late) && vault.is_active(1) && vault.shown(1)
        }),
        Property::sometimes("a set stalls, and the next rotation waits for it", |_, vault: &Vault| {
            let at_work = |what: fn(&Proc) -> bool| vault.procs().iter().any(what);
            at_work(|proc| matches!(proc, Proc::Rotate { after: 0, then: Rotating::Write(_) }))
                && at_work(|proc| matches!(proc, Proc::Rotate { after: 1, then: Rotating::Set }))
        }),
        Property::sometimes("a rotation is left half done", |_, vault: &Vault| {
            vault.procs().is_empty() && vault.is_half_rotated()
        }),
        Property::sometimes("one that was forced keeps it from who waits", |_, vault: &Vault| {
            vault.forced(0)
                && vault.shown(0)
                && matches!(vault.grant(1), GrantState::Scheduled)
                && vault.queue() > 0
        }),
    ]
}

fn explored(within: Checkouts, at_least: usize) -> impl Checker<Checkouts> {
    let checker = within.clone().checker().threads(2).spawn_bfs().join();
    println!("depth {}", checker.max_depth());
    println!("{within:?}: {} states", checker.unique_state_count());
    assert!(checker.unique_state_count() > at_least, "the model is not trivial");
    checker
}

#[test]
fn no_order_no_repetition_and_no_death_shows_one_password_to_two() {
    explored(Checkouts { begun: [[1, 1, 1], [2, 1, 1]], rotations: [2, 1], at_work: 2, ticks: 1 }, 10_000)
        .assert_properties();
}
