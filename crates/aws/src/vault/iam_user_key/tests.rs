use super::*;
use crate::testing::{Answers, config};

fn keys(keys: &[(&str, &str)]) -> String {
    let key = |(id, status): &(&str, &str)| {
        format!("<member><AccessKeyId>{id}</AccessKeyId><Status>{status}</Status></member>")
    };
    let keys: String = keys.iter().map(key).collect();
    format!(
        "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata>{keys}</AccessKeyMetadata>\
         <IsTruncated>false</IsTruncated></ListAccessKeysResult></ListAccessKeysResponse>"
    )
}

fn done(action: &str) -> String {
    format!("<{action}Response></{action}Response>")
}

fn new_key() -> Secret {
    let text = json!({ "engine": "iam_user_key", "user": "reports", "access_key_id": "AKIANEW",
                       "secret_access_key": "s" });
    Secret::new(text.to_string())
}

fn attempt() -> SetAttempt {
    let (token, now) = ("00000000-0000-0000-0000-000000000000", Machine.now());
    let attempt = json!({ "token": token, "version": "v2", "began_at": now, "settles_at": now });
    serde_json::from_value(attempt).unwrap()
}

/// Before this, in what was sent, sessions are denied.
fn cut(sent: &str) -> Timestamp {
    let (_, date) = sent.split_once("TokenIssueTime%22%3A%22").unwrap();
    date.split_once("%22").unwrap().0.replace("%3A", ":").parse().unwrap()
}

#[tokio::test]
async fn the_old_key_is_seen_to_be_inactive_then_deleted_and_sessions_that_it_could_still_make_are_denied() {
    let answers = [
        keys(&[("AKIAOLD", "Active"), ("AKIANEW", "Active")]),
        done("UpdateAccessKey"),
        keys(&[("AKIAOLD", "Inactive"), ("AKIANEW", "Active")]),
        done("DeleteAccessKey"),
        done("PutUserPolicy"),
    ];
    let answers = Answers::in_order(&answers.each_ref().map(|body| (200, body.as_str())));
    IamUserKeys::new(&config(&answers)).replace(&new_key(), &[], &attempt()).await.unwrap();
    let sent = answers.sent();
    assert!(sent[1].contains("AKIAOLD") && sent[1].contains("Inactive"), "{}", sent[1]);
    assert!(sent[3].contains("DeleteAccessKey") && sent[3].contains("AKIAOLD"), "{}", sent[3]);
    assert!(!sent.iter().any(|call| call.contains("AKIANEW")), "nothing is done to the new one");
    assert!(cut(&sent[4]) > Machine.now(), "IAM may not know yet that the old key is gone");
}

#[tokio::test]
async fn a_key_that_is_still_active_after_it_was_switched_off_is_not_deleted_and_nothing_is_said_to_be_done()
{
    let answers = [keys(&[("AKIAOLD", "Active")]), done("UpdateAccessKey"), keys(&[("AKIAOLD", "Active")])];
    let answers = Answers::in_order(&answers.each_ref().map(|body| (200, body.as_str())));
    let refused = IamUserKeys::new(&config(&answers)).replace(&new_key(), &[], &attempt()).await;
    assert!(matches!(refused, Err(ProviderError::Unavailable(_))), "{refused:?}");
    assert_eq!(answers.sent().len(), 3);
}
