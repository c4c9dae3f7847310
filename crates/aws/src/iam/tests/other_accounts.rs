//! Targets in other accounts: whose credentials are used for what, and what comes of a role that refuses.

use super::*;
use crate::surroundings::Machine;
use stint_app::ports::{Inventory as _, Surroundings as _};

const ROLE: &str = "arn:aws:iam::210987654321:role/stint/stint-account";

fn account(external_id: &str) -> TargetAccount {
    TargetAccount { role: ROLE.parse().unwrap(), external_id: external_id.parse().unwrap() }
}

fn there(mut artefact: Artefact) -> Artefact {
    artefact.access.put_in(Some(&account("stint-ops")));
    artefact
}

/// The answer of STS: a session with this much time left.
fn let_in(minutes: i64) -> String {
    let until = Machine.now() + jiff::SignedDuration::from_mins(minutes);
    format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAOTHER</AccessKeyId>\
         <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{}</Expiration>\
         </Credentials></AssumeRoleResult></AssumeRoleResponse>",
        until.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
}

/// Whether the last call was made with the other account's session.
fn as_its_role(answers: &Answers) -> bool {
    let signed = answers.header("authorization").unwrap();
    signed.contains("Credential=ASIAOTHER/") && answers.header("x-amz-security-token").is_some()
}

#[tokio::test]
async fn what_is_given_in_another_account_is_given_by_a_session_of_its_role_for_this_grant() {
    let made = user("/stint/", "arn:aws:iam::210987654321:policy/stint-boundary");
    let (iam, answers) = in_order(&[(200, &let_in(15)), (200, &made), (200, "<PutUserPolicyResponse/>")]);
    iam.activate(&there(ephemeral())).await.unwrap();
    assert_eq!(calls(&answers), ["AssumeRole", "CreateUser", "PutUserPolicy"]);
    assert!(as_its_role(&answers));
    let sent = answers.sent();
    for part in [
        "RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fstint%2Fstint-account",
        "ExternalId=stint-ops",
        &format!("RoleSessionName={NAME}"),
        "DurationSeconds=900",
        "Tags.member.1.Key=stint-duty&Tags.member.1.Value=give",
        "Tags.member.2.Key=stint-grant&Tags.member.2.Value=grant-01980000000070008000000000000001",
    ] {
        assert!(sent[0].contains(part), "{part}: {}", sent[0]);
    }
    assert!(
        sent[1].contains("iam%3A%3A210987654321%3Apolicy%2Fstint-boundary"),
        "the account's own boundary"
    );
}

#[tokio::test]
async fn what_is_in_stints_own_account_needs_no_session() {
    let (iam, answers) = always(200, "<PutUserPolicyResponse/>");
    iam.activate(&elevation()).await.unwrap();
    assert_eq!(calls(&answers), ["PutUserPolicy"]);
    assert!(answers.header("authorization").unwrap().contains("Credential=AKID/"));
}

#[tokio::test]
async fn a_user_with_stints_own_boundary_is_not_one_of_the_other_accounts() {
    let (iam, _) = in_order(&[(200, &let_in(15)), (200, &user("/stint/", BOUNDARY))]);
    let refused = iam.activate(&there(ephemeral())).await;
    assert!(matches!(refused, Err(ProviderError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn one_session_takes_and_looks_and_another_one_gives() {
    let gone = failure("NoSuchEntity");
    let (iam, answers) = in_order(&[
        (200, &let_in(15)),
        (404, &gone),
        (404, &gone),
        (200, &let_in(15)),
        (200, "<PutUserPolicyResponse/>"),
    ]);
    iam.deactivate(&there(elevation()), at(END)).await.unwrap();
    let seen = iam.verify_removed(&there(elevation()), at(END)).await.unwrap();
    assert!(matches!(seen, Sighting::Over(Evidence::Gone(_))) && as_its_role(&answers));
    iam.activate(&there(elevation())).await.unwrap();
    assert_eq!(
        calls(&answers),
        ["AssumeRole", "DeleteUserPolicy", "GetUserPolicy", "AssumeRole", "PutUserPolicy"]
    );
    let duties: Vec<_> = answers.sent().into_iter().filter(|sent| sent.contains("AssumeRole")).collect();
    assert!(duties[0].contains("Value=take&") && duties[1].contains("Value=give&"), "{duties:?}");
}

#[tokio::test]
async fn a_session_that_is_nearly_over_or_failed_is_not_used_again() {
    let put = "<PutUserPolicyResponse/>";
    let (iam, answers) = in_order(&[(200, &let_in(1)), (200, put), (200, &let_in(15)), (200, put)]);
    iam.activate(&there(elevation())).await.unwrap();
    iam.activate(&there(elevation())).await.unwrap();
    assert_eq!(calls(&answers), ["AssumeRole", "PutUserPolicy", "AssumeRole", "PutUserPolicy"]);

    let stale = failure("InvalidClientTokenId");
    let (iam, answers) =
        in_order(&[(200, &let_in(15)), (403, &stale), (200, &let_in(15)), (404, &failure("NoSuchEntity"))]);
    let failed = iam.deactivate(&there(elevation()), at(END)).await;
    assert!(matches!(failed, Err(ProviderError::Unavailable(_))), "{failed:?}");
    iam.deactivate(&there(elevation()), at(END)).await.unwrap();
    assert_eq!(calls(&answers), ["AssumeRole", "DeleteUserPolicy", "AssumeRole", "DeleteUserPolicy"]);
}

/// What STS says of a wrong external id, and of a role that does not trust.
#[tokio::test]
async fn a_role_that_refuses_is_told_apart_from_one_that_does_not_answer_and_nothing_is_touched() {
    for (status, code, refused) in [(403, "AccessDenied", true), (503, "ServiceUnavailable", false)] {
        for artefact in [elevation(), ephemeral(), sessions()].map(there) {
            let (iam, answers) = always(status, &failure(code));
            let mut failed = vec![
                iam.activate(&artefact).await.unwrap_err(),
                iam.deactivate(&artefact, at(NOW)).await.unwrap_err(),
                iam.verify_removed(&artefact, at(NOW)).await.unwrap_err(),
                iam.altered(&artefact).await.unwrap_err(),
            ];
            if artefact.access.has_credential() {
                let issued = Credentials::new(&config(&answers)).issue(&artefact, at(NOW)).await;
                failed.extend(issued.err());
            }
            for error in failed {
                let said = matches!(&error, ProviderError::Refused { .. });
                assert_eq!(said, refused, "{code}: {error:?}");
            }
            assert!(calls(&answers).iter().all(|call| call == "AssumeRole"), "{:?}", calls(&answers));
        }
    }
    let (iam, _) = always(403, &failure("AccessDenied"));
    let Err(ProviderError::Refused { reason, .. }) = iam.activate(&there(elevation())).await else {
        panic!("refused")
    };
    assert_eq!(reason, accounts::NOT_LET_IN);
}

#[tokio::test]
async fn a_key_is_handed_out_by_a_session_of_its_own_and_a_role_session_says_the_external_id() {
    let made = "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>u</UserName><AccessKeyId>AKIA3\
         </AccessKeyId><Status>Active</Status><SecretAccessKey>s</SecretAccessKey></AccessKey>\
         </CreateAccessKeyResult></CreateAccessKeyResponse>";
    let answers = Answers::in_order(&[(200, &let_in(15)), (200, &no_keys()), (200, made)]);
    Credentials::new(&config(&answers)).issue(&there(ephemeral()), at(NOW)).await.unwrap();
    assert_eq!(calls(&answers), ["AssumeRole", "ListAccessKeys", "CreateAccessKey"]);
    assert!(answers.sent()[0].contains("Value=hand-out&") && as_its_role(&answers));

    for (artefact, expected) in [(there(sessions()), true), (sessions(), false)] {
        let answers = Answers::always(200, &let_in(15));
        Credentials::new(&config(&answers)).issue(&artefact, at(NOW)).await.unwrap();
        let [sent] = &answers.sent()[..] else { panic!("one call") };
        assert_eq!(sent.contains("ExternalId=stint-ops"), expected, "{sent}");
    }
}

#[tokio::test]
async fn whoever_submits_does_not_enter_another_account() {
    let (iam, answers) = in_order(&[]);
    assert_eq!(iam.check(&there(elevation()).access).await.unwrap(), Ok(()));
    assert!(calls(&answers).is_empty());
    let (iam, _) = always(404, &failure("NoSuchEntity"));
    assert_eq!(iam.check(&elevation().access).await.unwrap(), Err(Unfit::NotEnrolled));
}

const NOBODY: &str = "<ListEntitiesForPolicyResponse><ListEntitiesForPolicyResult><PolicyGroups/><PolicyUsers/>\
    <PolicyRoles/><IsTruncated>false</IsTruncated></ListEntitiesForPolicyResult></ListEntitiesForPolicyResponse>";

fn users_page(more: &str) -> String {
    let member = user("/stint/", BOUNDARY);
    let (from, to) = (member.find("<Path>").unwrap(), member.find("<PermissionsBoundary>").unwrap());
    format!(
        "<ListUsersResponse><ListUsersResult><Users><member>{}</member></Users>{more}</ListUsersResult></ListUsersResponse>",
        &member[from..to]
    )
}

#[tokio::test]
async fn a_round_looks_at_stints_own_account_and_then_at_every_other_one() {
    let (all, more) = (
        users_page("<IsTruncated>false</IsTruncated>"),
        users_page("<IsTruncated>true</IsTruncated><Marker>m:1</Marker>"),
    );
    let (iam, answers) = in_order(&[
        (200, &all),
        (200, NOBODY),
        (200, &let_in(15)),
        (200, &more),
        (200, &all),
        (200, NOBODY),
        (200, &let_in(15)),
        (200, &all),
        (200, NOBODY),
    ]);
    let iam = iam.also_in([account("stint-ops"), account("stint-two")].into());
    let (mut cursor, mut found) = (None, Vec::new());
    for _ in 0..7 {
        let page = iam.marked(cursor.as_deref()).await.unwrap();
        let where_it_is = |one: stint_app::ports::Look| one.unwrap().access.account().cloned();
        found.extend(page.items.into_iter().map(where_it_is));
        cursor = page.next;
    }
    assert_eq!(cursor, None, "the round is over: {:?}", calls(&answers));
    let ops = Some(account("stint-ops"));
    assert_eq!(found, [None, ops.clone(), ops, Some(account("stint-two"))]);
    assert!(answers.sent()[4].contains("Marker=m%3A1"), "{}", answers.sent()[4]);
    assert!(answers.sent()[2].contains("RoleSessionName=stint-sweep"));
    assert!(answers.sent()[5].contains("iam%3A%3A210987654321%3Apolicy%2Fstint-boundary"));
}

#[tokio::test]
async fn an_account_that_refuses_does_not_hide_the_next_one() {
    let (iam, _) = always(403, &failure("AccessDenied"));
    let iam = iam.also_in([account("stint-ops"), account("stint-two")].into());
    let (mut cursor, mut round) = (None, Vec::new());
    for _ in 0..6 {
        assert!(iam.marked(cursor.as_deref()).await.is_err());
        cursor = iam.beyond(cursor.as_deref());
        round.push(cursor.clone().map(|at| at.rsplit('#').next().unwrap().to_owned()));
    }
    let at = |text: &str| Some(text.to_owned());
    let ops = [at("stint-ops|users:"), at("stint-ops|wearers:")];
    let two = [at("stint-two|users:"), at("stint-two|wearers:")];
    assert_eq!(round, [&[at("wearers:")][..], &ops, &two, &[None]].concat());
    let gone = iam.beyond(Some("arn:aws:iam::1:role/gone#x|users:"));
    assert_eq!(gone, at("wearers:"), "a new round");
}

/// Those who wear the boundary, with more of them on the next page.
fn worn_by(users: &[&str], roles: &[&str]) -> String {
    let list = |kind: &str, names: &[&str]| -> String {
        let one = |name: &&str| format!("<member><{kind}Name>{name}</{kind}Name></member>");
        names.iter().map(one).collect()
    };
    format!(
        "<ListEntitiesForPolicyResponse><ListEntitiesForPolicyResult><PolicyUsers>{}</PolicyUsers>\
         <PolicyRoles>{}</PolicyRoles><PolicyGroups></PolicyGroups><IsTruncated>true</IsTruncated>\
         <Marker>m2</Marker></ListEntitiesForPolicyResult></ListEntitiesForPolicyResponse>",
        list("User", users),
        list("Role", roles)
    )
}

#[tokio::test]
async fn who_may_not_be_looked_at_hides_neither_the_rest_of_the_page_nor_the_next_one() {
    let (page, denied) = (worn_by(&["ana", "ben"], &[]), failure("AccessDenied"));
    let answers = [(200, page.as_str()), (403, &denied), (200, &named(&[NAME]))];
    let (iam, _) = in_order(&answers);
    let seen = iam.marked(Some("wearers:")).await.unwrap();
    let [Err(ProviderError::Refused { reason, .. }), Ok(marked)] = &seen.items[..] else {
        panic!("{:?}", seen.items)
    };
    assert_eq!(reason, "ana: IAM denies Stint a look at it");
    assert_eq!(marked.grant_id, elevation().grant_id);
    assert_eq!(seen.next.as_deref(), Some("wearers:m2"));
}

#[tokio::test]
async fn when_iam_does_not_answer_the_rest_of_a_page_is_left_for_the_next_round_and_the_next_page_is_not() {
    let (page, down) = (worn_by(&["ana"], &["reader", "writer"]), failure("Throttling"));
    let (iam, answers) = in_order(&[(200, page.as_str()), (200, &named(&[NAME])), (400, &down)]);
    let seen = iam.marked(Some("wearers:")).await.unwrap();
    assert!(matches!(seen.items[..], [Ok(_), Err(ProviderError::Unavailable(_))]), "{:?}", seen.items);
    assert_eq!(seen.next.as_deref(), Some("wearers:m2"));
    assert_eq!(calls(&answers).len(), 3, "nobody else is asked about");
}
