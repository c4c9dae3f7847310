//! Sessions of a shared role: each has what was approved of what the role could, and ends by itself; one that is taken
//! away ends at once, and no other with it.

use crate::scene::{Journey, now, stage, succeeded};
use crate::secrets;
use crate::seen::{gone, swept_until, until};
use serde_json::{Value, json};
use stint_local::probe::Access;
use stint_local::seed::ROLE;

const ENTITLEMENT: &str = "incident-read";

fn approved(duration: &str) -> Journey {
    let journey = Journey::begin(ENTITLEMENT, duration);
    journey.decided("approve");
    journey.until_grant("ACTIVE");
    journey
}

fn left_at_the_role(journey: &Journey) -> bool {
    stage().policies_of_role(ROLE).unwrap().contains(&journey.artefact())
}

#[test]
fn a_session_reads_what_was_approved_and_nothing_else_and_is_denied_after() {
    let journey = approved("15s");
    let ends_at = journey.window_end();
    let (first, second) = (journey.reveals(), journey.reveals());
    for session in [&first, &second] {
        session.until_allowed("payments");
        assert_eq!(session.read("build-logs"), Access::Allowed);
        // The role could: tests/roles shows it.
        assert_eq!(session.read("fire-drill"), Access::Denied, "only what was asked for");
    }
    assert!(!left_at_the_role(&journey), "giving sessions changes nothing at the role");
    until(ends_at);
    for session in [&first, &second] {
        assert_eq!(
            session.read("payments"),
            Access::Denied,
            "by the date in its policy, STS would let it live on"
        );
    }
    assert_eq!(journey.ended(), succeeded(&["AwaitApproval", "Grant", "AccessWindow", "Expire"]));
    assert_eq!(first.read("build-logs"), Access::Denied);
    assert_eq!(journey.look()["grant"]["proof"]["kind"], "receipt");
    assert!(!left_at_the_role(&journey));
    secrets::are_nowhere();
}

#[test]
fn a_session_that_is_taken_away_ends_at_once_and_another_grants_session_goes_on() {
    let (journey, other) = (approved("25s"), approved("30m"));
    let (taken, kept) = (journey.reveals(), other.reveals());
    taken.until_allowed("payments");
    kept.until_allowed("payments");

    let ben = stage().sign_in("ben").unwrap();
    ben.revoke(&journey.grant_id(), "not needed any more").unwrap().ok("revoke").unwrap();
    taken.until_denied("payments");
    let grant = journey.until_grant("ENDED")["grant"].clone();
    assert!(now() < journey.window_end(), "within the window");
    assert_eq!(
        (&grant["ended_by"], &grant["proof"]["kind"]),
        (&json!("REVOKED"), &json!("blocked")),
        "{grant}"
    );
    assert_eq!((taken.read("payments"), kept.read("payments")), (Access::Denied, Access::Allowed));
    assert!(left_at_the_role(&journey) && !left_at_the_role(&other), "one is denied by its own policy");
    assert_eq!(journey.ended().0, "ABORTED");

    until(journey.window_end());
    let lifted = swept_until("the block to be lifted", || {
        Some(journey.look()["grant"].clone()).filter(|grant| grant["proof"]["kind"] == "receipt")
    });
    assert_eq!(
        (&lifted["ended_by"], &lifted["ended_at"]),
        (&grant["ended_by"], &grant["ended_at"]),
        "{lifted}"
    );
    assert_eq!(journey.actions().last().unwrap(), "grant.block_lifted");
    assert!(!left_at_the_role(&journey));
    assert_eq!((taken.read("payments"), kept.read("payments")), (Access::Denied, Access::Allowed));
    other.withdraw("return");
    kept.until_denied("payments");
    secrets::are_nowhere();
}

#[test]
fn what_is_given_back_ends_its_live_sessions_too_and_no_more_are_given() {
    let journey = approved("30m");
    let session = journey.reveals();
    session.until_allowed("build-logs");
    journey.withdraw("return");
    session.until_denied("build-logs");
    assert_eq!(journey.until_grant("ENDED")["grant"]["proof"]["kind"], "blocked");
    let answer = journey.session.ask_for_credentials(&journey.grant_id()).unwrap();
    assert_eq!((answer.status, answer.json()["type"].clone()), (410, json!("urn:stint:problem:too-late")));
    secrets::are_nowhere();
}

#[test]
fn only_who_has_the_right_takes_access_away_and_says_why() {
    let journey = approved("30m");
    let session = journey.reveals();
    session.until_allowed("payments");
    let revoke = |name: &str| {
        let somebody = stage().sign_in(&stage().another(name).unwrap()).unwrap();
        somebody.revoke(&journey.grant_id(), "because").unwrap()
    };
    for stranger in ["ana", "dora", "cleo", "nightly-report"] {
        let answer = revoke(stranger);
        assert_eq!((answer.status, kind(&answer.json())), (404, "not-found".to_owned()), "{stranger}");
    }
    let own = journey.session.revoke(&journey.grant_id(), "because").unwrap();
    assert_eq!(
        (own.status, kind(&own.json())),
        (403, "action-refused".to_owned()),
        "who has it gives it back"
    );
    assert_eq!(journey.look()["grant"]["state"], "ACTIVE");
    assert_eq!(session.read("payments"), Access::Allowed, "access goes on");

    assert_eq!(revoke("eva").status, 200, "a responder may");
    session.until_denied("payments");
    assert_eq!(journey.until_grant("ENDED")["grant"]["ended_by"], "REVOKED");
    let started = journey.event("grant.removal_started");
    assert_eq!(started["actor"]["type"], "person", "{started}");
    assert!(started["detail"].to_string().contains("because"), "the reason stands in the audit: {started}");
    let refused = journey.actions().iter().filter(|action| *action == "request.action_refused").count();
    assert_eq!(refused, 5, "and who was refused: {:?}", journey.actions());
    secrets::are_nowhere();
}

fn kind(problem: &Value) -> String {
    problem["type"].as_str().unwrap().trim_start_matches("urn:stint:problem:").to_owned()
}

#[test]
fn a_user_of_a_grants_own_is_gone_at_once_when_it_is_taken_away() {
    let journey = Journey::begin("payments-repair", "30m");
    journey.decided("approve");
    journey.until_grant("ACTIVE");
    let key = journey.reveals();
    key.until_allowed("payments");
    let ben = stage().sign_in("ben").unwrap();
    ben.revoke(&journey.grant_id(), "not needed any more").unwrap().ok("revoke").unwrap();
    key.until_denied("payments");
    let grant = journey.until_grant("ENDED")["grant"].clone();
    assert_eq!(
        (&grant["ended_by"], &grant["proof"]["kind"]),
        (&json!("REVOKED"), &json!("receipt")),
        "{grant}"
    );
    assert!(gone(key.read("payments")) && !stage().has_user(&journey.artefact()).unwrap());
    secrets::are_nowhere();
}

#[test]
fn everything_of_a_person_ends_at_once_and_nothing_of_anybody_else() {
    let (session_of, other) = (approved("30m"), approved("30m"));
    let elevation = session_of.then("payments-read", "30m");
    elevation.decided("approve");
    elevation.until_allowed("payments");
    let (taken, kept) = (session_of.reveals(), other.reveals());
    taken.until_allowed("payments");
    kept.until_allowed("payments");

    let everything = json!({"person": session_of.first["requester"], "comment": "left the company"});
    let take = |who: &str| {
        let somebody = stage().sign_in(who).unwrap();
        let answer = somebody.post("/v1/grants/revoke", &everything).unwrap();
        (answer.status, answer.json()["revoked"].as_array().map(Vec::len))
    };
    assert_eq!(take("dora"), (404, None), "what she may not take away is not there for her");
    assert_eq!(taken.read("payments"), Access::Allowed);
    assert_eq!(take("eva"), (200, Some(2)));
    taken.until_denied("payments");
    for journey in [&session_of, &elevation] {
        assert_eq!(journey.until_grant("ENDED")["grant"]["ended_by"], "REVOKED");
    }
    assert_eq!((elevation.access("payments"), kept.read("payments")), (Access::Denied, Access::Allowed));
    other.withdraw("return");
    secrets::are_nowhere();
}
