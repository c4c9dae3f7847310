//! The rules against a target of their own: attempts are on their way for a while, land late or never, and what is seen
//! is told later. Whatever is asked in whatever order, a grant that is over leaves nothing there.
//!
//! The target knows nothing of the rules but how long an attempt may take, which is a fact about the world.

use crate::fixtures::{another, at, every_state, receipt};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use stint_domain::grant::{Evidence, GrantState, Receipt};
use stint_domain::request::AccessRequest;
use stint_domain::transition::{Command, EndCause, GrantCommand, Step};

/// How long, in seconds, an attempt may still reach the target after it began.
const ON_ITS_WAY: i64 = 12;

/// A call of `grant` that will write this end to the target, or has.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Attempt {
    began_at: Timestamp,
    writes: Timestamp,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    OnItsWay,
    Landed,
    Refused,
}

#[derive(Debug, Clone)]
struct World {
    now: Timestamp,
    request: AccessRequest,
    attempts: Vec<Attempt>,
    /// When what lies at the target ends, if anything does.
    artefact: Option<Timestamp>,
    /// What was seen there and is not told yet.
    seen: Option<Receipt>,
}

#[derive(Debug, Clone)]
enum Happening {
    Pass { seconds: i64 },
    Attempt,
    Land(usize),
    Refuse(usize),
    Confirm,
    Extend,
    End(EndCause),
    Remove,
    Tell,
    Fail,
    Retry,
}

impl World {
    /// Puts it on record, if the rules let it.
    fn go(&mut self, command: GrantCommand) {
        if let Ok(Step::Do(event)) = self.request.decide(Command::Grant(command), self.now) {
            self.request = self.request.apply(&event, self.now).expect("what is decided applies");
        }
    }

    fn reaches(&self, attempt: &Attempt) -> bool {
        let age = self.now.as_second() - attempt.began_at.as_second();
        attempt.fate == Fate::OnItsWay && age < ON_ITS_WAY
    }

    /// What becomes of an attempt that can still reach the target.
    fn meets(&mut self, which: usize, fate: Fate) -> Option<Attempt> {
        let met = self.attempts.get(which).copied().filter(|attempt| self.reaches(attempt))?;
        self.attempts.get_mut(which)?.fate = fate;
        Some(met)
    }

    fn land(&mut self, which: usize) {
        if let Some(attempt) = self.meets(which, Fate::Landed) {
            self.artefact = Some(attempt.writes);
        }
    }

    /// The target answers this attempt that it will not have it, which its caller takes for the end of trying.
    fn refuse(&mut self, which: usize) {
        if self.meets(which, Fate::Refused).is_some() {
            self.go(GrantCommand::AbandonActivation { reason: "no".to_owned() });
        }
    }

    /// Only what is on record as begun reaches for the target.
    fn attempt(&mut self) {
        let begin = GrantCommand::BeginActivation;
        if let Ok(Step::Do(_)) = self.request.decide(Command::Grant(begin.clone()), self.now) {
            self.go(begin);
            let window = self.request.grant().and_then(GrantState::window).expect("an intent has a window");
            let (began_at, writes) = (self.now, window.ends_at());
            self.attempts.push(Attempt { began_at, writes, fate: Fate::OnItsWay });
        }
    }
}

impl ReferenceStateMachine for World {
    type State = Self;
    type Transition = Happening;

    fn init_state() -> BoxedStrategy<Self> {
        let scheduled = every_state().into_iter().find(|(name, _)| *name == "scheduled").unwrap().1;
        Just(Self {
            now: at("10:01:00"),
            request: scheduled,
            attempts: Vec::new(),
            artefact: None,
            seen: None,
        })
        .boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Happening> {
        use EndCause::{Ineligible, Overdue, Returned, Revoked, WindowOver, WorkflowEnded};
        let cause =
            prop::sample::select(vec![WindowOver, Overdue, Returned, Revoked, WorkflowEnded, Ineligible]);
        prop_oneof![
            4 => (1..8i64).prop_map(|seconds| Happening::Pass { seconds }),
            1 => (600..2400i64).prop_map(|seconds| Happening::Pass { seconds }),
            4 => Just(Happening::Attempt),
            4 => (0..4usize).prop_map(Happening::Land),
            1 => (0..4usize).prop_map(Happening::Refuse),
            3 => Just(Happening::Confirm),
            2 => Just(Happening::Extend),
            2 => cause.prop_map(Happening::End),
            4 => Just(Happening::Remove),
            4 => Just(Happening::Tell),
            1 => Just(Happening::Fail),
            1 => Just(Happening::Retry),
        ]
        .boxed()
    }

    fn apply(mut world: Self, happening: &Happening) -> Self {
        match happening {
            Happening::Pass { seconds } => world.now += SignedDuration::from_secs(*seconds),
            Happening::Attempt => world.attempt(),
            Happening::Land(which) => world.land(*which),
            Happening::Refuse(which) => world.refuse(*which),
            // Its caller has heard of the latest attempt that it has landed.
            Happening::Confirm if world.attempts.last().is_some_and(|last| last.fate == Fate::Landed) => {
                world.go(GrantCommand::ConfirmActivation);
            }
            Happening::Confirm => {}
            Happening::Extend => {
                world.go(GrantCommand::Extend { by: another(), duration: "30m".parse().unwrap() });
            }
            Happening::End(cause) => world.go(GrantCommand::End(*cause)),
            // Only what is on record to be removed is.
            Happening::Remove if matches!(world.request.grant(), Some(GrantState::Deactivating { .. })) => {
                world.artefact = None;
                world.seen = Some(Receipt { at: world.now, ..receipt() });
            }
            Happening::Remove => {}
            Happening::Tell => {
                if let Some(seen) = world.seen.take() {
                    world.go(GrantCommand::ConfirmRemoval(Evidence::Gone(seen)));
                }
            }
            Happening::Fail => {
                world.go(GrantCommand::ReportRemovalFailure { error: "busy".to_owned(), taken: true });
            }
            Happening::Retry => world.go(GrantCommand::RetryRemoval),
        }
        world
    }
}

struct Rules;

impl StateMachineTest for Rules {
    type SystemUnderTest = ();
    type Reference = World;

    fn init_test(_: &World) {}
    fn apply((): (), _: &World, _: Happening) {}

    fn check_invariants((): &(), world: &World) {
        let grant = world.request.grant().expect("an approved request has a grant");
        if world.request.is_final() {
            assert_eq!(world.artefact, None, "I1, left behind: {grant:?}");
            let late: Vec<_> = world.attempts.iter().filter(|attempt| world.reaches(attempt)).collect();
            assert!(late.is_empty(), "I1, on its way when all is over: {late:?}, {grant:?}");
        }
        let untouched = !matches!(grant, GrantState::Scheduled) || world.artefact.is_none();
        assert!(untouched, "I3, there without an intent");
        assert!(world.request.is_final() == world.request.due_at().is_none(), "I6, {grant:?}");
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_grant_that_is_over_leaves_nothing_at_its_target_now_or_later(sequential 1..60 => Rules);
}
