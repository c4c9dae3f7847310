//! Many grants that end in the same minute, in virtual time: Stint's own use cases and retry policy against an IAM that
//! takes twenty calls a second.
//!
//! Guards: every one of them denied at its second by its date; nothing left; hardly a call of IAM more than a removal
//! needs; and removals that take as long as IAM's rate makes them take, and no longer.

mod play;
mod report;
#[cfg(test)]
mod tests;

use super::clock::{Chance, Task};
use super::cloud::Cloud;
use super::machine::Retries;
use super::{block_on, clock, cloud, grants, iam, machine};
use jiff::{SignedDuration, Timestamp};
use play::Lambda;
use report::Report;
use stint_domain::access::Access;
use stint_local::{LocalError, Result};
use stint_policy::PolicyBundle;
use stint_test_support::world::World;

const SEED: u64 = 7;
/// When the first windows open; the simulation begins shortly before they end.
const OPENING: i64 = 1_795_341_600;
const BEFORE_THE_FIRST_END: SignedDuration = SignedDuration::from_secs(5);
/// Of a whole account, when nothing is reserved for one function.
const ACCOUNT: usize = 1_000;
const NEW_ACCOUNT: usize = 10;

#[derive(Clone, Copy)]
struct Play {
    grants: u64,
    /// Over how many seconds their ends are spread.
    over: u64,
    concurrency: usize,
    ephemeral: bool,
}

pub(crate) fn run() -> Result<()> {
    let policy =
        PolicyBundle::embedded().map_err(|cause| LocalError::Unexpected(format!("the policies: {cause}")))?;
    println!("{}", Report::columns());
    let mut failures = Vec::new();
    for play in plays() {
        let began = std::time::Instant::now();
        let report = simulate(play, &policy)?;
        println!("{}  ({:.1} s)", report.line(&play.name()), began.elapsed().as_secs_f32());
        failures.extend(report.failures().into_iter().map(|what| format!("{}: {what}", play.name())));
    }
    if failures.is_empty() { Ok(()) } else { Err(LocalError::Unexpected(failures.join("\n"))) }
}

/// Ten thousand at a thousand at a time are left out: what they do in vain takes many minutes to
/// simulate. The last was gone after 1,015 s, with 20,021 calls.
fn plays() -> Vec<Play> {
    let mut plays = Vec::new();
    for concurrency in [ACCOUNT, NEW_ACCOUNT] {
        let play = |grants, over, ephemeral| Play { grants, over, concurrency, ephemeral };
        plays.extend([play(100, 60, false), play(1_000, 60, false), play(100, 1, false)]);
        plays.extend([play(1_000, 1, false), play(1_000, 60, true)]);
    }
    plays.push(Play { grants: 10_000, over: 60, concurrency: NEW_ACCOUNT, ephemeral: false });
    plays
}

impl Play {
    fn name(&self) -> String {
        let kind = if self.ephemeral { " users" } else { "" };
        format!("{}{kind} in {} s, {} at a time", self.grants, self.over, self.concurrency)
    }

    fn access(&self) -> Result<Access> {
        let permissions = Vec::new();
        if self.ephemeral {
            return Ok(Access::EphemeralIamUser { permissions, account: None });
        }
        let user = "ana".parse().map_err(|cause| LocalError::Unexpected(format!("ana: {cause}")))?;
        Ok(Access::IamUserElevation { user, permissions, account: None })
    }
}

fn simulate(play: Play, policy: &PolicyBundle) -> Result<Report> {
    let at =
        |after| Timestamp::from_second(OPENING).map(|first| first.saturating_add(after).unwrap_or(first));
    let at = |after| at(after).map_err(|cause| LocalError::Unexpected(cause.to_string()));
    let (world, chance) = (World::starting_at(at(SignedDuration::ZERO)?), Chance::seeded(SEED));
    let mut given = Vec::new();
    for number in 0..play.grants {
        let late = SignedDuration::from_secs(i64::try_from(chance.below(play.over)).unwrap_or(0));
        let id = block_on(grants::active(&world, number, play.access()?, at(late)?))?;
        given.push((id, at(late + grants::LENGTH)?));
    }
    let (take, look) = Cloud::calls_of(&play.access()?);
    let cloud = Cloud::new(world, at(grants::LENGTH - BEFORE_THE_FIRST_END)?, SEED);
    let given: Vec<_> = given.into_iter().map(|(id, end)| (id, cloud.clock.micros_at(end))).collect();
    let (lambda, expire) = (Lambda::with_concurrency(play.concurrency), Retries::of_expire()?);
    let watchers = given.iter().map(|(id, end)| play::watcher(&cloud, &lambda, *id, *end));
    let executions = given.iter().map(|(id, end)| play::execution(&cloud, &lambda, &expire, *id, *end));
    let mut tasks: Vec<Task<'_>> = watchers.chain(executions).collect();
    tasks.push(play::sweeper(&cloud, policy, given.len()));
    cloud.clock.run(tasks);
    Ok(Report::of(&cloud, &lambda, &given, u64::from(take + look)))
}
