//! Vaulted credentials, for real: a PostgreSQL login and an access key, each in one person's hands at a time.

use crate::scene::{Journey, now, stage, succeeded};
use crate::secrets;
use crate::seen::until;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use stint_local::http::Answer;
use stint_local::probe::Access;
use stint_local::vault::{self, Answered, Database};
use stint_local::wait;

pub(crate) const LOGIN: &str = "orders-repair";
const KEY: &str = "reports-export";
const THROUGH: [&str; 5] = ["AwaitApproval", "Grant", "AccessWindow", "Expire", "RotateCredential"];

/// There is one of each credential, and these tests want it to themselves.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    vault::seed(&stage().admin, &stage().outputs, &stage().http).unwrap();
    alone
}

/// What `psql` says to a login's fields: its output, or what the server answered.
pub(crate) fn psql(fields: &Value, sql: &str) -> Result<String, String> {
    match Database::of(&stage().http).unwrap().psql(fields, sql).unwrap() {
        Answered::Rows(rows) => Ok(rows),
        Answered::Refused(why) => Err(why),
    }
}

/// What they are shown, or told.
pub(crate) fn answered(journey: &Journey) -> Answer {
    let path = format!("/v1/grants/{}/credentials", journey.grant_id());
    journey.session.post(&path, &Value::Null).unwrap()
}

fn shown(journey: &Journey) -> Value {
    let answer = answered(journey).ok("credentials").unwrap().json();
    secrets::text_was_handed_out(answer["fields"]["password"].as_str().unwrap());
    answer["fields"].clone()
}

pub(crate) fn refused(result: &Result<String, String>) -> bool {
    matches!(result, Err(said) if said.contains("password authentication failed"))
}

#[test]
fn a_database_password_works_in_the_window_and_has_been_replaced_after_it() {
    let _alone = alone();
    let journey = Journey::begin(LOGIN, "10s");
    journey.decided("approve");
    let ends_at = journey.window_end();
    let fields = shown(&journey);
    assert_eq!(psql(&fields, "SELECT item FROM orders WHERE id = 4711"), Ok("a sample order".to_owned()));
    until(ends_at);
    assert_eq!(journey.ended(), succeeded(&THROUGH));
    let after = psql(&fields, "SELECT 1");
    assert!(refused(&after), "{after:?}");
    let grant = journey.look()["grant"].clone();
    assert_eq!(grant["state"], "ENDED");
    let answered = grant["proof"]["receipt"]["answered"].as_str().unwrap();
    assert!(answered.starts_with("rotated to version stint-"), "{answered}");
    let actions = journey.actions();
    assert!(actions.contains(&"grant.secret_revealed".to_owned()), "{actions:?}");
    secrets::are_nowhere();
}

#[test]
fn whoever_comes_second_is_told_by_whom_it_is_held_and_gets_another_password_in_turn() {
    let _alone = alone();
    let first = Journey::begin(LOGIN, "30m");
    first.decided("approve");
    first.until_grant("ACTIVE");
    let fields = shown(&first);
    let ask = json!({"entitlement": LOGIN, "duration": "10m", "justification": "me too"});
    let told = first.session.post("/v1/requests", &ask).unwrap();
    assert_eq!((told.status, told.json()["type"].clone()), (409, json!("urn:stint:problem:in-use")));
    assert_eq!(told.json()["held_by"], "Ana");
    assert!(told.json()["held_until"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap() > now());

    let queued = json!({"entitlement": LOGIN, "duration": "10m", "justification": "me too", "queue": true});
    let second = Journey::asking(&queued);
    second.decided("approve");
    second.until_grant("SCHEDULED");
    first.withdraw("return");
    first.until_grant("ENDED");
    second.until_grant("ACTIVE");
    let next = shown(&second);
    assert_ne!(next["password"], fields["password"]);
    assert!(refused(&psql(&fields, "SELECT 1")), "the first is worth nothing");
    assert!(psql(&next, "SELECT 1").is_ok());
    second.withdraw("return");
    second.until_grant("ENDED");
    secrets::are_nowhere();
}

#[test]
fn a_connection_of_the_old_password_is_cut_and_no_password_is_in_the_servers_log() {
    let _alone = alone();
    let journey = Journey::begin(LOGIN, "30m");
    journey.decided("approve");
    journey.until_grant("ACTIVE");
    let fields = shown(&journey);
    let kept = fields.clone();
    let live = std::thread::spawn(move || psql(&kept, "SELECT pg_sleep(60)"));
    wait::until("the connection", crate::scene::LATE, || {
        let busy = psql(&fields, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()");
        Ok((busy == Ok("1".to_owned())).then_some(()))
    })
    .unwrap();
    journey.withdraw("return");
    journey.until_grant("ENDED");
    let cut = live.join().unwrap();
    assert!(matches!(&cut, Err(said) if said.contains("terminating connection")), "{cut:?}");
    let database = Database::of(&stage().http).unwrap();
    let log = std::fs::read_to_string(&database.log).unwrap();
    assert!(log.contains("SCRAM-SHA-256$4096:"), "the server was told a verifier");
    assert!(!log.contains(fields["password"].as_str().unwrap()), "and never a password");
}

#[test]
fn a_database_role_of_its_own_works_in_the_window_and_is_gone_after_it() {
    let _alone = alone();
    let journey = Journey::begin("orders-read", "12s");
    journey.decided("approve");
    let ends_at = journey.window_end();
    journey.until_grant("ACTIVE");
    let fields = shown(&journey);
    assert_eq!(psql(&fields, "SELECT item FROM orders WHERE id = 4711"), Ok("a sample order".to_owned()));
    let denied = psql(&fields, "DELETE FROM orders");
    assert!(matches!(&denied, Err(said) if said.contains("permission denied")), "{denied:?}");
    until(ends_at);
    assert_eq!(journey.ended(), succeeded(&["AwaitApproval", "Grant", "AccessWindow", "Expire"]));
    let after = psql(&fields, "SELECT 1");
    assert!(refused(&after), "{after:?}");
    assert_eq!(journey.look()["grant"]["state"], "ENDED");
    secrets::are_nowhere();
}

#[test]
fn an_access_key_works_in_the_window_and_is_gone_after_it_with_the_sessions_made_of_it() {
    let _alone = alone();
    let journey = Journey::begin(KEY, "10s");
    journey.decided("approve");
    let ends_at = journey.window_end();
    let probe = journey.reveals();
    probe.until_allowed("payments");
    assert_eq!(probe.read("build-logs"), Access::Denied, "only what the user may");
    until(ends_at);
    assert_eq!(journey.ended(), succeeded(&THROUGH));
    assert_eq!(probe.read("payments"), Access::NoSuchKey);
    assert!(stage().policies_of(vault::USER).unwrap().contains(&"stint-sessions-before".to_owned()));
    let next = journey.then(KEY, "10m");
    next.decided("approve");
    next.until_grant("ACTIVE");
    next.reveals().until_allowed("payments");
    next.withdraw("return");
    next.until_grant("ENDED");
    secrets::are_nowhere();
}
