//! The kill points: each function, each of its calls, either side, once or for good.

use crate::life::{AT_ONCE, BY_A_PERSON, Life, NEVER_DECIDED, What};
use crate::patience::eventually;
use std::fmt;
use stint_local::Stage;
use stint_local::hooks::Side;
use stint_local::probe::Access;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    /// As long as the phase lasts in which the function is called.
    ForGood,
}

/// Who decides about what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decider {
    Policy,
    Person,
    Nobody,
}

impl Decider {
    pub(crate) const fn what(self) -> What {
        match self {
            Self::Policy => AT_ONCE,
            Self::Person => BY_A_PERSON,
            Self::Nobody => NEVER_DECIDED,
        }
    }

    /// The last event before what ends it, and whether its requester can read then.
    pub(crate) const fn before_its_end(self) -> (&'static str, Access) {
        match self {
            Self::Policy | Self::Person => ("grant.activated", Access::Allowed),
            Self::Nobody => ("request.approvers_notified", Access::Denied),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Person => "a person",
            Self::Nobody => "nobody",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// `grant` or `expire`.
    pub(crate) function: &'static str,
    pub(crate) decider: Decider,
    /// From 1.
    pub(crate) call: u32,
    /// The call that puts the intent on record.
    intent: u32,
    /// What an undisturbed run does there.
    pub(crate) operation: String,
    pub(crate) side: Side,
    pub(crate) times: Times,
}

impl Case {
    /// Dies for good before its intent is on record: the workflow tries until its retries run out.
    pub(crate) fn leaves_no_record(&self) -> bool {
        let before_intent =
            self.call < self.intent || (self.call == self.intent && self.side == Side::Before);
        self.function == "grant" && self.times == Times::ForGood && before_intent
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.side == Side::Before { "before" } else { "after" };
        let times = if self.times == Times::Once { "once" } else { "for good" };
        let (function, decider) = (self.function, self.decider.name());
        write!(f, "{function:6} {decider:8} {side:6} {} {:22} {times:8}", self.call, self.operation)
    }
}

/// What an undisturbed run calls.
type Calls = Vec<String>;

/// All cases of both functions, by the calls that undisturbed lives make: of one that policy begins all of them, of one
/// that a person begins what `grant` asks about their approval, of one that nobody decides what closes it.
pub(crate) fn all(stage: &Stage) -> Vec<Case> {
    let lives = [Decider::Nobody, Decider::Policy, Decider::Person].map(|by| (by, asked(stage, by, "8s")));
    let [(_, undecided), (_, at_once), (_, by_a_person)] = &lives;
    for (by, life) in lives.iter().rev() {
        let (begun, access) = by.before_its_end();
        life.reaches(begun);
        assert_eq!(life.access(), access, "{by:?}");
    }
    for life in [at_once, by_a_person] {
        let ended = eventually("an undisturbed end", || life.over());
        assert_eq!(ended["detail"]["ended_by"], "EXPIRED", "{ended}");
        assert_eq!(life.access(), Access::Denied);
    }
    let (grant, expire) = (calls("grant", at_once), calls("expire", at_once));
    let sealed = calls("grant", by_a_person);
    let besides = besides(&sealed, &grant);
    assert!(
        besides.iter().any(|at| sealed[*at] == "VerifyMac"),
        "a person's approval is checked: {sealed:?}"
    );
    let lapse = calls("expire", undecided);
    [
        cases("grant", Decider::Policy, &grant, &each(&grant)),
        cases("expire", Decider::Policy, &expire, &each(&expire)),
        cases("grant", Decider::Person, &sealed, &moments(&besides)),
        cases("expire", Decider::Nobody, &lapse, &moments(&(0..lapse.len()).collect::<Vec<_>>())),
    ]
    .concat()
}

/// Somebody new asks, and whoever it is for approves.
pub(crate) fn asked<'s>(stage: &'s Stage, by: Decider, duration: &str) -> Life<'s> {
    let life = Life::asked(stage, by.what(), duration);
    if by == Decider::Person {
        life.approved();
    }
    life
}

fn calls(function: &'static str, life: &Life<'_>) -> Calls {
    let runs = eventually("the end of the run", || {
        Some(life.invocations(function)).filter(|_| life.returned(function) > 0)
    });
    let [run] = runs.as_slice() else { panic!("an undisturbed {function} runs once: {runs:?}") };
    run.calls.clone()
}

/// From the first call that the others do not make up to the intent.
fn besides(calls: &Calls, others: &Calls) -> Vec<usize> {
    let first = calls.iter().position(|call| !others.contains(call));
    (first.expect("a call of its own")..intent(calls)).collect()
}

/// The call that puts the intent on record.
fn intent(calls: &Calls) -> usize {
    let found = calls.iter().position(|call| call == "ExecuteTransaction");
    found.unwrap_or_else(|| panic!("what is about to be done is recorded: {calls:?}"))
}

type Moment = (usize, Side);

fn each(calls: &Calls) -> Vec<Moment> {
    (0..calls.len()).flat_map(|at| [Side::Before, Side::After].map(|side| (at, side))).collect()
}

/// Before a call and after the one before it is the same moment.
fn moments(calls: &[usize]) -> Vec<Moment> {
    let follows = |at: usize| at.checked_sub(1).is_some_and(|before| calls.contains(&before));
    let before = |at: usize| (!follows(at)).then_some((at, Side::Before));
    calls.iter().flat_map(|at| before(*at).into_iter().chain([(*at, Side::After)])).collect()
}

fn cases(function: &'static str, decider: Decider, calls: &Calls, moments: &[Moment]) -> Vec<Case> {
    let number = |at: usize| u32::try_from(at + 1).unwrap();
    let intent = number(intent(calls));
    let case = |times| {
        move |(at, side): &Moment| {
            let (call, operation) = (number(*at), calls[*at].clone());
            Case { function, decider, call, intent, operation, side: *side, times }
        }
    };
    [Times::Once, Times::ForGood].into_iter().flat_map(|times| moments.iter().map(case(times))).collect()
}
