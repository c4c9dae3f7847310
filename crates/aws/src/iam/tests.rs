mod other_accounts;

use super::*;
use crate::testing::{Answers, config};
use stint_app::ports::{CredentialIssuer as _, Enrolment as _, Unfit};
use stint_domain::entitlement::Permission;
use stint_domain::grant::Evidence;
use stint_domain::transition::Revealed;
use stint_domain::window::Window;

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/stint-boundary";
const NAME: &str = "stint-01980000000070008000000000000001";
const NOW: &str = "2026-11-22T09:30:00Z";
const END: &str = "2026-11-22T10:00:00Z";

fn artefact(access: Access) -> Artefact {
    let window = Window::between("2026-11-22T09:00:00Z".parse().unwrap(), END.parse().unwrap()).unwrap();
    Artefact { grant_id: "grant-01980000000070008000000000000001".parse().unwrap(), access, window }
}

fn permissions() -> Vec<Permission> {
    let set = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    vec![
        Permission { actions: set(&["s3:GetObject", "s3:ListBucket"]), resources: set(&["*"]) },
        Permission { actions: set(&["sqs:SendMessage"]), resources: set(&["arn:aws:sqs:eu-west-1:1:q"]) },
    ]
}

fn elevation() -> Artefact {
    artefact(Access::IamUserElevation {
        user: "ana@example".parse().unwrap(),
        permissions: permissions(),
        account: None,
    })
}

fn ephemeral() -> Artefact {
    artefact(Access::EphemeralIamUser { permissions: permissions(), account: None })
}

fn sessions() -> Artefact {
    artefact(Access::RoleSession {
        role: "arn:aws:iam::123456789012:role/stint-target/reader".parse().unwrap(),
        source_identity: "ana".parse().unwrap(),
        permissions: permissions(),
        account: None,
    })
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn failure(code: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
    )
}

fn always(status: u16, body: &str) -> (Iam, Answers) {
    let answers = Answers::always(status, body);
    (Iam::within(&config(&answers), BOUNDARY.to_owned()), answers)
}

fn in_order(answers: &[(u16, &str)]) -> (Iam, Answers) {
    let answers = Answers::in_order(answers);
    (Iam::within(&config(&answers), BOUNDARY.to_owned()), answers)
}

/// What was called, in order.
fn calls(answers: &Answers) -> Vec<String> {
    let action = |body: &String| body.split('&').next().unwrap().trim_start_matches("Action=").to_owned();
    answers.sent().iter().map(action).collect()
}

fn user(path: &str, boundary: &str) -> String {
    format!(
        "<CreateUserResponse><CreateUserResult><User><Path>{path}</Path><UserName>{NAME}</UserName><UserId>U</UserId>\
         <Arn>arn:aws:iam::123456789012:user{path}{NAME}</Arn><CreateDate>2026-11-22T09:00:00Z</CreateDate>\
         <PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
         <PermissionsBoundaryArn>{boundary}</PermissionsBoundaryArn></PermissionsBoundary></User>\
         </CreateUserResult></CreateUserResponse>"
    )
}

fn no_keys() -> String {
    "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata></AccessKeyMetadata>\
     <IsTruncated>false</IsTruncated></ListAccessKeysResult></ListAccessKeysResponse>"
        .to_owned()
}

fn policy_of_role(document: &str) -> String {
    format!(
        "<GetRolePolicyResponse><GetRolePolicyResult><RoleName>reader</RoleName><PolicyName>{NAME}</PolicyName>\
         <PolicyDocument>{document}</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>"
    )
}

#[test]
fn every_allow_ends_with_the_window() {
    let expected = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"#,
        r#""Resource":["*"],"Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-22T10:00:00Z"}}},"#,
        r#"{"Effect":"Allow","Action":["sqs:SendMessage"],"Resource":["arn:aws:sqs:eu-west-1:1:q"],"#,
        r#""Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-22T10:00:00Z"}}}]}"#,
    );
    for artefact in [elevation(), ephemeral(), sessions()] {
        assert_eq!(policy::allow(&artefact).unwrap(), expected);
    }
}

#[tokio::test]
async fn an_elevation_puts_one_policy_named_by_the_grant() {
    let (iam, answers) = always(200, "<PutUserPolicyResponse/>");
    iam.activate(&elevation()).await.unwrap();
    let [sent] = &answers.sent()[..] else { panic!("one call") };
    assert!(sent.starts_with("Action=PutUserPolicy&"), "{sent}");
    assert!(sent.contains(&format!("UserName=ana%40example&PolicyName={NAME}&")), "{sent}");
}

#[tokio::test]
async fn what_will_not_change_is_refused_with_a_reason_and_the_rest_is_unavailable() {
    for code in
        ["NoSuchEntity", "MalformedPolicyDocument", "LimitExceeded", "AccessDenied", "UnmodifiableEntity"]
    {
        let (iam, _) = always(400, &failure(code));
        let result = iam.activate(&elevation()).await;
        assert!(matches!(result, Err(ProviderError::Refused { .. })), "{code}: {result:?}");
    }
    for (status, code) in
        [(400, "Throttling"), (500, "ServiceFailure"), (503, "x"), (409, "ConcurrentModification")]
    {
        let (iam, _) = always(status, &failure(code));
        let result = iam.activate(&elevation()).await;
        assert!(matches!(result, Err(ProviderError::Unavailable(_))), "{code}: {result:?}");
    }
}

#[tokio::test]
async fn taking_what_is_not_there_succeeds_and_what_may_not_be_taken_does_not() {
    for artefact in [elevation(), ephemeral(), sessions()] {
        let (iam, answers) = always(404, &failure("NoSuchEntity"));
        iam.deactivate(&artefact, at(END)).await.unwrap();
        assert!(answers.sent()[0].contains(NAME));
        let (iam, _) = always(403, &failure("AccessDenied"));
        let denied = iam.deactivate(&artefact, at(END)).await;
        assert!(matches!(denied, Err(ProviderError::Refused { .. })));
    }
}

#[tokio::test]
async fn f36_a_removal_takes_one_policy_of_a_user_by_the_grants_name_and_nothing_else() {
    let (iam, answers) = always(200, "<DeleteUserPolicyResponse/>");
    iam.deactivate(&elevation(), at(END)).await.unwrap();
    assert_eq!(calls(&answers), ["DeleteUserPolicy"]);
    let sent = &answers.sent()[0];
    assert!(sent.ends_with(&format!("UserName=ana%40example&PolicyName={NAME}")), "{sent}");
}

#[tokio::test]
async fn only_iam_saying_that_there_is_nothing_is_a_receipt() {
    for (artefact, looked_at) in [
        (elevation(), format!("iam:GetUserPolicy ana@example/{NAME}")),
        (ephemeral(), format!("iam:GetUser {NAME}")),
        (sessions(), format!("iam:GetRolePolicy reader/{NAME}")),
    ] {
        let (iam, _) = always(404, &failure("NoSuchEntity"));
        let Ok(Sighting::Over(Evidence::Gone(receipt))) = iam.verify_removed(&artefact, at(END)).await else {
            panic!("gone")
        };
        assert_eq!((receipt.looked_at, receipt.answered.as_str()), (looked_at, "NoSuchEntity"));
        assert_eq!(receipt.at, at(END));
        for (status, code) in [(403, "AccessDenied"), (500, "ServiceFailure")] {
            let (iam, _) = always(status, &failure(code));
            assert!(iam.verify_removed(&artefact, at(END)).await.is_err(), "{code}");
        }
    }
    let found = format!(
        "<GetUserPolicyResponse><GetUserPolicyResult><UserName>a</UserName><PolicyName>{NAME}</PolicyName>\
         <PolicyDocument>d</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>"
    );
    let (iam, _) = always(200, &found);
    assert!(matches!(iam.verify_removed(&elevation(), at(END)).await, Ok(Sighting::StillThere { .. })));
}

#[tokio::test]
async fn a_new_user_is_made_with_boundary_and_tag_before_it_gets_a_policy() {
    let (iam, answers) = in_order(&[(200, &user("/stint/", BOUNDARY)), (200, "<PutUserPolicyResponse/>")]);
    iam.activate(&ephemeral()).await.unwrap();
    assert_eq!(calls(&answers), ["CreateUser", "PutUserPolicy"]);
    let created = &answers.sent()[0];
    for part in ["Path=%2Fstint%2F", "PermissionsBoundary=arn%3Aaws", "Tags.member.1.Key=stint-grant"] {
        assert!(created.contains(part), "{part}: {created}");
    }
}

#[tokio::test]
async fn a_user_without_the_boundary_or_of_somebody_else_gets_nothing() {
    for wrong in [user("/stint/", "arn:aws:iam::aws:policy/Other"), user("/", BOUNDARY)] {
        let (iam, answers) = in_order(&[(200, &wrong)]);
        assert!(matches!(iam.activate(&ephemeral()).await, Err(ProviderError::Refused { .. })));
        assert_eq!(calls(&answers), ["CreateUser"]);
    }
    let existing = user("/stint/", BOUNDARY).replace("CreateUser", "GetUser");
    let exists = failure("EntityAlreadyExists");
    let (iam, _) = in_order(&[(409, &exists), (200, &existing), (200, "<PutUserPolicyResponse/>")]);
    iam.activate(&ephemeral()).await.expect("a second attempt takes up what the first made");
}

#[tokio::test]
async fn a_user_that_iam_does_not_know_everywhere_yet_is_tried_again() {
    let (iam, _) = in_order(&[(200, &user("/stint/", BOUNDARY)), (404, &failure("NoSuchEntity"))]);
    assert!(matches!(iam.activate(&ephemeral()).await, Err(ProviderError::Unavailable(_))));
}

#[tokio::test]
async fn f11_a_user_whose_policy_iam_refuses_is_refused_for_good() {
    let (iam, answers) = in_order(&[(200, &user("/stint/", BOUNDARY)), (403, &failure("AccessDenied"))]);
    assert!(matches!(iam.activate(&ephemeral()).await, Err(ProviderError::Refused { .. })));
    assert_eq!(calls(&answers), ["CreateUser", "PutUserPolicy"]);
}

#[tokio::test]
async fn a_users_policy_goes_first_and_four_calls_are_enough() {
    let (iam, answers) =
        in_order(&[(200, "<DeleteUserPolicyResponse/>"), (200, &no_keys()), (200, "<DeleteUserResponse/>")]);
    iam.deactivate(&ephemeral(), at(NOW)).await.unwrap();
    assert_eq!(calls(&answers), ["DeleteUserPolicy", "ListAccessKeys", "DeleteUser"]);
}

#[tokio::test]
async fn the_sessions_of_a_grant_are_denied_while_they_might_last_and_then_nothing_is_left() {
    let (iam, answers) = always(200, "<PutRolePolicyResponse/>");
    iam.deactivate(&sessions(), at(NOW)).await.unwrap();
    assert_eq!(calls(&answers), ["PutRolePolicy"]);
    assert!(answers.sent()[0].contains("aws%3APrincipalTag%2Fstint-grant"));

    let (iam, answers) = always(200, "<DeleteRolePolicyResponse/>");
    iam.deactivate(&sessions(), at(END)).await.unwrap();
    assert_eq!(calls(&answers), ["DeleteRolePolicy"]);
}

#[tokio::test]
async fn only_the_grants_own_deny_counts_as_a_block() {
    let own = policy::deny_sessions_of(sessions().grant_id).unwrap();
    let encoded = own.replace('{', "%7B").replace('"', "%22");
    let (iam, _) = always(200, &policy_of_role(&encoded));
    let Ok(Sighting::Over(Evidence::Blocked { until, .. })) = iam.verify_removed(&sessions(), at(NOW)).await
    else {
        panic!("blocked")
    };
    assert_eq!(until, at(END));
    let (iam, _) = always(200, &policy_of_role(&encoded.replace("000001", "000002")));
    assert!(matches!(iam.verify_removed(&sessions(), at(NOW)).await, Ok(Sighting::StillThere { .. })));
    let (iam, _) = always(200, &policy_of_role(&encoded));
    assert!(matches!(iam.verify_removed(&sessions(), at(END)).await, Ok(Sighting::StillThere { .. })));
}

#[tokio::test]
async fn a_session_is_narrowed_dated_tagged_and_no_longer_than_sts_gives() {
    let answer = format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>\
         <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{END}</Expiration>\
         </Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    for (now, seconds) in [(NOW, 1800), ("2026-11-22T09:59:00Z", 900), ("2026-11-22T08:00:00Z", 3600)] {
        let answers = Answers::always(200, &answer);
        let given = Credentials::new(&config(&answers)).issue(&sessions(), at(now)).await.unwrap();
        assert_eq!(given.revealed(), Revealed::AccessKey { id: "ASIA1".to_owned(), expires_at: at(END) });
        let sent = &answers.sent()[0];
        for part in [
            &format!("DurationSeconds={seconds}") as &str,
            "SourceIdentity=ana",
            "TransitiveTagKeys.member.1=stint-grant",
            "DateLessThan",
        ] {
            assert!(sent.contains(part), "{part}: {sent}");
        }
    }
}

#[tokio::test]
async fn a_new_key_takes_the_place_of_those_before_it() {
    let two = "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata><member><AccessKeyId>AKIA1\
        </AccessKeyId></member><member><AccessKeyId>AKIA2</AccessKeyId></member></AccessKeyMetadata>\
        <IsTruncated>false</IsTruncated></ListAccessKeysResult></ListAccessKeysResponse>";
    let made = format!(
        "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>{NAME}</UserName><AccessKeyId>AKIA3\
         </AccessKeyId><Status>Active</Status><SecretAccessKey>s</SecretAccessKey></AccessKey>\
         </CreateAccessKeyResult></CreateAccessKeyResponse>"
    );
    let deleted = "<DeleteAccessKeyResponse/>";
    let answers = Answers::in_order(&[(200, two), (200, deleted), (200, deleted), (200, &made)]);
    let given = Credentials::new(&config(&answers)).issue(&ephemeral(), at(NOW)).await.unwrap();
    assert!(matches!(given.revealed(), Revealed::AccessKey { id, .. } if id.trim() == "AKIA3"));
    let expected = ["ListAccessKeys", "DeleteAccessKey", "DeleteAccessKey", "CreateAccessKey"];
    assert_eq!(calls(&answers), expected);
}

fn named(names: &[&str]) -> String {
    let members: String = names.iter().map(|name| format!("<member>{name}</member>")).collect();
    format!(
        "<ListUserPoliciesResponse><ListUserPoliciesResult><PolicyNames>{members}</PolicyNames>\
         <IsTruncated>false</IsTruncated></ListUserPoliciesResult></ListUserPoliciesResponse>"
    )
}

fn policy_of_user(length: usize) -> String {
    format!(
        "<GetUserPolicyResponse><GetUserPolicyResult><UserName>a</UserName><PolicyName>p</PolicyName><PolicyDocument>\
         {}%20%20</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>",
        "x".repeat(length)
    )
}

#[tokio::test]
async fn only_what_wears_the_boundary_is_enrolled_and_nothing_of_stints_own() {
    let got = |path, boundary| user(path, boundary).replace("CreateUser", "GetUser");
    let (iam, _) = in_order(&[(200, &got("/", BOUNDARY)), (200, &named(&[]))]);
    assert_eq!(iam.check(&elevation().access).await.unwrap(), Ok(()));
    for wrong in [got("/", "arn:aws:iam::aws:policy/Other"), got("/stint/", BOUNDARY)] {
        let (iam, _) = in_order(&[(200, &wrong)]);
        assert_eq!(iam.check(&elevation().access).await.unwrap(), Err(Unfit::NotEnrolled));
    }
    let (iam, _) = always(404, &failure("NoSuchEntity"));
    assert_eq!(iam.check(&elevation().access).await.unwrap(), Err(Unfit::NotEnrolled));
    assert_eq!(iam.check(&sessions().access).await.unwrap(), Err(Unfit::NotEnrolled));
    let (iam, _) = always(500, &failure("ServiceFailure"));
    assert!(iam.check(&elevation().access).await.is_err(), "not knowing is neither yes nor no");
}

#[tokio::test]
async fn room_is_counted_without_white_space_and_some_is_kept_free() {
    let got = user("/", BOUNDARY).replace("CreateUser", "GetUser");
    let left = 2_048 - 256 - policy::size(&permissions()).unwrap();
    for (length, fits) in [(left, Ok(())), (left + 1, Err(Unfit::NoRoom))] {
        let (iam, _) = in_order(&[(200, &got), (200, &named(&["p"])), (200, &policy_of_user(length))]);
        assert_eq!(iam.check(&elevation().access).await.unwrap(), fits, "{length}");
    }
}
