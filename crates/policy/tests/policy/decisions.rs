//! The policies against the cases in `policies/tests`, with the sample organisation, and the table of what they
//! come to. A case is a question, and exactly the policies that decide it.

use crate::common::{self, Case, cases};
use std::collections::BTreeSet;
use stint_domain::entitlement::Entitlement;
use stint_policy::PolicyBundle;

const ACTIONS: [&str; 9] = [
    "request",
    "auto-approve",
    "break-glass",
    "approve",
    "review",
    "revoke",
    "force-close",
    "read-audit",
    "export-audit",
];

/// Said of few entitlements; of the others everything is denied.
const ABOUT_EMERGENCIES: [&str; 2] = ["break-glass", "review"];

/// Asked about a grant that there is, so the circumstances of an ask say nothing.
const ABOUT_GRANTS: [&str; 3] = ["review", "revoke", "force-close"];

#[test]
fn every_case_is_decided_as_its_folder_says_and_by_the_policies_it_names() {
    let bundle = PolicyBundle::embedded().unwrap();
    for (folder, allowed) in [("ALLOW", true), ("DENY", false)] {
        for (name, case) in cases(folder) {
            let decided = case.put_to(&bundle);
            assert_eq!(decided.allowed, allowed, "{folder}/{name}");
            assert_eq!(decided.policies, case.decided_by, "{folder}/{name}");
            assert!(!decided.errored, "{folder}/{name}");
            assert_eq!(
                decided.reasons.len(),
                if allowed { 0 } else { case.decided_by.len() },
                "{folder}/{name}"
            );
        }
    }
}

#[test]
fn every_action_has_a_case_that_is_allowed_and_one_that_is_denied() {
    for folder in ["ALLOW", "DENY"] {
        let covered: BTreeSet<_> = cases(folder).into_iter().map(|(_, case)| case.action).collect();
        assert_eq!(covered, BTreeSet::from(ACTIONS.map(str::to_owned)), "{folder}");
    }
}

#[test]
fn every_policy_decides_a_case() {
    let all = cases("ALLOW").into_iter().chain(cases("DENY"));
    let deciding: BTreeSet<_> = all.flat_map(|(_, case)| case.decided_by).collect();
    assert_eq!(deciding, common::policy_ids());
}

/// A change of any decision for the sample organisation shows up here, whether somebody thought of a case or not.
#[test]
fn the_table_of_decisions_is_as_recorded() {
    let bundle = PolicyBundle::embedded().unwrap();
    insta::with_settings!({ snapshot_path => common::folder().join("tests"), prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("decision_table", table(&bundle));
    });
}

/// Short and long, without and with a ticket, and over most limits.
const CIRCUMSTANCES: [(&str, bool); 4] = [("10m", false), ("10m", true), ("2h", true), ("5h", true)];

fn table(bundle: &PolicyBundle) -> String {
    let mut table = row("who", "action", "entitlement", &["10m", "10m+ticket", "2h+ticket", "5h+ticket"]);
    for person in stint_policy::sample::organisation() {
        let who = person.username.as_str();
        let verdict = |case: Case| if case.put_to(bundle).allowed { "ALLOW" } else { "deny" };
        for action in ACTIONS {
            if action.ends_with("-audit") {
                table += &row(who, action, "", &[verdict(Case::audit(who, action))]);
                continue;
            }
            let concerned =
                |e: &&Entitlement| !ABOUT_EMERGENCIES.contains(&action) || e.break_glass.is_some();
            for entitlement in bundle.entitlements().filter(concerned).map(|e| e.id.as_str()) {
                if ABOUT_GRANTS.contains(&action) {
                    table +=
                        &row(who, action, entitlement, &[verdict(Case::grant(who, action, entitlement))]);
                    continue;
                }
                let about =
                    |(duration, ticket)| verdict(Case::about(who, action, entitlement, duration, ticket));
                table += &row(who, action, entitlement, &CIRCUMSTANCES.map(about));
            }
        }
    }
    table
}

fn row(who: &str, action: &str, entitlement: &str, verdicts: &[&str]) -> String {
    let verdicts: String = verdicts.iter().map(|verdict| format!("{verdict:<11}")).collect();
    format!("{who:<15}{action:<14}{entitlement:<17}{}\n", verdicts.trim_end())
}
