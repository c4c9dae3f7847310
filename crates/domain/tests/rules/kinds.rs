//! Every kind of access: what it is called, where and whose it is, what of it has to be handed over, and how it can end.
//! Recorded whole, since mails, policies and providers all go by it.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use stint_domain::access::{Access, NotEnrolled};
use stint_domain::account::TargetAccount;
use stint_domain::entitlement::{AccessKind, Risk};
use stint_domain::ids::IamUserName;
use stint_domain::principal::{Engagement, Person};

fn kinds() -> Vec<AccessKind> {
    let permissions = json!([{ "actions": ["s3:GetObject", "s3:ListBucket"], "resources": ["*"] }]);
    let account =
        json!({ "role": "arn:aws:iam::210987654321:role/stint/stint-account", "external_id": "stint-ops" });
    let role = "arn:aws:iam::210987654321:role/stint-target/reader";
    let of = |own: Value| serde_json::from_value(own).unwrap();
    vec![
        of(json!({ "kind": "iam_user_elevation", "permissions": permissions, "account": account })),
        of(json!({ "kind": "ephemeral_iam_user", "permissions": permissions, "account": account })),
        of(json!({ "kind": "role_session", "role": role, "permissions": permissions, "account": account })),
        of(
            json!({ "kind": "checkout", "secret": "stint/vault/orders-owner", "login": { "kind": "postgres" } }),
        ),
        of(
            json!({ "kind": "checkout", "secret": "stint/vault/key", "login": { "kind": "iam_user_key", "user": "reports" } }),
        ),
        of(
            json!({ "kind": "provided", "function": "stint-provider-doors", "target": "front", "has_credential": true,
            "can_cut_live_sessions": false, "max_overstay_seconds": 5 }),
        ),
    ]
}

fn person(iam_user: Option<IamUserName>) -> Person {
    Person {
        id: "ana".parse().unwrap(),
        display_name: "Ana".to_owned(),
        email: None,
        engagement: Engagement::Employed,
        groups: [].into(),
        department: None,
        manager: None,
        working_hours: None,
        iam_user,
    }
}

fn for_ana(kind: &AccessKind) -> Access {
    kind.of(&person(Some("ana.of.iam".parse().unwrap()))).unwrap()
}

#[test]
fn each_kind_of_access_is_what_is_recorded() {
    let grant = "grant-01980000000070008000000000000001".parse().unwrap();
    let told = kinds().into_iter().map(|kind| {
        let access = for_ana(&kind);
        let account = kind.account().map(TargetAccount::id);
        assert_eq!(access.account().map(TargetAccount::id), account);
        BTreeMap::from([
            ("kind", json!(kind.name())),
            ("target", json!(kind.target())),
            ("account", json!(account)),
            ("permissions", json!(kind.permissions())),
            ("at most over, in seconds", json!(kind.max_overstay_seconds())),
            ("cuts what is in use", json!(kind.can_cut_live_sessions())),
            ("hands something over", json!(access.has_credential())),
            ("place", json!(access.place(grant))),
            ("source identity", json!(access.source_identity().map(ToString::to_string))),
            ("vaulted", json!(access.vaulted().map(|secret| secret.as_str()))),
            (
                "provided",
                json!(access.provided().map(|(provided, to)| format!("{} for {to}", provided.target))),
            ),
        ])
    });
    let told: Vec<_> = told.map(|kind| serde_json::to_string_pretty(&kind).unwrap()).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn each_kind_of_access_is_read_back_as_it_was_written_and_of_its_own_kind() {
    for kind in kinds() {
        let access = for_ana(&kind);
        let written = serde_json::to_string(&access).unwrap();
        assert_eq!(serde_json::from_str::<Access>(&written).unwrap(), access);
        assert_eq!(access.kind(), kind);
        assert_eq!(access.permissions(), kind.permissions());
    }
}

#[test]
fn only_an_elevation_takes_an_iam_user_of_ones_own() {
    for kind in kinds() {
        let elevates = matches!(kind, AccessKind::IamUserElevation { .. });
        assert_eq!(kind.of(&person(None)).err(), elevates.then_some(NotEnrolled), "{}", kind.name());
    }
}

#[test]
fn what_is_found_in_an_account_is_put_there_and_what_is_stints_own_is_put_back() {
    let account = kinds()[0].account().cloned();
    for kind in kinds() {
        let (before, iams) = (for_ana(&kind), kind.account().is_some());
        let mut access = before.clone();
        access.put_in(None);
        assert_eq!((access.account(), access == before), (None, !iams), "{}", kind.name());
        access.put_in(account.as_ref());
        assert_eq!(access, before);
    }
}

#[test]
fn a_risk_has_the_name_that_policies_and_the_catalog_know() {
    for (risk, name) in [(Risk::Low, "low"), (Risk::High, "high"), (Risk::Critical, "critical")] {
        assert_eq!((risk.as_str(), json!(risk)), (name, json!(name)));
    }
}
