//! What is somebody else's answers like what is not there.

use crate::caller::{Caller, UNKNOWN, actions, audited, body_of, grant, signed_in, somebody_like, stage};
use crate::problem::{refused, told};
use serde_json::json;
use stint_edge::api::ROUTES;

/// Every route with an id, on a request of somebody else's.
fn tries_everything(stranger: &Caller, id: &str) {
    for (method, route) in ROUTES.into_iter().filter(|(_, route)| route.contains("{id}")) {
        let path = |id: &str| {
            let id = if route.starts_with("/v1/grants") { grant(id) } else { id.to_owned() };
            route.replace("{id}", &id)
        };
        let body = body_of((method, route));
        let send = |path: String| stranger.session.send(method, &path, &[], &body).unwrap();
        let (theirs, nobodys) = (send(path(id)), send(path(UNKNOWN)));
        refused(&theirs, 404, "not-found");
        assert_eq!(told(&theirs), told(&nobodys), "{method} {route}");
    }
}

#[test]
fn a_stranger_learns_nothing_of_a_request_and_changes_nothing() {
    let (ana, eve) = (somebody_like("ana"), somebody_like("ana"));
    let id = ana.pending();
    let before = ana.session.look(&id).unwrap();
    tries_everything(&eve, &id);
    assert_eq!(ana.session.look(&id).unwrap(), before);
    let attempts = actions(&audited(&eve));
    assert_eq!(attempts, vec!["request.action_refused denied"; 8], "each attempt to change something");
    assert!(stage().audit(&id).unwrap().iter().any(|row| row.canonical.contains(&eve.principal)));
    assert_eq!(ana.post(&format!("/v1/requests/{id}/cancel"), &json!({})).status, 200);
}

#[test]
fn a_stranger_cannot_end_a_grant_and_its_holder_can() {
    let (ana, eve) = (somebody_like("ana"), somebody_like("dora"));
    let id = ana.active();
    tries_everything(&eve, &id);
    assert_eq!(ana.session.look(&id).unwrap()["grant"]["state"], "ACTIVE");
    assert_eq!(ana.post(&format!("/v1/grants/{}/return", grant(&id)), &json!({})).status, 200);
    ana.until(&id, "ENDED");
}

#[test]
fn a_requester_cannot_decide_and_is_told_so() {
    let (ana, ben) = (somebody_like("ana"), signed_in("ben"));
    let id = ana.pending();
    for verb in ["approve", "deny"] {
        refused(&ana.post(&format!("/v1/requests/{id}/{verb}"), &json!({})), 403, "decision-refused");
    }
    let attempts =
        ["request.submitted success", "request.action_refused denied", "request.action_refused denied"];
    assert_eq!(actions(&audited(&ana)), attempts);
    assert_eq!(ana.session.look(&id).unwrap()["state"], "PENDING");
    assert_eq!(ben.post(&format!("/v1/requests/{id}/deny"), &json!({})).status, 200);
}

#[test]
fn an_auditor_sees_and_does_not_decide() {
    let (ana, cleo) = (somebody_like("ana"), somebody_like("cleo"));
    let id = ana.pending();
    assert_eq!(cleo.get(&format!("/v1/requests/{id}")).status, 200);
    assert_eq!(cleo.get(&format!("/v1/requests/{id}/events")).status, 200);
    refused(&cleo.post(&format!("/v1/requests/{id}/approve"), &json!({})), 403, "decision-refused");
    refused(&cleo.post(&format!("/v1/requests/{id}/cancel"), &json!({})), 404, "not-found");
    assert_eq!(ana.session.look(&id).unwrap()["state"], "PENDING");
}

#[test]
fn only_auditors_read_the_audit_and_who_tried_is_on_record() {
    let (ana, ben, cleo) = (somebody_like("ana"), somebody_like("ben"), somebody_like("cleo"));
    for caller in [&ana, &ben] {
        refused(&caller.get("/v1/audit/events"), 404, "not-found");
        assert_eq!(actions(&audited(caller)), ["audit.read denied"]);
    }
    assert_eq!(cleo.get("/v1/audit/events").status, 200);
    assert_eq!(actions(&audited(&cleo)), ["audit.read success"]);
}

#[test]
fn whoever_may_not_is_refused_each_way_to_a_grant_of_another_kind_too() {
    let (ana, eve, cleo) = (somebody_like("ana"), somebody_like("dora"), somebody_like("cleo"));
    let id = ana.repairing();
    tries_everything(&eve, &id);
    let post = |who: &Caller, verb: &str| {
        who.post(&format!("/v1/grants/{}/{verb}", grant(&id)), &json!({"comment": "for a test"}))
    };
    refused(&post(&ana, "revoke"), 403, "action-refused");
    refused(&post(&signed_in("ben"), "credentials"), 404, "not-found");
    for verb in ["revoke", "force-close", "credentials"] {
        refused(&post(&cleo, verb), 404, "not-found");
    }
    assert_eq!(ana.session.look(&id).unwrap()["grant"]["state"], "ACTIVE");
    assert_eq!(post(&ana, "credentials").status, 200);
    assert_eq!(post(&signed_in("ben"), "revoke").status, 200);
    ana.until(&id, "ENDED");
}
