//! The phase of a case that is under fault. A fault hits every run of its function on a cloud, so a lane takes the
//! cases of one cloud one after the other, and only what follows overlaps.

use crate::case::{Case, Times, asked};
use crate::definition::Changed;
use crate::life::Life;
use crate::patience::eventually;
use serde_json::{Value, json};
use stint_local::hooks::{kill_at, kills, no_more_kills};
use stint_local::stage::Stage;

/// More than any case can use up.
const FOR_GOOD: u32 = 10_000;

fn arm(stage: &Stage, case: &Case) {
    let times = if case.times == Times::Once { 1 } else { FOR_GOOD };
    kill_at(&stage.http, &format!("stint-{}", case.function), case.call, case.side, times).unwrap();
}

fn killed(stage: &Stage, case: &Case) -> u64 {
    kills(&stage.http, &format!("stint-{}", case.function)).unwrap()
}

/// Asks; `grant` is killed until it gets through, or until the workflow gives up on it. Returns the kills, too.
pub(crate) fn grant_killed<'s>(stage: &'s Stage, case: &Case, begun: impl FnOnce(Life<'s>)) -> u64 {
    if case.leaves_no_record() {
        return with_fewer_retries(stage, || grant_killed_in_any_case(stage, case, begun));
    }
    grant_killed_in_any_case(stage, case, begun)
}

fn grant_killed_in_any_case<'s>(stage: &'s Stage, case: &Case, begun: impl FnOnce(Life<'s>)) -> u64 {
    arm(stage, case);
    let duration = if case.times == Times::Once { "12s" } else { "5s" };
    let life = asked(stage, case.decider, duration);
    let id = life.id.clone();
    begun(life);
    let count = |function| {
        let runs = stage.invocations(function, &id).unwrap();
        runs.iter().filter(|run| run.ended.is_some()).count() as u64
    };
    let kills = eventually(&format!("the end of what {case} is about"), || {
        let kills = killed(stage, case);
        (kills > 0 && (count("grant") > kills || count("expire") > 0)).then_some(kills)
    });
    no_more_kills(&stage.http).unwrap();
    kills
}

/// Asks and waits for the access, or for nobody's decision; then `expire` is killed: once, or until reconcile has ended
/// what it could not.
pub(crate) fn expire_killed<'s>(stage: &'s Stage, case: &Case, begun: impl FnOnce(Life<'s>)) -> u64 {
    let life = asked(stage, case.decider, "6s");
    let id = life.id.clone();
    let (begins, access) = case.decider.before_its_end();
    life.reaches(begins);
    assert_eq!(life.access(), access, "{case}");
    arm(stage, case);
    begun(life);
    let returned = || {
        let runs = stage.invocations("expire", &id).unwrap();
        runs.iter().filter(|run| run.ended.is_some()).count() as u64
    };
    let kills = eventually(&format!("the end of what {case} is about"), || {
        let kills = killed(stage, case);
        let over = case.times == Times::ForGood && is_over(stage, &id);
        (kills > 0 && (returned() > kills || over)).then_some(kills)
    });
    no_more_kills(&stage.http).unwrap();
    // The workflow's own next attempt must not come under the next case's fault.
    eventually(&format!("the end of the workflow of {id}"), || {
        (stage.execution(&id).unwrap().status().unwrap() != "RUNNING").then_some(())
    });
    kills
}

fn is_over(stage: &Stage, id: &str) -> bool {
    let ends = [r#""action":"grant.ended""#, r#""action":"request.lapsed""#];
    stage.audit(id).unwrap().iter().any(|row| ends.iter().any(|end| row.canonical.contains(end)))
}

/// Before an intent is on record nothing but the number of retries ends the attempts, three minutes in all. With two
/// retries in place of eight the way is the same.
fn with_fewer_retries<T>(stage: &Stage, act: impl FnOnce() -> T) -> T {
    let _changed = Changed::by(stage, |definition| {
        let retries = definition["States"]["Grant"]["Retry"].as_array_mut().unwrap();
        let died = |retry: &&mut Value| retry["ErrorEquals"].to_string().contains("Runtime.ExitError");
        retries.iter_mut().find(died).unwrap()["MaxAttempts"] = json!(2);
    });
    act()
}
