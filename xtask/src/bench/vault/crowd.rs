//! Many who want few credentials, in virtual time: Stint's own use cases and the workflow's pauses, over tables, a vault
//! and logins in memory whose answers take time.

use super::super::clock::{Task, lock, seconds};
use super::super::cloud::Cloud;
use super::super::machine::Retries;
use super::checkout::checkout;
use super::report::{Report, Stay};
use jiff::Timestamp;
use std::sync::Mutex;
use stint_domain::ids::SecretName;
use stint_local::{LocalError, Result};
use stint_policy::PolicyBundle;
use stint_test_support::world::{Vaulted, World};

const SEED: u64 = 7;
const BEGIN: i64 = 1_795_341_600;

#[derive(Clone, Copy)]
pub(super) struct Play {
    pub(super) requesters: u64,
    pub(super) secrets: u64,
    /// Checkouts of each requester, one after the other.
    pub(super) each: u64,
}

pub(super) struct Crowd {
    pub(super) cloud: Cloud,
    pub(super) policy: PolicyBundle,
    pub(super) retries: Retries,
    pub(super) secrets: Vec<SecretName>,
    pub(super) stays: Mutex<Vec<Stay>>,
    failures: Mutex<Vec<String>>,
}

pub(super) fn simulate(play: Play) -> Result<Report> {
    let crowd = Crowd::of(play).map_err(failed)?;
    let tasks = (0..play.requesters).map(|who| crowd.requester(who, play.each)).collect();
    crowd.cloud.clock.run(tasks);
    let failures = lock(&crowd.failures);
    if let Some(first) = failures.first() {
        return Err(failed(format!("{} failed, the first because {first}", failures.len())));
    }
    Ok(Report::of(&crowd, play))
}

fn failed(cause: impl std::fmt::Display) -> LocalError {
    LocalError::Unexpected(format!("the simulation: {cause}"))
}

impl Crowd {
    fn of(play: Play) -> Result<Self> {
        let world = World::starting_at(Timestamp::from_second(BEGIN).map_err(failed)?);
        let name = |number| format!("stint/vault/bench-{number}").parse::<SecretName>().map_err(failed);
        let secrets = (0..play.secrets).map(name).collect::<Result<Vec<_>>>()?;
        world.state().vault = secrets.iter().map(|name| (name.clone(), Vaulted::fresh(name))).collect();
        (0..play.requesters).try_for_each(|who| another(&world, who))?;
        let cloud = Cloud::new(world, Timestamp::from_second(BEGIN).map_err(failed)?, SEED);
        let (policy, retries) = (PolicyBundle::embedded().map_err(failed)?, Retries::of_grant()?);
        let (stays, failures) = (Mutex::default(), Mutex::default());
        Ok(Self { cloud, policy, retries, secrets, stays, failures })
    }

    fn requester(&self, who: u64, each: u64) -> Task<'_> {
        Box::pin(async move {
            for number in who * each..(who + 1) * each {
                self.cloud.clock.sleep(self.cloud.chance.below(seconds(60))).await;
                match checkout(self, &named(who), number).await {
                    Ok(stay) => lock(&self.stays).push(stay),
                    Err(cause) => return lock(&self.failures).push(format!("{number}: {cause}")),
                }
            }
        })
    }

    /// Secrets that both of two have been shown.
    pub(super) fn shown_twice(&self) -> usize {
        let state = self.cloud.world.state();
        let others = |one: &&stint_test_support::world::Seen| {
            state.seen.iter().any(|other| other.value == one.value && other.by != one.by)
        };
        state.seen.iter().filter(others).count()
    }
}

pub(super) fn named(who: u64) -> String {
    format!("requester-{who}")
}

/// Somebody like Ana.
fn another(world: &World, who: u64) -> Result<()> {
    let id = named(who).parse().map_err(failed)?;
    let mut state = world.state();
    let ana = state.people.values().find(|person| person.id.as_str() == "ana").cloned();
    let mut person = ana.ok_or_else(|| failed("the sample organisation has no ana"))?;
    person.id = id;
    state.people.insert(person.id.clone(), person);
    Ok(())
}
