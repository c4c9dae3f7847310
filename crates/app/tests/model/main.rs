//! The workflow, the API and reconcile as a model, explored exhaustively: two overlapping requests, whose invocations come
//! twice, interleave in any order, and die at any step.
//!
//! What is decided is decided by the domain itself. The model adds what is between the decisions: what a process has read,
//! when its effect arrives, and that it may never come to its next step.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop"
)]

mod checkouts;
mod life;
mod vault;

use life::{Lives, Proc, Requests, Step};
use stateright::{Checker, Expectation, Model, Property};

impl Model for Requests {
    type State = Lives;
    type Action = Step;

    fn init_states(&self) -> Vec<Lives> {
        vec![Lives::begin()]
    }

    fn actions(&self, lives: &Lives, actions: &mut Vec<Step>) {
        actions.extend(lives.possible(self));
    }

    fn next_state(&self, lives: &Lives, step: Step) -> Option<Lives> {
        let mut next = lives.clone();
        next.take(step).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("what is over has left nothing", |_, lives: &Lives| {
                lives.each(|life| !life.is_final() || !life.at_target)
            }),
            Property::always(
                "nothing is at the target without an approval and an intent",
                |_, lives: &Lives| lives.each(|life| !life.at_target || life.was_intended()),
            ),
            Property::always("an end is never taken back", |_, lives: &Lives| {
                lives.each(|life| !life.reopened)
            }),
            Property::always("reconcile alone brings everything to its end", |_, lives: &Lives| {
                let mut alone = lives.clone();
                alone.reconcile_alone();
                alone.each(|life| life.is_final() && !life.at_target)
            }),
            Property::sometimes("both are active at once", |_, lives: &Lives| {
                lives.each(|life| life.is_active())
            }),
            Property::sometimes("one is over while the other goes on", |_, lives: &Lives| {
                lives.any(|life| life.ended_after_use() == Some(true)) && lives.any(|life| life.is_active())
            }),
            Property::sometimes("two invocations give the same access side by side", |_, lives: &Lives| {
                lives.count(|proc| matches!(proc, Proc::Give { .. })) > 1
            }),
            Property::sometimes("a removal meets an activation on its way", |_, lives: &Lives| {
                lives.any(|life| life.is_deactivating() && life.at_target)
                    && lives.count(|proc| matches!(proc, Proc::Give { .. })) > 0
            }),
            Property::sometimes("a removal has to wait until all has settled", |_, lives: &Lives| {
                lives.has_to_settle()
            }),
            Property::sometimes("a commit is lost to somebody faster", |_, lives: &Lives| {
                lives.loses_a_race()
            }),
            Property::sometimes("an activation dies half way and is cleaned up", |_, lives: &Lives| {
                lives.any(|life| life.ended_after_use() == Some(false))
            }),
        ]
    }
}

fn explored(within: Requests, at_least: usize) -> impl Checker<Requests> {
    let checker = within.clone().checker().threads(2).spawn_bfs().join();
    println!("{within:?}: {} states", checker.unique_state_count());
    assert!(checker.unique_state_count() > at_least, "the model is not trivial");
    checker
}

#[test]
fn no_order_of_steps_no_repetition_and_no_death_leaves_anything_behind() {
    explored(Requests { begun: [2, 2], at_work: 2, ticks: 1 }, 10_000).assert_properties();
}

/// One request alone, with more at work on it, and on beyond the end of its window.
#[test]
fn nor_do_three_invocations_at_once_from_before_the_window_until_after_it() {
    let checker = explored(Requests { begun: [3, 0], at_work: 3, ticks: 3 }, 10_000);
    let properties = checker.model().properties();
    for always in properties.iter().filter(|property| property.expectation == Expectation::Always) {
        checker.assert_no_discovery(always.name);
    }
}
