//! IAM takes seconds to know everywhere what it was told, and so does access; nothing fails for it.

use crate::scene::LATE;
use serde_json::json;
use stint_local::probe::Access;
use stint_local::stage::{SOON, Stage};
use stint_local::{Result, api, wait};

/// Seconds, for decisions and for reads.
fn iam_takes(stage: &Stage, decisions: u32, reads: u32) -> Result<()> {
    let knob = json!({"seconds": decisions, "reads": reads}).to_string();
    stage.http.send("POST", "/_stint/propagation", &[], &knob)?.ok("propagation").map(drop)
}

#[test]
fn a_user_of_a_grants_own_is_made_used_and_removed_although_iam_is_seconds_behind() {
    let stage = Stage::start().unwrap(); // its own, since everybody on it waits
    let ana = stage.sign_in("ana").unwrap();
    iam_takes(&stage, 3, 2).unwrap();
    let id =
        api::id(&ana.request("payments-repair", "25s", "a payment is stuck").unwrap()).unwrap().to_owned();
    stage.decide_by_mail("ben@example.com", &id, "approve").unwrap();
    let state = |wanted: &str| {
        let seen = || Ok(Some(ana.look(&id)?["grant"].clone()).filter(|grant| grant["state"] == wanted));
        let grant = wait::until(&format!("{wanted} of {id}"), LATE, seen);
        grant.unwrap_or_else(|error| panic!("{error}: {}", ana.look(&id).unwrap()["grant"]))
    };
    state("ACTIVE");
    let key = wait::until("a key", SOON, || {
        let answer = ana.ask_for_credentials(&id.replacen("req-", "grant-", 1))?;
        Ok((answer.status == 200).then(|| answer.json()))
    });
    let key = stint_local::key::AccessKey::handed_out(&key.unwrap()).unwrap();
    let probe = stage.probe_with(&key).unwrap();
    let allowed = || Ok((probe.read("payments")? == Access::Allowed).then_some(()));
    wait::until("access", SOON, allowed).unwrap();
    assert_eq!(state("ENDED")["ended_by"], "EXPIRED");
    assert_ne!(probe.read("payments").unwrap(), Access::Allowed);
    iam_takes(&stage, 0, 0).unwrap();
    assert!(!stage.has_user(&id.replacen("req-", "stint-", 1)).unwrap());
}
