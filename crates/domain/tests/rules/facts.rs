//! What the rest of Stint goes by without asking for a decision: what is said of every state, when each is looked at again,
//! and what a rule comes to. Recorded whole, so that a fact that changes is seen.

use crate::fixtures::{at, every_state, pending};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Escalation, Standing};
use stint_domain::audit::Authorization;
use stint_domain::due::GRACE_SECONDS;
use stint_domain::grant::{Dating, GrantState, Proof};
use stint_domain::ids::GroupName;
use stint_domain::link::LinkSecret;
use stint_domain::narrowing::Narrowing;
use stint_domain::principal::{Contract, Engagement, Kind};
use stint_domain::record::{Circumstances, Recorded, first_use};
use stint_domain::request::{AccessRequest, RequestState};

fn grants() -> impl Iterator<Item = (&'static str, AccessRequest, GrantState)> {
    every_state().into_iter().filter_map(|(name, request)| {
        let grant = request.grant()?.clone();
        Some((name, request, grant))
    })
}

#[test]
fn the_facts_of_every_state_are_as_recorded() {
    let mut table = String::new();
    for (name, request) in every_state() {
        let due = request.due_at().map_or("never".to_owned(), |due| due.to_string());
        write!(table, "{name}: final {}, due {due}", request.is_final()).unwrap();
        if let Some(grant) = request.grant() {
            let facts = [
                ("final", grant.is_final()),
                ("given", grant.is_given()),
                ("may be at its target", grant.may_be_at_target()),
                ("was taken", grant.was_taken()),
                ("late at 10:33:29", grant.removal_is_late(at("10:33:29"))),
                ("late at 10:33:30", grant.removal_is_late(at("10:33:30"))),
                ("late at 11:01:29", grant.removal_is_late(at("11:01:29"))),
            ];
            let held: Vec<_> = facts.iter().filter(|(_, holds)| *holds).map(|(fact, _)| *fact).collect();
            write!(table, "; grant {}: {}", grant.name(), held.join(", ")).unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_removal_that_only_has_to_be_looked_at_says_so_in_both_states() {
    for (name, _, grant) in grants() {
        let (taken, removal) = match grant {
            GrantState::Deactivating { mut removal } => {
                removal.taken = true;
                (GrantState::Deactivating { removal: removal.clone() }, removal)
            }
            GrantState::RemovalFailed { mut removal, error } => {
                removal.taken = true;
                (GrantState::RemovalFailed { removal: removal.clone(), error }, removal)
            }
            other => {
                assert!(!other.was_taken(), "{name}");
                continue;
            }
        };
        assert!(taken.was_taken() && removal.taken, "{name}");
    }
}

#[test]
fn a_removal_that_keeps_failing_is_tried_after_ever_longer_pauses_up_to_fifteen_minutes() {
    let (_, failed, grant) = grants().find(|(name, ..)| *name == "removal failed").unwrap();
    let due_after = |failures: u32| {
        let GrantState::RemovalFailed { removal, error } = grant.clone() else { panic!() };
        let began = removal.began_at;
        let removal = stint_domain::grant::Removal { failures, ..removal };
        let RequestState::Approved { approval, earlier, turns, approved_at, .. } = failed.state.clone()
        else {
            panic!()
        };
        let grant = GrantState::RemovalFailed { removal, error };
        let state = RequestState::Approved { approval, earlier, turns, approved_at, grant };
        let request = AccessRequest { state, ..failed.clone() };
        request.due_at().unwrap().duration_since(began).as_secs()
    };
    let known =
        [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (10, 25), (59, 870), (60, 900), (61, 1800), (70, 9900)];
    for (failures, seconds) in known {
        assert_eq!(due_after(failures), GRACE_SECONDS + seconds, "after {failures}");
    }
    let mut pauses = (0..200).map(|failures| due_after(failures + 1) - due_after(failures));
    assert!(pauses.all(|pause| (0..=900).contains(&pause)));
    assert!(due_after(u32::MAX) > 0, "nor does it overflow");
}

#[test]
fn who_has_been_asked_is_not_looked_after_as_if_nobody_had() {
    let due =
        |name: &str| every_state().into_iter().find(|(known, _)| *known == name).unwrap().1.due_at().unwrap();
    let grace = SignedDuration::from_secs(GRACE_SECONDS);
    assert_eq!(due("pending"), pending().submitted_at + grace);
    assert_eq!(due("pending, ben notified"), pending().decide_by + grace);
}

#[test]
fn only_what_was_given_has_a_window_that_a_proof_can_be_about() {
    for (name, _, grant) in grants() {
        let (GrantState::Ended { proof, .. } | GrantState::ActivationFailed { proof, .. }) = &grant else {
            continue;
        };
        assert_eq!(proof.window().is_some(), *proof != Proof::NeverActivated, "{name}");
    }
    let dated = grants().filter_map(|(name, _, grant)| match grant {
        GrantState::Active { dating, .. } => Some((!name.contains("not dated yet"), dating)),
        _ => None,
    });
    for (done, dating) in dated {
        assert_eq!((dating.is_done(), dating == Dating::Done), (done, done));
    }
}

fn groups(names: &[&str]) -> BTreeSet<GroupName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

#[test]
fn a_rule_says_how_many_people_it_takes_of_which_groups_and_whether_the_manager_is_among_them() {
    let step = |need, names: &[&str], manager| ApprovalStep {
        groups: groups(names),
        manager,
        ..ApprovalStep { need: std::num::NonZero::new(need).unwrap(), ..ApprovalStep::default() }
    };
    let escalated = ApprovalStep {
        escalate: Some(Escalation { after: "1h".parse().unwrap(), groups: groups(&["officers"]) }),
        ..step(2, &["owners"], false)
    };
    let rule = ApprovalRule::try_from(vec![step(1, &["leads"], true), escalated.clone()]).unwrap();
    assert_eq!((rule.people(), rule.asks_the_manager()), (3, true));
    let named: BTreeSet<_> = rule.groups().cloned().collect();
    assert_eq!(named, groups(&["leads", "officers", "owners"]));
    let without = ApprovalRule::try_from(vec![step(2, &["owners"], false)]).unwrap();
    assert_eq!((without.people(), without.asks_the_manager()), (2, false));

    let of = |names: &[&str]| Standing { groups: groups(names), manages_the_requester: false };
    assert!(escalated.counts(&of(&["owners"])) && !escalated.counts(&of(&["officers"])));
    assert!(escalated.counts_escalated(&of(&["officers"])) && escalated.counts_escalated(&of(&["owners"])));
    assert!(!escalated.counts_escalated(&of(&["strangers"])));
}

#[test]
fn nothing_is_taken_away_only_where_neither_time_nor_actions_are() {
    let all = Narrowing::default();
    let shorter = Narrowing { duration: Some("5m".parse().unwrap()), ..all.clone() };
    let fewer = Narrowing { actions: Some(BTreeSet::from(["dynamodb:GetItem".to_owned()])), ..all.clone() };
    assert_eq!([all, shorter, fewer].map(|narrowing| narrowing.is_none()), [true, false, false]);
}

#[test]
fn kinds_have_the_names_that_policies_know_and_only_contractors_have_a_contract() {
    let names = [Kind::Employee, Kind::Contractor, Kind::Service].map(Kind::as_str);
    assert_eq!(names, ["employee", "contractor", "service"]);
    let contract = Contract { sponsor: "ben".parse().unwrap(), ends_at: at("18:00:00") };
    let engaged = |kind| Engagement::new(kind, Some(contract.clone()));
    assert_eq!(engaged(Kind::Contractor).contract(), Some(&contract));
    assert_eq!(engaged(Kind::Employee).contract(), None);
    assert_eq!(engaged(Kind::Service).contract(), None);
    assert_eq!(Engagement::Contracted(None).contract(), None);
}

#[test]
fn a_link_is_known_by_the_hash_of_its_secret_as_it_is_written() {
    let hash = LinkSecret::new([7; 32]).hash();
    // The SHA-256 of "07" thirty-two times, by any other tool.
    assert_eq!(hash.as_str(), "1967c0fdaed0b8f2618d3b1f4a9f8541ed315505acc26f5a41f382da8bdd9954");
}

#[test]
fn what_comes_before_a_submission_is_nothing_and_what_comes_first_of_a_version_names_it_and_nobody() {
    let circumstances = Circumstances {
        authorization: Some(Authorization {
            policy_version: "p1".to_owned(),
            policies: BTreeSet::from(["engineers-may-ask".to_owned()]),
            weighed: Some(Box::new(serde_json::json!({ "groups": ["engineers"] }))),
        }),
        ..Circumstances::of_component("request", at("10:00:00"))
    };
    let change = Recorded::submission(pending(), None, &circumstances).unwrap();
    assert_eq!(change.before(), None);
    let event = first_use(&circumstances).unwrap();
    assert!(event.canonical.contains(r#""policy_version":"p1""#), "{}", event.canonical);
    assert!(
        !event.canonical.contains("weighed") && !event.canonical.contains("engineers\"]}"),
        "{}",
        event.canonical
    );
    assert!(first_use(&Circumstances { authorization: None, ..circumstances }).is_none());
}
