//! Access that takes the yes of several people, through the page behind their mails.

use crate::scene::{Journey, stage, succeeded};
use serde_json::json;
use stint_local::api::Session;
use stint_local::browser::{form, hidden};
use stint_local::probe::Access;

const THROUGH: [&str; 4] = ["AwaitApproval", "Grant", "AccessWindow", "Expire"];

fn address(name: &str) -> String {
    format!("{name}@example.com")
}

#[test]
fn the_manager_is_asked_first_and_the_owner_once_the_manager_has_said_yes() {
    let journey = Journey::begin("payments-export", "12s");
    journey.until_action("request.approvers_notified");
    let seen = journey.look();
    assert_eq!(seen["approvals"]["open_step"], 1);
    assert_eq!(seen["approvals"]["steps"][1]["groups"], json!(["platform-leads"]));
    let link = stage().mail(&address("iris"), &journey.id).unwrap().link().unwrap().to_owned();
    let page = stage().browser().decide(&link, "approve", "").unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("others are still to decide") && page.body.contains("platform-leads"));
    let again = stage().browser().open(&link).unwrap();
    assert!(again.body.contains("You have approved this"), "{}", again.body);

    let mail = stage().mail(&address("ben"), &journey.id).unwrap();
    assert!(mail.body_text.contains("so far by Iris"), "{}", mail.body_text);
    assert_eq!((journey.access("payments"), journey.at_target()), (Access::Denied, Vec::new()));
    assert_eq!(stage().decide_by_mail(&address("ben"), &journey.id, "approve").unwrap().status, 200);
    journey.until_allowed("payments");
    assert_eq!(journey.ended(), succeeded(&THROUGH));
    assert_eq!((journey.access("payments"), journey.at_target()), (Access::Denied, Vec::new()));
    let approvals = journey.look()["approvals"].clone();
    assert_eq!(approvals["steps"][0]["approved_by"][0]["name"], "Iris");
    assert_eq!(approvals["steps"][1]["approved_by"][0]["name"], "Ben");
    let count = |action: &str| journey.actions().iter().filter(|one| *one == action).count();
    assert_eq!((count("request.approval_given"), count("request.approvers_notified")), (1, 2));
}

#[test]
fn what_an_approver_leaves_out_is_not_given() {
    let approved = |without: &str| {
        let journey = Journey::begin("payments-read", "20s");
        journey.until_action("request.approvers_notified");
        let link = stage().mail(&address("ben"), &journey.id).unwrap().link().unwrap().to_owned();
        let mut browser = stage().browser();
        let page = browser.open(&link).unwrap();
        let fields = form(hidden(&page.body, "nonce").unwrap(), "approve", "");
        let answer = browser.submit(&link, &format!("{fields}&without={without}")).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        journey
    };
    approved("dynamodb%3AQuery").until_allowed("payments");
    let without_reading = approved("dynamodb%3AGetItem");
    without_reading.until_action("grant.activated");
    assert!(!without_reading.at_target().is_empty());
    assert_eq!(without_reading.access("payments"), Access::Denied);
    assert_eq!(without_reading.look()["allowance"]["permissions"][0]["actions"], json!(["dynamodb:Query"]));
}

#[test]
fn two_officers_at_once_and_twice_each_make_one_approval_of_two() {
    let journey = Journey::begin("ledger-repair", "12s");
    journey.until_action("request.approvers_notified");
    let officers = ["gita", "hugo"];
    for name in officers {
        let link = stage().mail(&address(name), &journey.id).unwrap().link().unwrap().to_owned();
        let page = stage().browser().open(&link).unwrap();
        assert!(
            page.body.contains("not enough to decide this") && !page.body.contains("<form"),
            "{}",
            page.body
        );
    }
    let approve = format!("/v1/requests/{}/approve", journey.id);
    let sessions = officers.map(|name| stage().sign_in(name).unwrap());
    let pressed = std::thread::scope(|scope| {
        let press = |session: &Session| {
            let (session, approve) = (session.clone(), approve.clone());
            scope.spawn(move || session.post(&approve, &json!({})).unwrap().status)
        };
        let presses: Vec<_> = sessions.iter().chain(&sessions).map(press).collect();
        presses.into_iter().map(|press| press.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(pressed, [200; 4]);
    assert_eq!(journey.ended(), succeeded(&THROUGH));
    let actions = journey.actions();
    let count = |action: &str| actions.iter().filter(|one| *one == action).count();
    assert_eq!((count("request.approval_given"), count("request.approved")), (1, 1), "{actions:?}");
    let by = journey.look()["approvals"]["steps"][0]["approved_by"].clone();
    let names: std::collections::BTreeSet<_> =
        by.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Gita", "Hugo"].into());
}
