//! Rotations over the local cloud: the functions' own processes, a real PostgreSQL server, and Secrets Manager's part by
//! the local cloud.
//!
//! The local cloud is one Python process on this machine. What it takes by itself is told apart by as many of the cheapest
//! call of Secrets Manager, made bare in the same run.

use super::super::clock::Micros;
use super::report::spread;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use stint_domain::ids::RequestId;
use stint_local::api::id;
use stint_local::hooks::{self, Invocation};
use stint_local::json::at;
use stint_local::vault::{self, LOGIN};
use stint_local::{LocalError, Result, Stage, wait};

const CHECKOUTS: usize = 30;
const APPROVER: &str = "ben@example.com";
const LATE: Duration = Duration::from_secs(60);
/// Whose calls are those of a rotation.
const ROTATES: &str = "stint-rotate-credential";

struct Measured {
    clean: Micros,
    bare: Micros,
    invocations: Vec<Invocation>,
}

pub(super) fn run() -> Result<()> {
    let stage = Stage::start()?;
    vault::seed(&stage.admin, &stage.outputs, &stage.http)?;
    let measured = (0..CHECKOUTS).map(|_| checkout(&stage)).collect::<Result<Vec<_>>>()?;
    let of = |part: fn(&Measured) -> Micros| measured.iter().map(part).collect();
    println!("{CHECKOUTS} checkouts of a PostgreSQL login, local cloud       p50      p99      max");
    println!("{}", spread("from returned to clean", of(|one| one.clean)));
    println!("{}", spread("  as many calls, bare, of the local cloud", of(|one| one.bare)));
    measured.last().map_or(Ok(()), |last| report(&last.invocations))
}

/// One, from the request until its execution has ended.
fn checkout(stage: &Stage) -> Result<Measured> {
    let session = stage.sign_in("ana")?;
    let request = id(&session.request("orders-repair", "30m", "a measurement")?)?.to_owned();
    stage.decide_by_mail(APPROVER, &request, "approve")?;
    let state = |wanted: &str| {
        let is = |request: &serde_json::Value| at(request, "/grant/state") == wanted;
        wait::until(wanted, LATE, || Ok(Some(session.look(&request)?).filter(is)))
    };
    state("ACTIVE")?;
    let grant = request.parse::<RequestId>().map_err(failed)?.grant_id();
    session.ask_for_credentials(&grant.to_string())?.ok("credentials")?;
    hooks::forget_invocations(&stage.http)?;
    let began = Instant::now();
    session.post(&format!("/v1/grants/{grant}/return"), &serde_json::Value::Null)?.ok("return")?;
    state("ENDED")?;
    let clean = micros(began);
    let mut invocations = hooks::invocations(&stage.http)?;
    invocations.retain(|one| one.function == ROTATES);
    Ok(Measured {
        clean,
        bare: bare(stage, invocations.iter().map(|one| one.calls.len()).sum())?,
        invocations,
    })
}

fn bare(stage: &Stage, calls: usize) -> Result<Micros> {
    let began = Instant::now();
    for _ in 0..calls {
        vault::secrets(&stage.admin, "DescribeSecret", &serde_json::json!({"SecretId": LOGIN}))?;
    }
    Ok(micros(began))
}

fn micros(since: Instant) -> Micros {
    Micros::try_from(since.elapsed().as_micros()).unwrap_or(Micros::MAX)
}

/// What was called, and how often. A rotation that calls nothing has not been seen.
fn report(invocations: &[Invocation]) -> Result<()> {
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    invocations.iter().flat_map(|one| &one.calls).for_each(|call| *calls.entry(call).or_default() += 1);
    let all: usize = calls.values().sum();
    let each: Vec<_> = calls.iter().map(|(call, times)| format!("{call} {times}")).collect();
    println!("AWS calls of a rotation: {all} in {} invocations ({})", invocations.len(), each.join(", "));
    if all == 0 { Err(failed("the rotation made no call")) } else { Ok(()) }
}

fn failed(cause: impl std::fmt::Display) -> LocalError {
    LocalError::Unexpected(format!("the measurement: {cause}"))
}
