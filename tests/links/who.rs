//! A link is somebody's: what it does, its owner did, and only as long as its owner may.

use crate::open::{BEN, LATE, open, open_for, stage};
use serde_json::{Value, json};
use stint_local::wait;

fn id_of(person: &str) -> String {
    stage().sign_in(person).unwrap().get("/v1/me").unwrap().json()["id"].as_str().unwrap().to_owned()
}

fn mail_of(person: &str) -> String {
    format!("{person}@example.com")
}

#[test]
fn what_is_decided_by_a_link_is_decided_by_its_owner() {
    let (one, other) = (stage().another("ben").unwrap(), stage().another("ben").unwrap());
    for owner in [&one, &other] {
        let open = open_for("payments-read", "whose is it", &mail_of(owner));
        // A browser in which the other's page is open, too: whose browser it is means nothing.
        let mut browser = stage().browser();
        let mail =
            |person: &str| stage().mail(&mail_of(person), &open.id).unwrap().link().unwrap().to_owned();
        browser.open(&mail(&one)).unwrap();
        browser.open(&mail(&other)).unwrap();
        browser.decide(&open.link, "deny", "mine").unwrap().ok("deny").unwrap();
        let denied = open.events("request.denied");
        assert_eq!(
            denied[0]["actor"],
            json!({"type": "person", "id": id_of(owner), "authentication": "mail_link"})
        );
    }
    assert_ne!(id_of(&one), id_of(&other));
}

#[test]
fn every_approver_has_a_link_of_their_own() {
    let other = stage().another("ben").unwrap();
    let open = open();
    let theirs = stage().mail(&mail_of(&other), &open.id).unwrap();
    assert_ne!(theirs.link().unwrap(), open.link);
    assert_eq!(open.mail.to, [BEN]);
    assert!(
        !open.mail.body_text.contains(theirs.link().unwrap())
            && !open.mail.body_html.contains(theirs.link().unwrap())
    );
}

#[test]
fn whoever_has_left_the_approvers_decides_nothing_any_more() {
    let leaver = stage().another("ben").unwrap();
    let open = open_for("payments-read", "a leaver", &mail_of(&leaver));
    let (browser, form) = open.browser("approve");
    membership(&leaver, "AdminRemoveUserFromGroup");
    let refused = browser.submit(&open.link, &form).unwrap();
    assert_eq!(refused.status, 403);
    assert!(
        refused.body.contains("not any more") && refused.body.contains("Nothing has been decided"),
        "{}",
        refused.body
    );
    assert_eq!(open.state(), "PENDING");
    assert_eq!(open.events("request.action_refused")[0]["actor"]["id"], json!(id_of(&leaver)));

    membership(&leaver, "AdminAddUserToGroup");
    assert_eq!(browser.submit(&open.link, &form).unwrap().status, 200);
    assert_eq!(open.state(), "APPROVED");
}

#[test]
fn whoever_has_been_disabled_decides_nothing_either() {
    let leaver = stage().another("ben").unwrap();
    let open = open_for("payments-read", "somebody disabled", &mail_of(&leaver));
    let (browser, form) = open.browser("approve");
    directory("AdminDisableUser", &json!({"Username": leaver}));
    assert_eq!(browser.submit(&open.link, &form).unwrap().status, 403);
    assert_eq!(open.state(), "PENDING");
    directory("AdminEnableUser", &json!({"Username": leaver}));
    assert_eq!(browser.submit(&open.link, &form).unwrap().status, 200);
}

#[test]
fn an_approver_who_asks_is_not_asked() {
    let both = stage().another("ana").unwrap();
    membership(&both, "AdminAddUserToGroup");
    let session = stage().sign_in(&both).unwrap();
    let id =
        stint_local::api::id(&session.request("payments-read", "5m", "for me").unwrap()).unwrap().to_owned();
    let noted = |row: &stint_local::stage::AuditRow| row.canonical.contains("approvers_notified");
    wait::until("the others to be asked", LATE, || Ok(stage().audit(&id)?.iter().any(noted).then_some(())))
        .unwrap();
    assert!(!stint_local::mail::about(&stage().http, BEN, &id).unwrap().is_empty());
    assert!(stint_local::mail::about(&stage().http, &mail_of(&both), &id).unwrap().is_empty());
    let own = session.post(&format!("/v1/requests/{id}/approve"), &json!({})).unwrap();
    assert_eq!((own.status, own.json()["type"].as_str()), (403, Some("urn:stint:problem:decision-refused")));
    membership(&both, "AdminRemoveUserFromGroup");
}

fn membership(person: &str, operation: &str) {
    directory(operation, &json!({"Username": person, "GroupName": "platform-leads"}));
}

fn directory(operation: &str, body: &Value) {
    let mut body = body.clone();
    body["UserPoolId"] = json!(stage().outputs.get("UserPoolId").unwrap());
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    stage().admin.json("cognito-idp", &target, &body).unwrap();
}
