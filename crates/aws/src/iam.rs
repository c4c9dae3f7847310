//! Elevation of IAM users: one dated inline policy per grant, named by it.
//!
//! Guards I1 at the target itself: every `Allow` ends at the window's end by IAM's own clock, with all of Stint down.
//! It knows one artefact by its grant and touches no other. It must not know requests or the audit.

use crate::client::OnFirstUse;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_types::SdkConfig;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use stint_app::ports::{Activation, Artefact, Provider, ProviderError, Sighting};
use stint_domain::grant::Receipt;

const NO_SUCH_ENTITY: &str = "NoSuchEntity";

pub struct IamUsers {
    client: OnFirstUse<Client>,
}

impl IamUsers {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: OnFirstUse::new(config, Client::new) }
    }
}

impl Provider for IamUsers {
    async fn activate(&self, activation: &Activation) -> Result<(), ProviderError> {
        let put = self.client.get().put_user_policy().user_name(activation.user.as_str());
        let put = put.policy_name(activation.grant_id.artefact_name()).policy_document(document(activation)?);
        put.send().await.map(drop).map_err(|error| classify(error, NOT_ENROLLED))
    }

    async fn deactivate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        let delete = self.client.get().delete_user_policy().user_name(artefact.user.as_str());
        match delete.policy_name(artefact.grant_id.artefact_name()).send().await {
            Err(error) if error.code() != Some(NO_SUCH_ENTITY) => Err(classify(error, REMOVAL_DENIED)),
            _ => Ok(()),
        }
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        let policy = artefact.grant_id.artefact_name();
        let looked_at = format!("iam:GetUserPolicy {}/{policy}", artefact.user);
        let get = self.client.get().get_user_policy().user_name(artefact.user.as_str()).policy_name(policy);
        match get.send().await {
            Ok(_) => Ok(Sighting::StillThere { looked_at }),
            Err(error) if error.code() == Some(NO_SUCH_ENTITY) => {
                Ok(Sighting::Gone(Receipt { looked_at, answered: NO_SUCH_ENTITY.to_owned(), at: now }))
            }
            Err(error) => Err(classify(error, REMOVAL_DENIED)),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: &'static str,
    statement: Vec<Allow<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Allow<'a> {
    effect: &'static str,
    action: &'a BTreeSet<String>,
    resource: &'a BTreeSet<String>,
    condition: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
}

/// Without white space: IAM gives all inline policies of a user 2,048 characters.
fn document(activation: &Activation) -> Result<String, ProviderError> {
    let end = activation.window.ends_at().to_string();
    let dated = BTreeMap::from([("DateLessThan", BTreeMap::from([("aws:CurrentTime", end)]))]);
    let statement = activation.permissions.iter().map(|permission| Allow {
        effect: "Allow",
        action: &permission.actions,
        resource: &permission.resources,
        condition: dated.clone(),
    });
    let statement = statement.collect();
    serde_json::to_string(&Document { version: "2012-10-17", statement })
        .map_err(|cause| refused(UNACCEPTABLE, cause))
}

/// The role that gives may touch users within the boundary, and no others.
const NOT_ENROLLED: &str = "the IAM user is not enrolled with Stint";
/// The roles that remove may touch every user, so somebody has taken that away from them.
const REMOVAL_DENIED: &str = "IAM denies Stint the removal";
const UNACCEPTABLE: &str = "IAM does not accept the policy of this entitlement";

fn refused(reason: &str, cause: impl Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned(), cause: Box::new(cause) }
}

/// By code. What is not known to stay so counts as unavailable.
fn classify<E, R>(error: SdkError<E, R>, denied: &'static str) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let reason = match error.code() {
        Some(NO_SUCH_ENTITY) => "there is no such IAM user",
        Some("MalformedPolicyDocument" | "ValidationError" | "InvalidInput") => UNACCEPTABLE,
        Some("LimitExceeded") => "the IAM user's inline policies have no room left for it",
        Some("AccessDenied" | "AccessDeniedException") => denied,
        Some("UnmodifiableEntity") => "IAM does not let anyone change this user",
        _ => return ProviderError::Unavailable(Box::new(error)),
    };
    refused(reason, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answers, config};
    use stint_domain::entitlement::Permission;
    use stint_domain::window::Window;

    fn activation() -> Activation {
        let set = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let permissions = vec![
            Permission { actions: set(&["s3:GetObject", "s3:ListBucket"]), resources: set(&["*"]) },
            Permission { actions: set(&["sqs:SendMessage"]), resources: set(&["arn:aws:sqs:eu-west-1:1:q"]) },
        ];
        let window =
            Window::between("2026-11-22T09:00:00Z".parse().unwrap(), "2026-11-22T10:00:00Z".parse().unwrap());
        let grant_id = "grant-01980000000070008000000000000001".parse().unwrap();
        Activation { grant_id, user: "ana@example".parse().unwrap(), permissions, window: window.unwrap() }
    }

    fn artefact() -> Artefact {
        Artefact { grant_id: activation().grant_id, user: activation().user }
    }

    fn failure(code: &str) -> String {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
        )
    }

    fn provider(status: u16, body: &str) -> (IamUsers, Answers) {
        let answers = Answers::always(status, body);
        (IamUsers::new(&config(&answers)), answers)
    }

    #[test]
    fn every_allow_ends_with_the_window() {
        let expected = concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"#,
            r#""Resource":["*"],"Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-22T10:00:00Z"}}},"#,
            r#"{"Effect":"Allow","Action":["sqs:SendMessage"],"Resource":["arn:aws:sqs:eu-west-1:1:q"],"#,
            r#""Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-22T10:00:00Z"}}}]}"#,
        );
        assert_eq!(document(&activation()).unwrap(), expected);
    }

    #[tokio::test]
    async fn activation_puts_one_policy_named_by_the_grant() {
        let (iam, answers) = provider(200, "<PutUserPolicyResponse/>");
        iam.activate(&activation()).await.unwrap();
        let [sent] = &answers.sent()[..] else { panic!("one call") };
        assert!(sent.starts_with("Action=PutUserPolicy&"), "{sent}");
        assert!(
            sent.contains("UserName=ana%40example&PolicyName=stint-01980000000070008000000000000001&"),
            "{sent}"
        );
    }

    #[tokio::test]
    async fn what_will_not_change_is_refused_with_a_reason_and_the_rest_is_unavailable() {
        for code in
            ["NoSuchEntity", "MalformedPolicyDocument", "LimitExceeded", "AccessDenied", "UnmodifiableEntity"]
        {
            let (iam, _) = provider(400, &failure(code));
            let result = iam.activate(&activation()).await;
            assert!(matches!(result, Err(ProviderError::Refused { .. })), "{code}: {result:?}");
        }
        for (status, code) in
            [(400, "Throttling"), (500, "ServiceFailure"), (503, "x"), (409, "ConcurrentModification")]
        {
            let (iam, _) = provider(status, &failure(code));
            let result = iam.activate(&activation()).await;
            assert!(matches!(result, Err(ProviderError::Unavailable(_))), "{code}: {result:?}");
        }
    }

    #[tokio::test]
    async fn taking_what_is_not_there_succeeds_and_what_may_not_be_taken_does_not() {
        let (iam, answers) = provider(404, &failure("NoSuchEntity"));
        iam.deactivate(&artefact()).await.unwrap();
        assert!(answers.sent()[0].contains("PolicyName=stint-01980000000070008000000000000001"));
        let (iam, _) = provider(403, &failure("AccessDenied"));
        assert!(matches!(iam.deactivate(&artefact()).await, Err(ProviderError::Refused { .. })));
    }

    #[tokio::test]
    async fn only_iam_saying_that_there_is_no_such_policy_is_a_receipt() {
        let now = "2026-11-22T10:00:01Z".parse().unwrap();
        let (iam, _) = provider(404, &failure("NoSuchEntity"));
        let Ok(Sighting::Gone(receipt)) = iam.verify_removed(&artefact(), now).await else { panic!("gone") };
        let looked_at = "iam:GetUserPolicy ana@example/stint-01980000000070008000000000000001";
        assert_eq!((receipt.looked_at.as_str(), receipt.answered.as_str()), (looked_at, "NoSuchEntity"));
        assert_eq!(receipt.at, now);
        let found = concat!(
            "<GetUserPolicyResponse><GetUserPolicyResult><UserName>ana@example</UserName><PolicyName>p</PolicyName>",
            "<PolicyDocument>d</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>",
        );
        let (iam, _) = provider(200, found);
        assert!(matches!(iam.verify_removed(&artefact(), now).await, Ok(Sighting::StillThere { .. })));
        for (status, code) in [(403, "AccessDenied"), (500, "ServiceFailure")] {
            let (iam, _) = provider(status, &failure(code));
            assert!(iam.verify_removed(&artefact(), now).await.is_err(), "{code}");
        }
    }
}
