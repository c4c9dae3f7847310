//! What must hold of the folder `policies/` before it is released.

use crate::common;
use cedar_policy::{Schema, ValidationMode, Validator};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use stint_domain::entitlement::{Entitlement, Permission, Risk};
use stint_policy::{PolicyBundle, sample};

/// Inline policies of one IAM user share 2,048 characters; a grant must leave room beside it.
const LARGEST_POLICY: usize = 1_500;

fn bundle() -> PolicyBundle {
    PolicyBundle::embedded().unwrap()
}

fn schema() -> Schema {
    let text = fs::read_to_string(common::folder().join("stint.cedarschema")).unwrap();
    let (schema, warnings) = Schema::from_cedarschema_str(&text).unwrap();
    assert_eq!(warnings.count(), 0);
    schema
}

fn complaints(cedar: &str) -> Vec<String> {
    let result = Validator::new(schema()).validate(&cedar.parse().unwrap(), ValidationMode::Strict);
    let errors = result.validation_errors().map(ToString::to_string);
    errors.chain(result.validation_warnings().map(ToString::to_string)).collect()
}

#[test]
fn every_policy_keeps_to_the_schema() {
    assert_eq!(complaints(&common::cedar()), Vec::<String>::new());
    let misspelt = "permit (principal is Stint::User, action == Stint::Action::\"request\", resource)
        when { principal.kinds == \"employee\" };";
    assert_eq!(complaints(misspelt).len(), 1, "the check can fail");
}

#[test]
fn every_policy_has_a_name_of_its_own_and_says_why() {
    let policies = common::policies();
    assert_eq!(common::policy_ids().len(), policies.num_of_policies(), "ids are unique");
    assert!(
        policies.policies().all(|policy| policy.annotation("reason").is_some_and(|text| text.len() > 10))
    );
    assert!(
        policies.num_of_policies() <= 40,
        "policies work on attributes: few suffice for any catalog, and each costs at every cold start"
    );
}

/// A function parses only the policies that can concern a question, and only when it is asked.
#[test]
fn every_policy_that_is_built_in_can_be_parsed() {
    bundle().check().unwrap();
}

#[test]
fn every_group_of_the_catalog_has_a_member() {
    let populated: BTreeSet<_> =
        sample::organisation().into_iter().flat_map(|person| person.groups).collect();
    for entitlement in bundle().entitlements() {
        for group in entitlement.approvers.iter().chain(&entitlement.requesters) {
            assert!(populated.contains(group), "{}: {group}", entitlement.id);
        }
    }
}

#[test]
fn whatever_may_be_asked_for_has_somebody_to_decide_about_it() {
    for entitlement in bundle().entitlements() {
        let approved = !entitlement.approvers.is_empty() || entitlement.approval.asks_the_manager();
        assert_eq!(approved, !entitlement.requesters.is_empty(), "{}", entitlement.id);
        if entitlement.risk == Risk::Critical && approved {
            assert!(entitlement.approval.people() >= 2, "{}", entitlement.id);
        }
    }
}

#[test]
fn what_a_grant_writes_fits_beside_others() {
    let written = |entitlement: &&Entitlement| !permissions(entitlement).is_empty();
    for entitlement in bundle().entitlements().filter(written) {
        let size = rendered(entitlement).len();
        assert!((100..LARGEST_POLICY).contains(&size), "{}: {size} characters", entitlement.id);
    }
}

#[test]
fn no_entitlement_reaches_for_identities_or_for_everything() {
    for entitlement in bundle().entitlements() {
        for Permission { actions, resources } in permissions(entitlement) {
            assert!(!actions.is_empty() && !resources.is_empty(), "{}", entitlement.id);
            for action in actions {
                let (service, verb) = action.split_once(':').unwrap();
                assert!(
                    !["iam", "sts", "*"].contains(&service) && verb != "*",
                    "{}: {action}",
                    entitlement.id
                );
            }
            assert!(resources.iter().all(|arn| arn.starts_with("arn:aws:")), "{}", entitlement.id);
        }
    }
}

/// Waiting and access together have to fit into one execution of the workflow.
#[test]
fn waiting_and_access_together_stay_within_the_longest_window() {
    for e in bundle().entitlements() {
        let whole = e.max_duration.seconds() + e.decide_within.seconds();
        assert!(whole <= stint_domain::duration::LONGEST_SECONDS, "{}: {whole} s", e.id);
    }
}

#[test]
fn the_version_is_the_hash_of_the_folder_without_its_tests() {
    let version = bundle().version().to_owned();
    assert_eq!(version.len(), 64);
    assert!(version.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{version}");
    assert_eq!(version, hash(&bundled_files()));
}

fn bundled_files() -> Vec<String> {
    let entries = fs::read_dir(common::folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name != "tests" && !name.starts_with('.'));
    names.sort();
    names
}

fn hash(names: &[String]) -> String {
    use sha2::{Digest as _, Sha256};
    let framed = names.iter().flat_map(|name| {
        let text = fs::read(common::folder().join(name)).unwrap();
        let length = u64::try_from(text.len()).unwrap().to_be_bytes();
        [name.as_bytes(), &[0], &length, &text].concat()
    });
    Sha256::digest(framed.collect::<Vec<_>>()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn permissions(entitlement: &Entitlement) -> &[Permission] {
    entitlement.access.permissions()
}

/// A grant's policy in its largest form: an `Allow` for each permission, with the window's start and end.
fn rendered(entitlement: &Entitlement) -> String {
    let statements: Vec<_> = permissions(entitlement)
        .iter()
        .map(|permission| {
            json!({
                "Effect": "Allow",
                "Action": permission.actions,
                "Resource": permission.resources,
                "Condition": {
                    "DateGreaterThanEquals": { "aws:CurrentTime": "2026-11-22T10:00:00Z" },
                    "DateLessThan": { "aws:CurrentTime": "2026-11-22T10:00:00Z" },
                },
            })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}
