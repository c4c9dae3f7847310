//! How the state machine tries again: read from its definition, which is the authority.

use super::clock::{Chance, Micros, seconds};
use serde::Deserialize;
use stint_local::{LocalError, Result};

const DEFINITION: &str = include_str!("../../../statemachines/access.asl.json");

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    states: States,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct States {
    grant: Retries,
    expire: Retries,
}

/// What one of its states does about errors.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Retries {
    retry: Vec<Retrier>,
}

/// Left out means what the language says; without a jitter strategy there is no jitter.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Retrier {
    error_equals: Vec<String>,
    #[serde(default = "one")]
    interval_seconds: u64,
    #[serde(default = "two")]
    backoff_rate: f64,
    #[serde(default = "three")]
    max_attempts: u32,
    max_delay_seconds: Option<u64>,
    #[serde(default)]
    jitter_strategy: Jitter,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum Jitter {
    Full,
    #[default]
    None,
}

const fn one() -> u64 {
    1
}

const fn two() -> f64 {
    2.0
}

const fn three() -> u32 {
    3
}

impl Retrier {
    fn takes(&self, error: &str) -> bool {
        self.error_equals.iter().any(|name| name == error || name == "States.ALL")
    }

    fn pause(&self, used: u32, chance: &Chance) -> Micros {
        let most = self.max_delay_seconds.map_or(f64::MAX, |most| most as f64);
        let longest = (self.interval_seconds as f64 * self.backoff_rate.powf(f64::from(used))).min(most);
        let longest = seconds(1).saturating_mul((longest * 1e3) as u64) / 1_000;
        match self.jitter_strategy {
            Jitter::Full => chance.below(longest + 1),
            Jitter::None => longest,
        }
    }
}

fn states() -> Result<States> {
    let read = serde_json::from_str::<Definition>(DEFINITION);
    read.map(|definition| definition.states)
        .map_err(|cause| LocalError::Unexpected(format!("the state machine's definition: {cause}")))
}

impl Retries {
    /// Where access is given.
    pub(super) fn of_grant() -> Result<Self> {
        Ok(states()?.grant)
    }

    /// At the end of a window.
    pub(super) fn of_expire() -> Result<Self> {
        Ok(states()?.expire)
    }

    pub(super) fn tries(&self) -> Tries<'_> {
        Tries { rules: self.retry.iter().map(|rule| (rule, 0)).collect() }
    }
}

/// One execution's: each rule counts for itself.
pub(super) struct Tries<'a> {
    rules: Vec<(&'a Retrier, u32)>,
}

impl Tries<'_> {
    /// How long to wait before the task is tried again, if it is.
    pub(super) fn after(&mut self, error: &str, chance: &Chance) -> Option<Micros> {
        let (rule, used) = self.rules.iter_mut().find(|(rule, _)| rule.takes(error))?;
        let pause = (*used < rule.max_attempts).then(|| rule.pause(*used, chance));
        *used += 1;
        pause
    }
}
