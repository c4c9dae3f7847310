use super::*;
use crate::testing::{Answers, config};
use serde_json::json;
use stint_domain::access::Access;
use stint_domain::entitlement::VaultedLogin;
use stint_domain::window::Window;

const AFTER: &str = "stint-01980000000070008000000000000001";
const NOW: &str = "2026-11-22T09:30:00Z";

fn secret() -> SecretName {
    "stint/vault/orders-owner".parse().unwrap()
}

fn artefact() -> Artefact {
    let at = |text: &str| text.parse().unwrap();
    let window = Window::between(at("2026-11-22T09:00:00Z"), at("2026-11-22T10:00:00Z")).unwrap();
    let access = Access::Checkout { secret: secret(), login: VaultedLogin::Postgres };
    Artefact { grant_id: "grant-01980000000070008000000000000001".parse().unwrap(), access, window }
}

fn described(stages: serde_json::Value) -> (u16, String) {
    (200, json!({ "RotationEnabled": true, "VersionIdsToStages": stages }).to_string())
}

fn error(code: &str, message: &str) -> (u16, String) {
    (400, json!({ "__type": code, "Message": message }).to_string())
}

fn vault(answers: &[(u16, String)]) -> (SecretsVault, Answers) {
    let answers: Vec<_> = answers.iter().map(|(status, body)| (*status, body.as_str())).collect();
    let answers = Answers::in_order(&answers);
    (SecretsVault::new(&config(&answers)), answers)
}

fn done() -> (u16, String) {
    (200, "{}".to_owned())
}

#[tokio::test]
async fn the_end_of_a_checkout_asks_for_one_rotation_in_its_name() {
    let (vault, answers) = vault(&[described(json!({ "first": ["AWSCURRENT"] })), done()]);
    vault.deactivate(&secret(), &artefact()).await.unwrap();
    let sent: Value = serde_json::from_str(answers.sent().last().unwrap()).unwrap();
    assert_eq!(sent["ClientRequestToken"], AFTER);
}

#[tokio::test]
async fn a_rotation_that_has_been_is_not_asked_for_again() {
    for stages in [
        json!({ AFTER: ["AWSCURRENT"], "first": ["AWSPREVIOUS"] }),
        json!({ "later": ["AWSCURRENT"], AFTER: ["AWSPREVIOUS"] }),
    ] {
        let (vault, answers) = vault(&[described(stages)]);
        vault.deactivate(&secret(), &artefact()).await.unwrap();
        assert_eq!(answers.sent().len(), 1);
    }
}

#[tokio::test]
async fn what_is_stuck_is_cleared_before_a_rotation_is_asked_for() {
    let stuck = json!({ "first": ["AWSCURRENT"], "stray": ["AWSPENDING"] });
    let (vault, answers) = vault(&[described(stuck), done(), done()]);
    vault.deactivate(&secret(), &artefact()).await.unwrap();
    let sent = answers.sent();
    let cleared: Value = serde_json::from_str(&sent[1]).unwrap();
    assert_eq!(
        (&cleared["VersionStage"], &cleared["RemoveFromVersionId"]),
        (&json!("AWSPENDING"), &json!("stray"))
    );
    assert!(sent[2].contains(AFTER));
}

#[tokio::test]
async fn a_rotation_under_way_is_no_failure_and_a_secret_that_cannot_be_rotated_is_one() {
    let stages = || described(json!({ "first": ["AWSCURRENT"], AFTER: ["AWSPENDING"] }));
    let busy =
        error(NOT_IN_THIS_STATE, "A previous rotation isn't complete. That rotation will be reattempted.");
    let (first, _) = vault(&[stages(), busy]);
    first.deactivate(&secret(), &artefact()).await.unwrap();
    let (second, _) = vault(&[stages(), error(NOT_IN_THIS_STATE, "it was marked for deletion")]);
    let refused = second.deactivate(&secret(), &artefact()).await;
    assert!(matches!(refused, Err(ProviderError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn it_is_over_only_when_the_version_after_it_has_been_current() {
    let now = NOW.parse().unwrap();
    let (pending, _) = vault(&[described(json!({ "first": ["AWSCURRENT"], AFTER: ["AWSPENDING"] }))]);
    let seen = pending.look(&secret(), &artefact(), now).await.unwrap();
    assert!(matches!(seen, Sighting::UnderWay { .. }), "{seen:?}");
    let (promoted, _) = vault(&[described(json!({ AFTER: ["AWSCURRENT", "AWSPENDING"] }))]);
    let seen = promoted.look(&secret(), &artefact(), now).await.unwrap();
    assert!(matches!(&seen, Sighting::Over(Evidence::Gone(receipt)) if receipt.answered.contains(AFTER)));
}

#[tokio::test]
async fn a_secret_that_is_gone_proves_nothing_of_its_login() {
    let gone = || vault(&[error(NO_SUCH_SECRET, "")]).0;
    let seen = gone().look(&secret(), &artefact(), NOW.parse().unwrap()).await.unwrap();
    assert!(matches!(seen, Sighting::StillThere { .. }), "{seen:?}");
    let refused = gone().deactivate(&secret(), &artefact()).await;
    assert!(
        matches!(&refused, Err(ProviderError::Refused { reason, .. }) if reason == NOT_THERE),
        "{refused:?}"
    );
}

#[tokio::test]
async fn only_a_secret_that_is_there_and_rotated_is_checked_out() {
    let deleted = json!({ "RotationEnabled": true, "DeletedDate": 1_795_341_600 }).to_string();
    let unrotated = json!({ "VersionIdsToStages": { "first": ["AWSCURRENT"] } }).to_string();
    for answer in [(200, deleted), (200, unrotated), error(NO_SUCH_SECRET, "")] {
        let (bad, _) = vault(&[answer.clone(), answer]);
        assert_eq!(bad.check(&secret()).await.unwrap(), Err(Unfit::NotEnrolled));
        assert!(matches!(bad.activate(&secret()).await, Err(ProviderError::Refused { .. })));
    }
    let good = || described(json!({ "first": ["AWSCURRENT"] }));
    let (good, _) = vault(&[good(), good()]);
    assert_eq!(good.check(&secret()).await.unwrap(), Ok(()));
    good.activate(&secret()).await.unwrap();
    let (busy, _) = vault(&[described(json!({ "first": ["AWSCURRENT"], AFTER: ["AWSPENDING"] }))]);
    assert!(matches!(busy.activate(&secret()).await, Err(ProviderError::Unavailable(_))));
}

#[tokio::test]
async fn a_secret_is_handed_out_field_by_field_and_a_key_as_a_key() {
    let answer = |text: &str| {
        let body = json!({ "SecretString": text, "VersionId": "v7" }).to_string();
        vault(&[(200, body)]).0
    };
    let login = json!({ "username": "owner", "password": "p\"\\'$ ", "port": 5432 }).to_string();
    let shown = answer(&login).issue(&secret(), &artefact()).await.unwrap();
    let Credential::Vaulted { version, fields, .. } = &shown else { panic!("fields") };
    assert_eq!(version.as_str(), "v7");
    assert_eq!((fields["password"].reveal(), fields["port"].reveal()), ("p\"\\'$ ", "5432"));
    let key = json!({ "engine": "iam_user_key", "user": "reports", "access_key_id": "AKIA1",
                      "secret_access_key": "s" });
    let shown = answer(&key.to_string()).issue(&secret(), &artefact()).await.unwrap();
    assert!(matches!(shown, Credential::AccessKey { access_key_id, .. } if access_key_id == "AKIA1"));
}

#[tokio::test]
async fn what_is_wrong_with_a_secret_is_told_without_any_of_it() {
    for text in ["hunter2", "[\"hunter2\"]", "\"hunter2\"", ""] {
        let body = json!({ "SecretString": text, "VersionId": "v7" }).to_string();
        let (vault, _) = vault(&[(200, body)]);
        let Err(ProviderError::Refused { reason, cause }) = vault.issue(&secret(), &artefact()).await else {
            panic!("{text} was handed out")
        };
        assert!(!format!("{reason} {cause} {cause:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_version_that_has_become_the_current_one_is_not_pending_any_more() {
    use stint_app::ports::Vault as _;
    let gone = error(NOT_STAGED, "The staging label AWSPENDING is not attached to version");
    for unstaged in [done(), gone] {
        let (vault, answers) = vault(&[done(), unstaged]);
        let (next, current) = (VersionId::new(AFTER.to_owned()), VersionId::new("first".to_owned()));
        vault.promote(&secret(), &next, Some(&current)).await.unwrap();
        let sent = answers.sent();
        assert!(sent[0].contains("AWSCURRENT") && sent[0].contains("\"RemoveFromVersionId\":\"first\""));
        assert!(sent[1].contains("AWSPENDING") && sent[1].contains(AFTER), "{sent:?}");
    }
}
