//! Access lasts longer because that was asked for and approved, too: the same key goes on working, and no longer.

use crate::scene::{Journey, succeeded};
use crate::seen::{gone, until};
use stint_local::probe::Access;

const ONCE: [&str; 4] = ["AwaitApproval", "Grant", "AccessWindow", "Expire"];
const EXTENDED: [&str; 7] =
    ["AwaitApproval", "Grant", "AccessWindow", "Expire", "Grant", "AccessWindow", "Expire"];

#[test]
fn an_extended_elevation_works_past_its_first_end_until_the_later_one() {
    let journey = Journey::begin("payments-read", "20s");
    journey.decided("approve");
    journey.until_allowed("payments");
    lasts_longer(&journey, "payments-read", || journey.access("payments"));
}

#[test]
fn the_key_of_an_extended_user_works_past_its_first_end_until_the_later_one() {
    let journey = Journey::begin("payments-repair", "20s");
    journey.decided("approve");
    journey.until_grant("ACTIVE");
    let probe = journey.reveals();
    probe.until_allowed("payments");
    lasts_longer(&journey, "payments-repair", || probe.read("payments"));
}

fn lasts_longer(journey: &Journey, entitlement: &str, access: impl Fn() -> Access) {
    let first_end = journey.window_end();
    let more = journey.extended(entitlement, "20s");
    more.decided("approve");
    assert_eq!(more.ended(), succeeded(&ONCE), "it has no access of its own to wait for");
    let handed_over = more.look();
    assert_eq!(handed_over["grant"]["ended_by"], "EXTENDED", "{handed_over}");
    let later_end = journey.window_end();
    assert_eq!(later_end.as_second() - first_end.as_second(), 20);

    until(first_end);
    assert_eq!(access(), Access::Allowed, "past its first end");
    until(later_end);
    assert!(gone(access()), "at its later end");
    assert_eq!(journey.ended(), succeeded(&EXTENDED));
    assert_eq!(journey.look()["grant"]["proof"]["receipt"]["answered"], "NoSuchEntity");
    assert_eq!(journey.at_target(), Vec::<String>::new());
}
