use super::*;
use crate::testing::{Answers, config};
use serde_json::{Value, json};
use stint_domain::window::Window;

fn artefact() -> Artefact {
    let at = |text: &str| text.parse().unwrap();
    let window = Window::between(at("2026-11-22T09:00:00Z"), at("2026-11-22T10:00:00Z")).unwrap();
    let access = json!({
        "target": { "kind": "provider", "principal": "ana" },
        "access": {
            "kind": "provided", "function": "stint-provider-doors", "target": "front",
            "parameters": { "rooms": ["hall"], "floor": "1" },
            "has_credential": true, "can_cut_live_sessions": true, "max_overstay_seconds": 5,
        },
    });
    let access = serde_json::from_value(access).unwrap();
    Artefact { grant_id: "grant-01980000000070008000000000000001".parse().unwrap(), access, window }
}

fn now() -> Timestamp {
    "2026-11-22T09:30:00Z".parse().unwrap()
}

fn provider(status: u16, body: &str) -> (LambdaProvider, Answers) {
    let answers = Answers::always(status, body);
    (LambdaProvider::new(&config(&answers)), answers)
}

#[tokio::test]
async fn a_provider_is_told_whose_access_to_what_until_when_and_is_waited_for() {
    let (provider, answers) = provider(200, r#"{"answer":"done"}"#);
    provider.deactivate(&artefact(), now()).await.unwrap();
    let sent: Value = serde_json::from_str(&answers.sent()[0]).unwrap();
    assert_eq!(
        sent,
        json!({
            "version": 1,
            "idempotency_key": "grant-01980000000070008000000000000001:deactivate:2026-11-22T09:30:00Z",
            "operation": "deactivate",
            "grant": {
                "id": "grant-01980000000070008000000000000001",
                "artefact_name": "stint-01980000000070008000000000000001",
                "starts_at": "2026-11-22T09:00:00Z",
                "ends_at": "2026-11-22T10:00:00Z",
            },
            "principal": "ana",
            "target": "front",
            "parameters": { "rooms": ["hall"], "floor": "1" },
            "now": "2026-11-22T09:30:00Z",
        })
    );
    assert_eq!(answers.header("x-amz-invocation-type"), None, "neither sent off nor only tried");
    assert_eq!(answers.header("x-amz-log-type"), None, "what the function logs is its own");
}

#[tokio::test]
async fn the_same_activation_has_the_same_key_and_a_later_end_another() {
    let (provider, answers) = provider(200, r#"{"answer":"done"}"#);
    let first = artefact();
    let starts_at = first.window.starts_at();
    let later = Window::between(starts_at, "2026-11-22T11:00:00Z".parse().unwrap()).unwrap();
    for artefact in [first.clone(), first.clone(), Artefact { window: later, ..first }] {
        provider.activate(&artefact).await.unwrap();
    }
    let key = |sent: &String| serde_json::from_str::<Value>(sent).unwrap()["idempotency_key"].clone();
    let keys: Vec<_> = answers.sent().iter().map(key).collect();
    assert!(keys[0] == keys[1] && keys[1] != keys[2], "{keys:?}");
}

#[tokio::test]
async fn only_the_answer_gone_is_a_proof() {
    let (honest, _) = provider(200, r#"{"answer":"gone","looked_at":"door","answered":"shut"}"#);
    let seen = honest.verify_removed(&artefact(), now()).await.unwrap();
    let Sighting::Over(Evidence::Gone(receipt)) = seen else { panic!("{seen:?}") };
    assert_eq!((receipt.looked_at.as_str(), receipt.answered.as_str()), ("door", "shut"));
    for other in
        ["", "null", "{}", r#"{"answer":"done"}"#, r#"{"answer":"gone"}"#, r#"{"errorMessage":"s3cret"}"#]
    {
        let (odd, _) = provider(200, other);
        let error = odd.verify_removed(&artefact(), now()).await.unwrap_err();
        let ProviderError::Unavailable(cause) = error else { panic!("{other}") };
        assert!(!format!("{cause} {cause:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn another_operations_answer_is_none() {
    for other in ["null", r#"{"answer":"still_there","looked_at":"door"}"#] {
        let (odd, _) = provider(200, other);
        let unknown = |done| matches!(done, Err(ProviderError::Unavailable(_)));
        assert!(
            unknown(odd.activate(&artefact()).await) && unknown(odd.deactivate(&artefact(), now()).await)
        );
        assert!(matches!(odd.issue(&artefact(), now()).await, Err(ProviderError::Unavailable(_))));
    }
}

#[tokio::test]
async fn an_error_of_the_function_is_tried_again_and_a_refusal_is_not() {
    let failed = Answers::failed(r#"{"errorMessage":"s3cret","errorType":"x"}"#);
    let error = LambdaProvider::new(&config(&failed)).activate(&artefact()).await.unwrap_err();
    let ProviderError::Unavailable(cause) = error else { panic!("not for good") };
    assert!(!format!("{cause} {cause:?}").contains("s3cret"));

    let failed = Answers::failed(r#"{"answer":"done"}"#);
    let error = LambdaProvider::new(&config(&failed)).activate(&artefact()).await;
    assert!(matches!(error, Err(ProviderError::Unavailable(_))), "whatever it looks like");

    let (no, _) = provider(200, r#"{"answer":"refused","reason":"there is no\nsuch door"}"#);
    let error = no.activate(&artefact()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { reason, .. } if reason == "there is no such door"));

    let (missing, _) = provider(404, r#"{"__type":"ResourceNotFoundException"}"#);
    assert!(matches!(missing.activate(&artefact()).await, Err(ProviderError::Refused { .. })));
    assert!(missing.verify_removed(&artefact(), now()).await.is_err(), "which proves nothing");
}

#[tokio::test]
async fn a_credential_is_shown_field_by_field_and_never_outlives_the_window() {
    let body = r#"{"answer":"credential","username":"u","fields":{"pin":"0417"},"expires_at":"2030-01-01T00:00:00Z"}"#;
    let (provider, _) = provider(200, body);
    let given = provider.issue(&artefact(), now()).await;
    let Ok(Credential::Account { username, fields, expires_at }) = given else { panic!("a credential") };
    assert_eq!((username.as_str(), fields["pin"].reveal()), ("u", "0417"));
    assert_eq!(expires_at, artefact().window.ends_at());
}

#[tokio::test]
async fn a_function_that_is_not_there_or_may_run_for_long_is_not_enrolled() {
    for (status, body, fit) in [
        (200, r#"{"Timeout":8}"#, true),
        (200, r#"{"Timeout":9}"#, false),
        (200, "{}", false),
        (404, r#"{"__type":"ResourceNotFoundException"}"#, false),
    ] {
        let (provider, _) = provider(status, body);
        assert_eq!(provider.check(&artefact().access).await.unwrap().is_ok(), fit, "{body}");
    }
}
