//! One-time roles, made and taken away one after the other in a local PostgreSQL server: by Stint, and by the same
//! statements alone, as the same administrator over the same TLS.
//!
//! Each takes its turn, a batch at a time, so that whatever else the machine does meets both.

mod bare;

use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};
use stint_local::postgres::{ADMIN, Postgres, READER};
use stint_local::{LocalError, Result};
use stint_postgres::one_time::{self, Look, OneTimeRole};
use stint_postgres::{Login, LoginSecret, MemberRole, RoleName, Server};
use tokio::runtime::Builder;
use uuid::Uuid;

const ROLES: u128 = 1_000;
const AT_A_TIME: u128 = 100;

pub(crate) fn run() -> Result<()> {
    let postgres = Postgres::start(None)?;
    let secret = LoginSecret::parse(&postgres.secret(ADMIN).to_string()).map_err(failed)?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(measure(&secret.server, &secret.login))
}

async fn measure(server: &Server, admin: &Login) -> Result<()> {
    let (mut ours, mut bare) = (Timings::default(), Timings::default());
    for first in (0..ROLES).step_by(AT_A_TIME as usize) {
        let names: Vec<_> =
            (first..first + AT_A_TIME).map(|number| RoleName::of(Uuid::from_u128(number))).collect();
        let began = Instant::now();
        for name in &names {
            one_time::create(server, admin, &role(name)?).await.map_err(failed)?;
        }
        ours.creation += began.elapsed();
        let began = Instant::now();
        for name in &names {
            one_time::remove(server, admin, name).await.map_err(failed)?;
        }
        ours.removal += began.elapsed();
        check(server, admin, names.first()).await?;
        bare::batch(server, admin, &names, &mut bare).await?;
    }
    report(&ours, &bare);
    Ok(())
}

/// A removal that did nothing would be fast.
async fn check(server: &Server, admin: &Login, name: Option<&RoleName>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    match one_time::look(server, admin, name).await.map_err(failed)? {
        Look::Gone { .. } => Ok(()),
        Look::StillThere { .. } => Err(LocalError::Unexpected(format!("{} is still there", name.name()))),
    }
}

#[derive(Default)]
struct Timings {
    creation: Duration,
    removal: Duration,
}

fn report(ours: &Timings, bare: &Timings) {
    println!("{ROLES} one-time roles      {:>12}{:>12}{:>8}", "Stint", "bare", "ratio");
    for (what, ours, bare) in
        [("made", ours.creation, bare.creation), ("taken away", ours.removal, bare.removal)]
    {
        let each = |all: Duration| format!("{:.2} ms", all.as_secs_f64() * 1e3 / ROLES as f64);
        let ratio = ours.as_secs_f64() / bare.as_secs_f64();
        println!("{what:<24}{:>12}{:>12}{ratio:>8.2}", each(ours), each(bare));
    }
}

fn role(name: &RoleName) -> Result<OneTimeRole> {
    Ok(OneTimeRole {
        name: name.clone(),
        ends_at: ends_at()?,
        member_of: vec![MemberRole::new(READER).map_err(failed)?],
        connection_limit: 5,
    })
}

fn ends_at() -> Result<Timestamp> {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().map_err(failed)?;
    let end = SignedDuration::try_from(now).map_err(failed)? + SignedDuration::from_hours(1);
    Timestamp::from_duration(end).map_err(failed)
}

fn failed(cause: impl std::fmt::Display) -> LocalError {
    LocalError::Unexpected(format!("the measurement: {cause}"))
}
