//! How a bundle decides, whatever its policies: `forbid` wins, errors deny, names are compared exactly.

use crate::common::person;
use serde_json::json;
use std::collections::BTreeMap;
use stint_domain::account::TargetAccount;
use stint_domain::principal::{Authentication, Origin};
use stint_policy::{Ask, BundleError, Denied, PolicyBundle, Requester};

const CATALOG: &str = r#"{ "entitlement": [{
    "id": "thing", "title": "Thing", "description": "A thing.", "risk": "low",
    "access": { "kind": "iam_user_elevation", "permissions": [] },
    "max_duration": "1h30m", "decide_within": "15s", "requesters": ["engineers"]
}] }"#;

const PERMIT: &str = r#"
    @id("anybody") @reason("anybody may") permit (principal, action, resource);"#;

const FORBID: &str = r#"
    @id("nobody") @reason("nobody may") forbid (principal, action, resource);"#;

/// Looks at an attribute that nobody has.
const BROKEN_FORBID: &str = r#"
    @id("broken") @reason("broken") forbid (principal, action, resource) when { principal.shoe_size > 40 };"#;

const BROKEN_PERMIT: &str = r#"
    @id("broken") @reason("broken") permit (principal, action, resource) when { principal.shoe_size > 40 };"#;

fn ask() -> Ask {
    Ask {
        duration: "1h".parse().unwrap(),
        at: "2026-11-22T23:59:59Z".parse().unwrap(),
        has_ticket: true,
        justification_characters: 20,
        origin: Some(Origin { address: "203.0.113.7".parse().unwrap(), mfa: false }),
        people: None,
    }
}

fn bundle(policies: &[&str]) -> PolicyBundle {
    PolicyBundle::from_sources(CATALOG, &policies.concat()).unwrap()
}

fn request(policies: &[&str]) -> Result<Vec<String>, Denied> {
    let bundle = bundle(policies);
    let thing = bundle.entitlements().next().unwrap();
    let authorized = bundle.may_request(&person("ana"), thing, &ask())?;
    Ok(authorized.authorization().policies.iter().cloned().collect())
}

fn permit_when(condition: &str) -> String {
    format!(r#"@id("when") @reason("when") permit (principal, action, resource) when {{ {condition} }};"#)
}

#[test]
fn what_is_not_permitted_is_denied_without_a_reason() {
    let denied = request(&[]).unwrap_err();
    assert!(denied.authorization.policies.is_empty() && denied.reasons.is_empty() && !denied.errored);
    assert_eq!(request(&[PERMIT]), Ok(vec!["anybody".to_owned()]));
}

#[test]
fn a_forbid_overrides_every_permit() {
    let denied = request(&[PERMIT, FORBID]).unwrap_err();
    assert_eq!(denied.reasons, ["nobody may"]);
    assert!(denied.authorization.policies.iter().eq(["nobody"]) && !denied.errored);
}

#[test]
fn a_forbid_that_errors_still_denies() {
    let denied = request(&[PERMIT, BROKEN_FORBID]).unwrap_err();
    assert!(denied.errored && denied.reasons.is_empty());
    assert!(denied.authorization.policies.iter().eq(["broken"]), "the permit did not decide");
}

#[test]
fn a_permit_that_errors_denies_what_another_permits() {
    assert!(request(&[PERMIT, BROKEN_PERMIT]).unwrap_err().errored);
}

#[test]
fn whoever_is_told_of_a_decision_is_told_why_each_policy_had_its_part_in_it_and_of_no_other() {
    let unconcerned = r#"@id("elsewhere") @reason("nothing to do with it")
        permit (principal, action == Stint::Action::"approve", resource);"#;
    let bundle = bundle(&[PERMIT, unconcerned]);
    let thing = bundle.entitlements().next().unwrap();
    let authorized = bundle.may_request(&person("ana"), thing, &ask()).unwrap();
    let reasons = bundle.reasons(authorized.authorization());
    assert_eq!(reasons, BTreeMap::from([("anybody".to_owned(), "anybody may".to_owned())]));
}

#[test]
fn an_error_beside_a_forbid_is_still_told() {
    let denied = request(&[PERMIT, FORBID, BROKEN_PERMIT]).unwrap_err();
    assert!(denied.errored);
    assert_eq!(denied.reasons, ["nobody may"]);
    assert!(denied.authorization.policies.iter().eq(["broken", "nobody"]));
}

#[test]
fn an_error_denies_every_kind_of_question() {
    let (sound, broken) = (bundle(&[PERMIT]), bundle(&[PERMIT, BROKEN_FORBID]));
    let (ana, ben) = (person("ana"), person("ben"));
    let thing = sound.entitlements().next().unwrap();
    assert!(
        sound.may_request(&ana, thing, &ask()).is_ok() && broken.may_request(&ana, thing, &ask()).is_err()
    );
    assert!(
        sound.auto_approves(&ana, thing, &ask()).is_ok()
            && broken.auto_approves(&ana, thing, &ask()).is_err()
    );
    let by_ana = Requester { id: &ana.id, manager: None };
    let (yes, no) = (
        sound.may_approve(&ben, by_ana, thing, &ask(), Authentication::Token),
        broken.may_approve(&ben, by_ana, thing, &ask(), Authentication::Token),
    );
    assert!(yes.is_ok() && no.is_err());
    let emergency = |bundle: &PolicyBundle| bundle.may_break_glass(&ana, thing, &ask()).is_ok();
    assert!(emergency(&sound) && !emergency(&broken));
    let review = |bundle: &PolicyBundle| bundle.may_review(&ben, &ana.id, &thing.id, &ben.groups).is_ok();
    assert!(review(&sound) && !review(&broken));
    let revoke = |bundle: &PolicyBundle| bundle.may_revoke(&ben, &ana.id, &thing.id).is_ok();
    assert!(revoke(&sound) && !revoke(&broken));
    let close = |bundle: &PolicyBundle| bundle.may_force_close(&ben, &ana.id, &thing.id).is_ok();
    assert!(close(&sound) && !close(&broken));
    assert!(sound.may_read_audit(&ana).is_ok() && broken.may_read_audit(&ana).is_err());
    assert!(sound.may_export_audit(&ana).is_ok() && broken.may_export_audit(&ana).is_err());
}

/// Access to something that is no longer in the catalog can still be taken away, by whom policy trusts with anything.
#[test]
fn an_entitlement_that_is_gone_is_critical_and_has_nobody_in_its_groups() {
    let gone = "gone".parse().unwrap();
    let (ana, ben) = (person("ana"), person("ben"));
    let revoke =
        |condition: &str| bundle(&[&permit_when(condition)]).may_revoke(&ben, &ana.id, &gone).is_ok();
    assert!(revoke("resource.risk == \"critical\""));
    assert!(!revoke("resource.risk == \"low\""));
    assert!(!revoke("principal in resource.approvers || principal in resource.requesters"));
}

#[test]
fn a_decision_carries_the_version_that_made_it() {
    let (one, other) = (bundle(&[PERMIT]), bundle(&[PERMIT, FORBID]));
    assert_ne!(one.version(), other.version());
    assert_eq!(one.version(), bundle(&[PERMIT]).version());
    let allowed = one.may_read_audit(&person("ana")).unwrap();
    assert_eq!(allowed.authorization().policy_version, one.version());
    let denied = other.may_read_audit(&person("ana")).unwrap_err();
    assert_eq!(denied.authorization.policy_version, other.version());
}

#[test]
fn groups_are_compared_exactly() {
    let policy = permit_when("principal in resource.requesters");
    let bundle = bundle(&[&policy]);
    let thing = bundle.entitlements().next().unwrap();
    let mut ana = person("ana");
    assert!(bundle.may_request(&ana, thing, &ask()).is_ok());
    for near in ["Engineers", "engineers-", "engineer", "engineers/engineers"] {
        ana.groups = [near.parse().unwrap()].into();
        assert!(bundle.may_request(&ana, thing, &ask()).is_err(), "{near}");
    }
    ana.groups.clear();
    assert!(bundle.may_request(&ana, thing, &ask()).is_err(), "no groups");
}

#[test]
fn an_id_that_looks_like_cedar_stays_an_id() {
    let policy = permit_when(r#"principal == Stint::User::"ana""#);
    let bundle = bundle(&[&policy]);
    let mut ana = person("ana");
    assert!(bundle.may_read_audit(&ana).is_ok());
    for other in ["Ana", "Stint::User::ana", "ana/..", "ben"] {
        ana.id = other.parse().unwrap();
        assert!(bundle.may_read_audit(&ana).is_err(), "{other}");
    }
}

/// 2026-11-22 is a Sunday.
#[test]
fn policies_see_the_moment_the_duration_in_seconds_the_ticket_and_where_it_is_asked_from() {
    for (condition, holds) in [
        ("context.hour == 23", true),
        ("context.hour == 0", false),
        ("context.weekday == 7", true),
        ("context.weekday == 1", false),
        ("context.duration_seconds == 3600", true),
        ("context.duration_seconds == 60", false),
        ("context.justification_characters == 20", true),
        ("context.justification_characters > 20", false),
        (r#"context.source_address.isInRange(ip("203.0.113.0/29"))"#, true),
        (r#"context.source_address.isInRange(ip("203.0.113.8/29"))"#, false),
        ("context.mfa", false),
        ("!context.mfa", true),
        ("context.has_ticket", true),
        ("!context.has_ticket", false),
        ("resource.max_duration_seconds == 5400", true),
        ("resource.max_duration_seconds == 90", false),
    ] {
        assert_eq!(request(&[&permit_when(condition)]).is_ok(), holds, "{condition}");
    }
}

#[test]
fn policies_see_what_the_directory_says_of_somebody() {
    let ana = person("ana");
    assert_eq!(
        (ana.department.as_deref(), ana.manager.as_ref().map(|id| id.as_str())),
        (Some("engineering"), Some("iris"))
    );
    for (condition, holds) in [
        (r#"principal has department && principal.department == "engineering""#, true),
        (r#"principal has department && principal.department == "finance""#, false),
        (r#"principal has manager && principal.manager == Stint::User::"iris""#, true),
        (r#"principal has manager && principal.manager == Stint::User::"ben""#, false),
        ("principal has in_working_hours", false),
    ] {
        assert_eq!(request(&[&permit_when(condition)]).is_ok(), holds, "{condition}");
    }
}

#[test]
fn working_hours_are_told_of_whoever_acts_and_nobody_is_kept_from_being_asked_by_them() {
    let bundle = bundle(&[&permit_when("principal has in_working_hours && principal.in_working_hours")]);
    let thing = bundle.entitlements().next().unwrap();
    let jana = person("jana");
    let may = |ask: &Ask| bundle.may_request(&jana, thing, ask).is_ok();
    let (sunday, monday) = (ask(), Ask { at: "2026-11-23T10:00:00Z".parse().unwrap(), ..ask() });
    assert!(may(&monday) && !may(&sunday));
    assert!(may(&Ask { origin: None, ..sunday }), "who could is another question");
}

#[test]
fn what_nobody_has_done_yet_has_no_place_and_could_have_a_second_factor() {
    let could = |condition: &str| {
        let bundle = bundle(&[&permit_when(condition)]);
        let thing = bundle.entitlements().next().unwrap();
        bundle.may_request(&person("ana"), thing, &Ask { origin: None, ..ask() }).is_ok()
    };
    assert!(could("context.mfa && !(context has source_address)"));
    assert!(!could("context has source_address") && !could("!context.mfa"));
}

/// The other way around, to say what is meant: each of these holds of one entry and not of the other.
#[test]
fn policies_see_what_the_catalog_says_of_an_entitlement() {
    let catalog = r#"{ "entitlement": [
        { "id": "plain", "title": "Plain", "description": "Plain.", "risk": "low", "max_duration": "1h", "decide_within": "1h",
          "access": { "kind": "iam_user_elevation", "permissions": [{ "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::a/*"] }] } },
        { "id": "rich", "title": "Rich", "description": "Rich.", "risk": "low", "max_duration": "1h", "decide_within": "1h",
          "environment": "payroll", "owner": "leads", "zone": "Pacific/Kiritimati",
          "access": { "kind": "role_session", "role": "arn:aws:iam::210987654321:role/stint-target/reader", "permissions": [],
                      "account": { "role": "arn:aws:iam::210987654321:role/stint/stint-account", "external_id": "ex-1" } } }
    ] }"#;
    for (condition, plain) in [
        (r#"resource.kind == "iam_user_elevation""#, true),
        (r#"resource.kind == "role_session""#, false),
        (r#"resource.actions == ["s3:GetObject"]"#, true),
        (r#"resource.actions.isEmpty()"#, false),
        (
            "resource has environment || resource has owner || resource has target || resource has account",
            false,
        ),
        (r#"resource has environment && resource.environment == "payroll""#, false),
        (r#"resource has owner && resource.owner == Stint::Group::"leads""#, false),
        (
            r#"resource has target && resource.target == "arn:aws:iam::210987654321:role/stint-target/reader""#,
            false,
        ),
        (r#"resource has account && resource.account == "210987654321""#, false),
        // A minute to midnight on Sunday, UTC, is Monday afternoon there.
        ("context.hour == 23 && context.weekday == 7", true),
        ("context.hour == 13 && context.weekday == 1", false),
    ] {
        let bundle = PolicyBundle::from_sources(catalog, &permit_when(condition)).unwrap();
        let may = |id: &str| {
            let entitlement = bundle.entitlement(&id.parse().unwrap()).unwrap();
            bundle.may_request(&person("ana"), entitlement, &ask()).is_ok()
        };
        assert_eq!((may("plain"), may("rich")), (plain, !plain), "{condition}");
    }
}

#[test]
fn a_bundle_with_a_defect_is_refused_whole() {
    let refused = |cedar: &str| PolicyBundle::from_sources(CATALOG, cedar).err().unwrap();
    assert!(matches!(refused(r#"@id("a") @reason("a") permit (principal"#), BundleError::Policies(_)));
    assert!(matches!(refused("permit (principal, action, resource);"), BundleError::Unlabelled { .. }));
    assert!(matches!(refused(&[PERMIT, PERMIT].concat()), BundleError::DuplicatePolicy { .. }));
    let template = r#"@id("t") @reason("t") forbid (principal == ?principal, action, resource);"#;
    assert!(matches!(refused(template), BundleError::Template));
}

#[test]
fn a_catalog_with_a_defect_is_refused_whole() {
    let refused = |catalog: &str| PolicyBundle::from_sources(catalog, PERMIT).err().unwrap();
    assert!(matches!(refused(&CATALOG.replace("requesters", "requestors")), BundleError::Catalog(_)));
    assert!(matches!(refused(&CATALOG.replace("1h30m", "soon")), BundleError::Duration { .. }));
    assert!(matches!(refused(&CATALOG.replace("15s", "365d")), BundleError::Duration { .. }));
    for (field, unknown) in [("zone", "Europe/Nowhere"), ("environment", "Payroll and more"), ("owner", "")] {
        let catalog = CATALOG.replace("\"risk\"", &format!("\"{field}\": \"{unknown}\", \"risk\""));
        assert!(matches!(refused(&catalog), BundleError::Catalog(_)), "{field}");
    }
    let with = |glass: &str| {
        CATALOG.replace("\"requesters\":", &format!("\"break_glass\": {glass}, \"requesters\":"))
    };
    let sound = r#"{ "users": ["a"], "max_duration": "1h", "reviewers": ["b"], "review_within": "2h" }"#;
    assert!(PolicyBundle::from_sources(&with(sound), PERMIT).is_ok());
    let as_long_as_can_be = sound.replace("1h", "1h30m");
    assert!(PolicyBundle::from_sources(&with(&as_long_as_can_be), PERMIT).is_ok());
    for (text, instead) in [
        (r#"["a"]"#, "[]"),
        (r#"["b"]"#, "[]"),
        (r#""1h""#, r#""1h31m""#),
        (r#""2h""#, r#""1h""#),
        (r#""2h""#, r#""soon""#),
    ] {
        let glass = sound.replacen(text, instead, 1);
        assert!(matches!(refused(&with(&glass)), BundleError::BreakGlass { .. }), "{glass}");
    }
    let entry = CATALOG.trim_start_matches(r#"{ "entitlement": ["#).trim_end_matches("] }");
    let twice = format!(r#"{{ "entitlement": [{entry}, {entry}] }}"#);
    assert!(matches!(refused(&twice), BundleError::DuplicateEntitlement { .. }));
}

#[test]
fn sessions_of_a_role_are_given_in_the_accounts_own_and_every_account_is_known_once() {
    let sessions = |account: &str| {
        let into = json!({ "role": format!("arn:aws:iam::{account}:role/stint/stint-account"), "external_id": "ex-1" });
        let role = "arn:aws:iam::210987654321:role/stint-target/reader";
        let access = json!({ "kind": "role_session", "role": role, "permissions": [], "account": into });
        let entry =
            CATALOG.replace(r#"{ "kind": "iam_user_elevation", "permissions": [] }"#, &access.to_string());
        let another = entry.replace("\"thing\"", "\"another\"");
        let [entry, another] = [&entry, &another]
            .map(|text| text.trim_end_matches("] }").trim_start_matches(r#"{ "entitlement": ["#));
        PolicyBundle::from_sources(&format!(r#"{{ "entitlement": [{entry}, {another}] }}"#), PERMIT)
    };
    let accounts = sessions("210987654321").unwrap().accounts();
    assert_eq!(accounts.iter().map(TargetAccount::id).collect::<Vec<_>>(), ["210987654321"]);
    assert!(matches!(sessions("123456789012").err(), Some(BundleError::Account { .. })));
}
