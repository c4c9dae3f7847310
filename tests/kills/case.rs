//! The kill points: each function, each of its calls, either side, once or for good.

use crate::life::{AT_ONCE, Life};
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

#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// `grant` or `expire`.
    pub(crate) function: &'static str,
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
        write!(f, "{:6} {side:6} {} {:18} {times:8}", self.function, self.call, self.operation)
    }
}

/// All cases of both functions, by the calls that an undisturbed lifecycle makes.
pub(crate) fn all(stage: &Stage) -> Vec<Case> {
    let life = Life::asked(stage, AT_ONCE, "4s");
    life.reaches("grant.activated");
    assert_eq!(life.access(), Access::Allowed);
    let ended = eventually("an undisturbed end", || life.over());
    assert_eq!(ended["detail"]["ended_by"], "EXPIRED", "{ended}");
    assert_eq!(life.access(), Access::Denied);
    ["grant", "expire"].iter().flat_map(|function| of(function, &life)).collect()
}

fn of(function: &'static str, life: &Life<'_>) -> Vec<Case> {
    let runs = eventually("the end of the run", || {
        Some(life.invocations(function)).filter(|_| life.returned(function) > 0)
    });
    let [run] = runs.as_slice() else { panic!("an undisturbed {function} runs once: {runs:?}") };
    let intent = (1..).zip(&run.calls).find(|(_, call)| *call == "ExecuteTransaction");
    let (intent, _) = intent.unwrap_or_else(|| panic!("{function} records what it is about to do: {run:?}"));
    let mut cases = Vec::new();
    for times in [Times::Once, Times::ForGood] {
        for (n, operation) in (1..).zip(&run.calls) {
            for side in [Side::Before, Side::After] {
                cases.push(Case { function, call: n, intent, operation: operation.clone(), side, times });
            }
        }
    }
    cases
}
