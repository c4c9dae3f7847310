//! Queries of every wrong kind, and pages.

use crate::caller::{Caller, ask, signed_in, somebody_like};
use crate::problem::refused;
use serde_json::Value;
use stint_local::wait;

#[test]
fn a_query_is_read_strictly() {
    let (ana, cleo) = (somebody_like("ana"), signed_in("cleo"));
    let lists = ["/v1/entitlements", "/v1/requests", "/v1/grants", "/v1/audit/events"];
    for path in lists {
        for query in [
            "limit=x",
            "limit=-1",
            "limit=1.5",
            "nothing=1",
            "limit=1&limit=2",
            "limit=99999999999999",
            "%ff=1",
        ] {
            refused(&cleo.get(&format!("{path}?{query}")), 400, "invalid-field");
        }
        assert_eq!(cleo.get(&format!("{path}?limit=1")).status, 200);
    }
    for query in ["role=root", "role=Approver", "role="] {
        refused(&ana.get(&format!("/v1/requests?{query}")), 400, "invalid-field");
    }
    for query in ["dry_run=yes", "dry_run=1", "dry_run", "dryrun=true"] {
        refused(&ana.post(&format!("/v1/requests?{query}"), &ask()), 400, "invalid-field");
    }
    assert_eq!(ana.requests(), 0);
    assert_eq!(ana.get("/v1/requests?role=approver&limit=100").status, 200);
}

#[test]
fn a_page_has_a_least_and_a_most() {
    let cleo = signed_in("cleo");
    for (path, most) in [("/v1/requests", 100), ("/v1/grants", 100), ("/v1/audit/events", 500)] {
        for limit in [0, most + 1] {
            refused(&cleo.get(&format!("{path}?limit={limit}")), 400, "invalid-field");
        }
        assert_eq!(cleo.get(&format!("{path}?limit={most}")).status, 200, "{path}");
    }
}

#[test]
fn a_time_of_the_audit_has_an_order_and_a_longest() {
    let cleo = signed_in("cleo");
    let get = |from: &str, to: &str| cleo.get(&format!("/v1/audit/events?from={from}&to={to}"));
    for (from, to) in [
        ("yesterday", "2026-01-02T00:00:00Z"),
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "2026-02-01T00:00:01Z"),
        ("2026-01-01", "2026-01-02"),
    ] {
        refused(&get(from, to), 400, "invalid-field");
    }
    assert_eq!(get("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z").status, 200);
}

#[test]
fn a_cursor_is_good_for_its_own_listing_only() {
    let (ana, eve) = (somebody_like("ana"), somebody_like("ana"));
    (0..3).for_each(|_| drop(ana.session.ask(&ask()).unwrap()));
    let first = listed(&ana, "/v1/requests?limit=2");
    let cursor = first["next"].as_str().unwrap();
    let second = ana.get(&format!("/v1/requests?limit=2&cursor={cursor}")).ok("second").unwrap().json();
    assert_eq!((ids(&first).len(), ids(&second).len()), (2, 1));
    assert!(ids(&second).iter().all(|id| !ids(&first).contains(id)));
    assert!(second["next"].is_null());

    let elsewhere = ["/v1/requests?role=approver", "/v1/audit/events?limit=5"];
    refused(&eve.get(&format!("/v1/requests?cursor={cursor}")), 400, "invalid-field");
    refused(&ana.get(&format!("{}&cursor={cursor}", elsewhere[0])), 400, "invalid-field");
    refused(&signed_in("cleo").get(&format!("{}&cursor={cursor}", elsewhere[1])), 400, "invalid-field");
    for bad in ["x", "", "AAAA", "e30", "bnVsbA", "..%2f", "%00", &"A".repeat(3000), &format!("{cursor}A")] {
        refused(&ana.get(&format!("/v1/requests?cursor={bad}")), 400, "invalid-field");
    }
}

/// The listing once its index has caught up.
fn listed(caller: &Caller, path: &str) -> Value {
    let full = |page: &Value| ids(page).len() == 2 && page["next"].is_string();
    wait::until("the listing", stint_local::stage::SOON, || {
        Ok(Some(caller.session.get(path)?.json()).filter(full))
    })
    .unwrap()
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everybody_lists_their_own_and_approvers_what_they_were_asked() {
    let (ana, eve) = (somebody_like("ana"), somebody_like("ana"));
    let ben = somebody_like("ben");
    let id = ana.pending();
    let has = |caller: &Caller, path: &str| ids(&caller.get(path).json()).contains(&id);
    wait::until("the listing", stint_local::stage::SOON, || Ok(has(&ana, "/v1/requests").then_some(())))
        .unwrap();
    assert!(has(&ben, "/v1/requests?role=approver") && !has(&ben, "/v1/requests"));
    assert!(!has(&eve, "/v1/requests") && !has(&eve, "/v1/requests?role=approver"));
    assert!(!has(&ana, "/v1/requests?role=approver"));
}
