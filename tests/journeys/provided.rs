//! Access that a provider of the organisation's own gives: the example, as the application behind it sees it.

use crate::scene::{Journey, LATE, now, stage, succeeded};
use crate::seen::until;
use serde_json::{Value, json};
use stint_local::wait;

const FEATURE: &str = "beta-checkout";
const THROUGH: [&str; 4] = ["AwaitApproval", "Grant", "AccessWindow", "Expire"];

/// What the application asks its table: everybody for whom the feature is on.
fn items() -> Vec<Value> {
    let query = json!({
        "TableName": "example-features",
        "ConsistentRead": true,
        "KeyConditionExpression": "feature = :feature",
        "ExpressionAttributeValues": { ":feature": { "S": FEATURE } },
    });
    let found = stage().admin.json("dynamodb", "DynamoDB_20120810.Query", &query).unwrap();
    found["Items"].as_array().unwrap().clone()
}

fn is_on(journey: &Journey) -> bool {
    let now = now().as_second();
    let until = |item: &Value| item["until"]["N"].as_str().unwrap().parse::<i64>().unwrap();
    let who = &journey.first["requester"];
    items().iter().any(|item| item["who"]["S"] == *who && now < until(item))
}

fn is_there(journey: &Journey) -> bool {
    items().iter().any(|item| item["grant"]["S"] == journey.artefact().as_str())
}

#[test]
fn a_feature_is_on_in_the_window_for_who_asked_and_off_and_seen_to_be_off_after() {
    let (journey, other) = (Journey::begin(FEATURE, "12s"), Journey::begin(FEATURE, "30m"));
    journey.asked();
    assert!(!is_on(&journey));
    journey.decided("approve");
    let ends_at = journey.window_end();
    wait::until("the feature", LATE, || Ok(is_on(&journey).then_some(()))).unwrap();
    assert!(!is_on(&other), "nobody has decided about that one");

    until(ends_at);
    assert!(!is_on(&journey), "at the end of the window");
    assert_eq!(journey.ended(), succeeded(&THROUGH));
    assert!(!is_there(&journey));
    let receipt = &journey.look()["grant"]["proof"]["receipt"];
    assert_eq!(receipt["answered"], "there is no such item");
    assert!(receipt["looked_at"].as_str().unwrap().contains(&journey.artefact()), "{receipt}");
}

#[test]
fn an_early_end_takes_one_grant_and_leaves_the_other() {
    let journey = Journey::begin(FEATURE, "30m");
    journey.decided("approve");
    journey.until_grant("ACTIVE");
    let second = journey.then(FEATURE, "30m");
    second.decided("approve");
    second.until_grant("ACTIVE");
    assert!(is_there(&journey) && is_there(&second));

    journey.withdraw("return");
    journey.until_grant("ENDED");
    assert!(!is_there(&journey) && is_there(&second) && is_on(&second));
    second.withdraw("return");
    second.until_grant("ENDED");
    assert!(!is_on(&second));
}
