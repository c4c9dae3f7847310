//! The function that hands out credentials, on the worlds of the API: who gets one, in which form, and where it is not.

use crate::fakes::{Fakes, Keys, Sent, Stage, request, tokens};
use crate::lent::Lent;
use crate::workloads::verifier;
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use stint_edge::api::credentials::{Reveal, RevealParts, router};
use tower::ServiceExt as _;

impl RevealParts for Fakes {
    type Ledger = Lent;
    type Directory = Lent;
    type Seals = Lent;
    type Issuer = Lent;
    type Surroundings = Lent;
    type Keys = Keys;
}

impl Stage {
    /// Asks the function that reveals for the credential of `grant`; `who` may be nobody.
    pub(crate) async fn reveal(&self, who: Option<&str>, grant: &str, expected: u16) -> Value {
        let path = format!("/v1/grants/{grant}/credentials");
        let bearer = who.map(|who| self.bearer(who));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let request = request("POST", &path, Sent { headers: &headers, body: "" });
        let response = self.revealing().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
        self.check("POST", &path, expected, response).await
    }

    /// The function that the gateway hands the routes of credentials to.
    pub(crate) fn revealing(&self) -> axum::Router {
        let lent = || Lent(Arc::clone(&self.api));
        let (ledger, directory, seals, issuer, surroundings) = (lent(), lent(), lent(), lent(), lent());
        let (policy, workloads) = ((self.bundle)(), self.api.workloads.as_ref().map(|_| verifier()));
        let reveal: Reveal<Fakes> =
            Reveal { ledger, directory, seals, issuer, surroundings, tokens: tokens(), workloads, policy };
        router(Arc::new(reveal))
    }
}

fn names(credential: &Value) -> BTreeSet<&str> {
    credential.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_session_is_handed_out_in_the_words_of_credential_process() {
    let stage = Stage::new();
    let grant = stage.active("incident-read").await;
    let credential = stage.reveal(Some("ana"), &grant, 200).await;
    let expected = ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken", "Version"];
    assert_eq!(names(&credential), BTreeSet::from(expected));
    assert_eq!(credential["Version"], 1);
    let window = stage.ask("ana", &format!("GET /v1/grants/{grant}"), 200, Sent::default()).await;
    assert_eq!(credential["Expiration"], window["window"]["ends_at"]);
}

#[tokio::test]
async fn a_key_that_lasts_as_long_as_its_user_has_no_session_token_and_replaces_the_one_before() {
    let stage = Stage::new();
    let grant = stage.active("payments-repair").await;
    let first = stage.reveal(Some("ana"), &grant, 200).await;
    let second = stage.reveal(Some("ana"), &grant, 200).await;
    let expected = ["AccessKeyId", "Expiration", "SecretAccessKey", "Version"];
    assert_eq!(names(&second), BTreeSet::from(expected));
    assert_ne!(first["AccessKeyId"], second["AccessKeyId"]);
    assert!(stage.api.store.state().issued[0].replaced && !stage.api.store.state().issued[1].replaced);
}

#[tokio::test]
async fn a_credential_is_in_the_answer_to_its_holder_and_in_no_event() {
    let stage = Stage::new();
    let grant = stage.active("incident-read").await;
    let credential = stage.reveal(Some("ana"), &grant, 200).await;
    let request = grant.replace("grant-", "req-");
    let actions = stage.api.store.actions(&request);
    assert!(actions.ends_with(&["grant.credential_requested".into(), "grant.credential_revealed".into()]));
    let stream = stage.api.store.stream(&request);
    let said = |field: &str| {
        let text = credential[field].as_str().unwrap();
        stream.iter().any(|(canonical, _)| canonical.contains(text))
    };
    assert!(said("AccessKeyId"), "its id leads from the audit to what was done with it");
    assert!(!said("SecretAccessKey") && !said("SessionToken"));
}

fn kind(problem: &Value) -> &str {
    problem["type"].as_str().unwrap().trim_start_matches("urn:stint:problem:")
}

#[tokio::test]
async fn whoever_does_not_get_one_is_told_why_and_the_audit_too() {
    let stage = Stage::new();
    let grant = stage.active("incident-read").await;
    stage.reveal(None, &grant, 401).await;
    assert_eq!(kind(&stage.reveal(Some("ben"), &grant, 404).await), "not-found");
    let ana = "ana".parse().unwrap();
    stage.api.directory.state().people.get_mut(&ana).unwrap().groups.clear();
    assert_eq!(kind(&stage.reveal(Some("ana"), &grant, 403).await), "action-refused");
    let request = grant.replace("grant-", "req-");
    let refused = stage.api.store.actions(&request);
    assert_eq!(refused.iter().filter(|action| *action == "request.action_refused").count(), 2);
    assert!(stage.api.store.state().issued.is_empty(), "nothing was issued to anybody");
}

#[tokio::test]
async fn a_credential_is_for_an_active_grant_with_a_credential_of_its_own() {
    let stage = Stage::new();
    let scheduled = stage.approved("incident-read").await;
    let problem = stage.reveal(Some("ana"), &scheduled, 409).await;
    assert_eq!((kind(&problem), &problem["state"]), ("wrong-state", &json!("SCHEDULED")));
    let elevation = stage.active("payments-read").await;
    assert_eq!(kind(&stage.reveal(Some("ana"), &elevation, 409).await), "no-credential");
    let gone = stage.active("payments-repair").await;
    stage.api.store.state().target.clear();
    assert_eq!(kind(&stage.reveal(Some("ana"), &gone, 409).await), "target-refused");
    let over = stage.active("incident-read").await;
    stage.pass(3600);
    assert_eq!(kind(&stage.reveal(Some("ana"), &over, 410).await), "too-late");
}

#[tokio::test]
async fn another_method_on_the_route_is_told_which_one_there_is() {
    let stage = Stage::new();
    let grant = stage.active("incident-read").await;
    let path = format!("/v1/grants/{grant}/credentials");
    let response = stage.routed("ana", "GET", &path).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "POST");
    let elsewhere = stage.routed("ana", "POST", &path).await;
    assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND, "the function `request` issues nothing");
    assert!(stage.api.store.state().issued.is_empty());
}
