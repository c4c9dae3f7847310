//! What makes no sense in a state is refused by it, and leaves it.

use crate::caller::{Caller, grant, signed_in, somebody_like, stage};
use crate::problem::refused;
use serde_json::{Value, json};

fn on(id: &str, verb: &str) -> String {
    match verb {
        "return" => format!("/v1/grants/{}/return", grant(id)),
        _ => format!("/v1/requests/{id}/{verb}"),
    }
}

/// The state that the refusal names.
fn wrong_state(caller: &Caller, id: &str, verb: &str) -> String {
    let answer = caller.post(&on(id, verb), &json!({}));
    refused(&answer, 409, "wrong-state");
    answer.json()["state"].as_str().unwrap().to_owned()
}

fn state(caller: &Caller, id: &str) -> Value {
    caller.session.look(id).unwrap()
}

fn ok(caller: &Caller, id: &str, verb: &str) -> Value {
    caller.post(&on(id, verb), &json!({})).ok(verb).unwrap().json()
}

#[test]
fn a_pending_request_has_nothing_to_return() {
    let ana = somebody_like("ana");
    let id = ana.pending();
    let before = state(&ana, &id);
    assert_eq!(wrong_state(&ana, &id, "return"), "PENDING");
    refused(&ana.get(&format!("/v1/grants/{}", grant(&id))), 404, "not-found");
    assert_eq!(state(&ana, &id), before);
    assert_eq!(ok(&ana, &id, "cancel")["state"], "CANCELLED");
}

#[test]
fn a_cancelled_request_is_not_decided_any_more() {
    let (ana, ben) = (somebody_like("ana"), signed_in("ben"));
    let id = ana.pending();
    ok(&ana, &id, "cancel");
    let before = state(&ana, &id);
    assert_eq!(wrong_state(&ben, &id, "approve"), "CANCELLED");
    assert_eq!(wrong_state(&ben, &id, "deny"), "CANCELLED");
    assert_eq!(wrong_state(&ana, &id, "return"), "CANCELLED");
    assert_eq!(ok(&ana, &id, "cancel"), before, "cancelling twice is as good as once");
    assert_eq!(state(&ana, &id), before);
}

#[test]
fn a_denied_request_stays_denied() {
    let (ana, ben, other) = (somebody_like("ana"), signed_in("ben"), somebody_like("ben"));
    let id = ana.pending();
    ok(&ben, &id, "deny");
    let before = state(&ana, &id);
    assert_eq!(wrong_state(&ben, &id, "approve"), "DENIED");
    assert_eq!(wrong_state(&other, &id, "deny"), "DENIED");
    assert_eq!(wrong_state(&ana, &id, "cancel"), "DENIED");
    assert_eq!(ok(&ben, &id, "deny"), before, "saying the same twice is as good as once");
    let refusals =
        stage().audit(&id).unwrap().iter().filter(|row| row.canonical.contains("action_refused")).count();
    assert_eq!(refusals, 2, "of the two decisions that came too late");
}

#[test]
fn access_that_is_over_is_not_cancelled_returned_anew_or_denied() {
    let (ana, ben) = (somebody_like("ana"), signed_in("ben"));
    let id = ana.active();
    assert_eq!(wrong_state(&ana, &id, "cancel"), "APPROVED");
    assert_eq!(wrong_state(&ben, &id, "deny"), "APPROVED");
    ok(&ana, &id, "return");
    ana.until(&id, "ENDED");
    let before = state(&ana, &id);
    assert_eq!(wrong_state(&ana, &id, "cancel"), "APPROVED");
    assert_eq!(wrong_state(&ben, &id, "approve"), "APPROVED");
    assert_eq!(ok(&ana, &id, "return"), before["grant"], "returning twice is as good as once");
    assert_eq!(state(&ana, &id), before);
}
