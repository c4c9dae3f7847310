//! Every route, tried in the same ways. The list is the API's own: a route that is added fails here until it is
//! known what is right and what is wrong with it.

use crate::caller::{Caller, UNKNOWN, ask, body_of, grant, signed_in, somebody_like, stage};
use crate::problem::refused;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stint_edge::api::{ROUTES, WORKLOAD_ROUTES, credentials, reviews};
use stint_local::api::Session;

type Route = (&'static str, &'static str);

/// What the well-formed call of a route answers, for a caller who may.
struct Good {
    path: String,
    body: Value,
    status: u16,
}

/// `None` for a route that nobody has thought of here.
fn good(route: Route, ana: &Caller) -> Option<(Good, Option<Caller>)> {
    let call = |path: &str, body: Value, status| Good { path: path.to_owned(), body, status };
    let look = |path: &str| Some((call(path, Value::Null, 200), None));
    let on = |id: &str, verb: &str, body| call(&format!("/v1/requests/{id}{verb}"), body, 200);
    match route {
        ("GET", "/v1/entitlements" | "/v1/requests" | "/v1/grants" | "/v1/me") => look(route.1),
        ("POST", "/v1/requests") => Some((call(route.1, ask(), 201), None)),
        ("GET", "/v1/requests/{id}") => Some((on(&ana.pending(), "", Value::Null), None)),
        ("GET", "/v1/requests/{id}/events") => Some((on(&ana.pending(), "/events", Value::Null), None)),
        ("POST", "/v1/requests/{id}/approve") => {
            Some((on(&ana.pending(), "/approve", json!({})), Some(signed_in("ben"))))
        }
        ("POST", "/v1/requests/{id}/deny") => {
            Some((on(&ana.pending(), "/deny", json!({})), Some(signed_in("ben"))))
        }
        ("POST", reviews::PATH) => {
            let eva = somebody_like("eva");
            Some((on(&eva.past_emergency(), "/review", body_of(route)), Some(signed_in("gita"))))
        }
        ("POST", "/v1/requests/{id}/cancel") => Some((on(&ana.pending(), "/cancel", Value::Null), None)),
        ("GET", "/v1/grants/{id}") => look(&format!("/v1/grants/{}", grant(&ana.active()))),
        ("POST", "/v1/grants/{id}/return") => look(&format!("/v1/grants/{}/return", grant(&ana.active()))),
        ("POST", "/v1/grants/revoke") => {
            let body = json!({"person": ana.principal, "comment": "for a test"});
            Some((call(route.1, body, 200), Some(signed_in("ben"))))
        }
        ("POST", "/v1/grants/{id}/revoke") => {
            let path = format!("/v1/grants/{}/revoke", grant(&ana.active()));
            Some((call(&path, json!({"comment": "for a test"}), 200), Some(signed_in("ben"))))
        }
        ("POST", "/v1/grants/{id}/force-close") => {
            // There is nothing to force: tests/kills has a removal that keeps failing.
            let path = format!("/v1/grants/{}/force-close", grant(&ana.active()));
            Some((call(&path, json!({"comment": "for a test"}), 409), Some(signed_in("eva"))))
        }
        ("POST", credentials::PATH) => {
            let path = format!("/v1/grants/{}/credentials", grant(&ana.repairing()));
            Some((call(&path, Value::Null, 200), None))
        }
        ("GET", "/v1/audit/events") => Some((call(route.1, Value::Null, 200), Some(signed_in("cleo")))),
        _ => None,
    }
}

fn path(route: Route, id: &str) -> String {
    let id = if route.1.starts_with("/v1/grants") { grant(id) } else { id.to_owned() };
    route.1.replace("{id}", &id)
}

fn send(session: &Session, route: Route, path: &str, body: &Value) -> stint_local::http::Answer {
    session.send(route.0, path, &[], body).unwrap()
}

#[test]
fn every_route_answers_whoever_may_and_has_been_thought_of_here() {
    let ana = somebody_like("ana");
    for route in ROUTES {
        let (good, caller) =
            good(route, &ana).unwrap_or_else(|| panic!("{route:?} is new: say what is right for it"));
        let answer = send(&caller.as_ref().unwrap_or(&ana).session, route, &good.path, &good.body);
        assert_eq!(answer.status, good.status, "{route:?}: {}", answer.body);
    }
}

#[test]
fn no_route_answers_without_a_token_or_with_one_that_is_none() {
    let nobody = ["", "garbage", "a.b.c", "eyJhbGciOiJub25lIn0.e30."];
    for route in ROUTES {
        let path = path(route, UNKNOWN);
        assert_eq!(stage().http.send(route.0, &path, &[], "").unwrap().status, 401, "{route:?}");
        for token in nobody {
            let session = Session::with_token(stage().http.clone(), token.to_owned());
            assert_eq!(send(&session, route, &path, &Value::Null).status, 401, "{route:?} with `{token}`");
        }
    }
    assert_eq!(signed_in("ana").get("/v1/me").status, 200);
}

/// With one they take its tokens alone: crates/edge/tests/contract/workloads.rs.
#[test]
fn without_an_issuer_of_workloads_their_routes_are_not_there_for_anybody() {
    let service = signed_in("nightly-report");
    for route in WORKLOAD_ROUTES {
        let path = path(route, UNKNOWN);
        assert_eq!(stage().http.send(route.0, &path, &[], "").unwrap().status, 401, "{route:?}");
        refused(&send(&service.session, route, &path, &json!({})), 404, "not-found");
    }
    assert_eq!(service.get("/v1/grants").status, 200);
}

#[test]
fn an_id_that_cannot_be_one_answers_like_one_that_is_unknown() {
    let ana = somebody_like("ana");
    let bad = [
        "x",
        "req-1",
        "0",
        "%00",
        "req-0000000000007000800000000000000G",
        "null",
        "%F0%9F%94%91",
        "%ff",
        "-",
        "'",
        "*",
    ];
    for route in ROUTES.into_iter().filter(|route| route.1.contains("{id}")) {
        for id in bad.into_iter().chain([UNKNOWN]) {
            let answer = send(&ana.session, route, &route.1.replace("{id}", id), &body_of(route));
            refused(&answer, 404, "not-found");
        }
        let unknown = send(&ana.session, route, &path(route, UNKNOWN), &body_of(route));
        refused(&unknown, 404, "not-found");
    }
}

/// Any route that changes something, but for those that take what they are to do from their path alone.
fn takes_a_body((method, path): Route) -> bool {
    method == "POST" && !["/cancel", "/return", "/credentials"].iter().any(|end| path.ends_with(end))
}

#[test]
fn more_than_64_kib_is_too_large_for_every_route_that_takes_a_body_and_just_as_much_is_not() {
    let ana = somebody_like("ana");
    let json = Some("application/json");
    let routes = || ROUTES.into_iter().filter(|route| takes_a_body(*route));
    assert!(routes().count() >= 7);
    for route in routes() {
        let (path, body) = (path(route, UNKNOWN), body_of(route).to_string());
        let padded = |size: usize| format!("{body}{}", " ".repeat(size - body.len()));
        refused(&ana.raw(&path, json, &padded(64 * 1024 + 1)), 413, "too-large");
        let read = ana.raw(&path, json, &padded(64 * 1024));
        assert_ne!(read.status, 413, "{route:?}: {}", read.body);
    }
    assert_eq!(ana.requests(), 0);
}

#[test]
fn a_method_that_a_path_does_not_have_is_told_which_it_has() {
    let ana = somebody_like("ana");
    let mut methods: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    ROUTES.iter().for_each(|(method, path)| methods.entry(path).or_default().push(method));
    for (path, has) in methods {
        for method in
            ["GET", "POST", "PUT", "DELETE", "PATCH"].into_iter().filter(|method| !has.contains(method))
        {
            let answer = ana.session.send(method, &path.replace("{id}", UNKNOWN), &[], &Value::Null).unwrap();
            refused(&answer, 405, "method-not-allowed");
            let allowed = answer.header("allow").unwrap();
            assert!(has.iter().all(|method| allowed.contains(method)), "{path}: {allowed}");
        }
    }
}

#[test]
fn a_path_that_is_not_there_is_not_found() {
    let ana = somebody_like("ana");
    for path in [
        "/v1/nothing",
        "/v1/requests/",
        "/v1/me/more",
        "/v1/requests/x/y/z",
        "/v1/%2e%2e/approvals",
        "/v1/audit",
    ] {
        refused(&ana.get(path), 404, "not-found");
    }
    assert_eq!(ana.get("/v1/me").status, 200);
}
