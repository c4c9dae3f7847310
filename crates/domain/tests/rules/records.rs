//! What a record is compared with before it is believed: the catalog, what was approved, and who else somebody is.

use crate::fixtures::{another, at, every_state, scope};
use stint_domain::access::Access;
use stint_domain::due::Timetable;
use stint_domain::entitlement::Permission;
use stint_domain::grant::GrantState;
use stint_domain::link::{ApprovalLink, LinkSecret};
use stint_domain::principal::{Engagement, Person};
use stint_domain::request::RequestState;
use stint_domain::scope::Scope;
use stint_domain::seal::Seal;
use stint_domain::transition::{Command, GrantCommand, Step};
use stint_domain::window::Window;

fn permission(actions: &[&str], table: &str) -> Permission {
    let actions = actions.iter().map(ToString::to_string).collect();
    Permission { actions, resources: [format!("arn:aws:dynamodb:*:*:table/{table}")].into() }
}

fn elevation(user: &str, permissions: &[Permission]) -> Access {
    Access::IamUserElevation { user: user.parse().unwrap(), permissions: permissions.to_vec(), account: None }
}

#[test]
fn access_is_within_another_that_permits_all_of_it_to_the_same_user_in_the_same_way() {
    let [get, scan, put] = ["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:PutItem"];
    let all = [permission(&[get, scan], "payments"), permission(&[put], "refunds")];
    let whole = elevation("ana", &all);
    let within = |user: &str, permissions: &[Permission]| elevation(user, permissions).is_within(&whole);
    assert!(within("ana", &all));
    assert!(within("ana", &[permission(&[get], "payments")]));
    assert!(within("ana", &[]), "nothing is part of everything");
    assert!(!within("ben", &all));
    assert!(!within("ana", &[permission(&["dynamodb:DeleteItem"], "payments")]), "another action");
    assert!(!within("ana", &[permission(&[get], "refunds")]), "an action of another resource");
    assert!(!within("ana", &[permission(&[put], "payments")]));
    let own = Access::EphemeralIamUser { permissions: all.to_vec(), account: None };
    assert!(own.is_within(&own) && !own.is_within(&whole) && !whole.is_within(&own));
}

#[test]
fn what_may_be_at_a_target_is_on_the_timetable_of_grants_and_the_rest_on_that_of_requests() {
    let mut of_grants = 0;
    for (name, request) in every_state() {
        let grants = request.grant().is_some_and(|grant| !grant.is_final());
        let expected = if grants { Timetable::Grants } else { Timetable::Requests };
        assert_eq!(request.timetable(), expected, "{name}");
        of_grants += usize::from(grants);
    }
    assert!((1..every_state().len()).contains(&of_grants));
}

#[test]
fn a_grant_names_the_extensions_that_it_has_had() {
    let (_, active) = every_state().into_iter().find(|(name, _)| *name == "active").unwrap();
    assert_eq!(active.grant().unwrap().extended_by().count(), 0);
    let extend = GrantCommand::Extend { by: another(), duration: "30m".parse().unwrap() };
    let Ok(Step::Do(event)) = active.decide(Command::Grant(extend), at("10:05:00")) else { panic!() };
    let extended = active.apply(&event, at("10:05:00")).unwrap();
    assert_eq!(extended.grant().unwrap().extended_by().collect::<Vec<_>>(), [another()]);
    assert!(extended.grant().unwrap().is_moving() && !active.grant().unwrap().is_moving());
    let RequestState::Approved { grant: GrantState::Active { window, .. }, .. } = &extended.state else {
        panic!()
    };
    assert_eq!(window.seconds(), 3_600);
}

#[test]
fn a_window_is_as_long_as_from_its_start_to_its_end() {
    assert_eq!(Window::opening(at("10:00:00"), scope().duration).unwrap().seconds(), 1_800);
    assert_eq!(Window::between(at("10:00:00"), at("10:00:01")).unwrap().seconds(), 1);
}

fn person(id: &str, email: Option<&str>, iam_user: Option<&str>) -> Person {
    Person {
        id: id.parse().unwrap(),
        display_name: "Ana".to_owned(),
        email: email.map(str::to_owned),
        engagement: Engagement::Employed,
        groups: [].into(),
        department: None,
        manager: None,
        working_hours: None,
        iam_user: iam_user.map(|name| name.parse().unwrap()),
    }
}

#[test]
fn accounts_with_one_id_mailbox_or_iam_user_are_one_human_and_no_others_are() {
    let ana = person("1", Some("ana@example.com"), Some("ana"));
    let same = |id, email, iam_user| person(id, email, iam_user).is_same_human(&ana);
    assert!(same("1", None, None));
    assert!(same("2", Some("ana@example.com"), Some("ben")));
    assert!(same("2", Some(" Ana+lead@EXAMPLE.com"), None));
    assert!(same("2", Some("ben@example.com"), Some("ana")));
    assert!(!same("2", Some("ben@example.com"), Some("ben")));
    assert!(!same("2", Some("ana@example.org"), None));
    assert!(!same("2", Some("an@example.com"), None));
    assert!(!same("2", None, None));
    let nobody = person("3", None, None);
    assert!(!nobody.is_same_human(&person("4", None, None)), "what is not known of two is not shared");
    let no_address = person("3", Some("nonsense"), None);
    assert!(!no_address.is_same_human(&person("4", Some("other"), None)));
    assert!(!no_address.is_same_human(&person("4", Some("nonsense"), None)), "it is no mailbox");
}

#[test]
fn a_links_seal_is_of_everything_but_itself() {
    let link = ApprovalLink {
        hash: LinkSecret::new([7; 32]).hash(),
        request_id: scope().request_id,
        approver: "ben".parse().unwrap(),
        scope_hash: scope().hash(),
        reminder: 0,
        seal: None,
    };
    let same = |other: ApprovalLink| other.statement() == link.statement();
    assert!(same(ApprovalLink { seal: Some(Seal::new("a mark".to_owned())), ..link.clone() }));
    assert!(!same(ApprovalLink { hash: LinkSecret::new([8; 32]).hash(), ..link.clone() }));
    assert!(!same(ApprovalLink { request_id: another(), ..link.clone() }));
    assert!(!same(ApprovalLink { approver: "bea".parse().unwrap(), ..link.clone() }));
    let elsewhere = Scope { policy_version: "p2".to_owned(), ..scope() };
    assert!(!same(ApprovalLink { scope_hash: elsewhere.hash(), ..link.clone() }));
    assert!(!same(ApprovalLink { reminder: 1, ..link.clone() }));
}
