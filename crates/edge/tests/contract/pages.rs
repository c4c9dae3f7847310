//! The page behind a mail link: every answer of it, each as `docs/openapi.yaml` says.

use crate::fakes::{Keys, Stage, tokens};
use crate::sign_in::{Issuer, come_back};
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use stint_app::caller::Caller;
use stint_app::end_access::{EndAccess, end_access};
use stint_app::notify_approvers::notify_approvers;
use stint_app::ports::TaskToken;
use stint_app::submit_request::{SubmitRequest, Submitted, submit_request};
use stint_domain::audit::Actor;
use stint_domain::ids::RequestId;
use stint_domain::principal::Authentication;
use stint_domain::review::ReviewState;
use stint_domain::transition::EndCause;
use stint_edge::approvals::{Approvals, ApproveParts, router};
use stint_edge::csrf::FormGuard;
use stint_edge::sign_in::SignIn;
use stint_policy::PolicyBundle;
use stint_test_support::world::World;
use tower::ServiceExt as _;

pub(crate) const URL: &str = "https://stint.example.org";

/// Each port is a world of its own.
pub(crate) struct Worlds;

impl ApproveParts for Worlds {
    type Store = World;
    type Directory = World;
    type Workflow = World;
    type Sealer = World;
    type Surroundings = World;
    type Keys = Keys;
    type Exchange = Issuer;
}

pub(crate) type Page = Arc<Approvals<Worlds>>;

fn page() -> Page {
    page_with(None)
}

/// With a sign-in behind its links.
pub(crate) fn page_with(sign_in: Option<SignIn<Issuer>>) -> Page {
    page_under(PolicyBundle::embedded().unwrap(), sign_in)
}

pub(crate) fn page_under(policy: PolicyBundle, sign_in: Option<SignIn<Issuer>>) -> Page {
    let [store, directory, workflow, sealer, surroundings] = std::array::from_fn(|_| World::default());
    let (forms, tokens) = (FormGuard::new(URL), tokens());
    Arc::new(Approvals { store, directory, workflow, sealer, surroundings, tokens, policy, forms, sign_in })
}

fn caller(who: &str) -> Caller {
    Caller {
        principal: who.parse().unwrap(),
        authentication: Authentication::Token,
        source_address: None,
        mfa: false,
        invocation: None,
    }
}

fn ask() -> SubmitRequest {
    SubmitRequest {
        entitlement: "payments-read".parse().unwrap(),
        duration: "30m".parse().unwrap(),
        justification: "payment 4711".parse().unwrap(),
        ticket: None,
        starts_at: None,
        extends: None,
        idempotency: None,
        queue: false,
        break_glass: false,
        dry_run: false,
    }
}

/// Ana asks, and Ben is mailed; the path in his mail.
async fn link(page: &Page) -> String {
    let world = &page.store;
    let (caller, ask) = (caller("ana"), ask());
    let done = submit_request(world, (world, world), world, &page.policy, world, &caller, ask).await.unwrap();
    let Submitted::Accepted(request) = done else { panic!("{done:?}") };
    let (id, token) = (request.scope.request_id, TaskToken::new("token".to_owned()));
    notify_approvers(world, world, world, world, &page.policy, world, URL, id, Some(&token)).await.unwrap();
    let text = world.state().inbox.last().unwrap().text.clone();
    let url = text.split_whitespace().find(|word| word.starts_with(URL)).unwrap();
    url.trim_start_matches(URL).to_owned()
}

pub(crate) async fn send(page: &Page, method: &str, path: &str, cookie: &str, form: String) -> Response {
    let request = Request::builder().method(method).uri(path).header("cookie", cookie);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    router(Arc::clone(page)).oneshot(request.body(Body::from(form)).unwrap()).await.unwrap()
}

/// Opens the page; the cookie, which holds the form's nonce.
async fn open(page: &Page, path: &str) -> String {
    let response = send(page, "GET", path, "", String::new()).await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let html = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(String::from_utf8_lossy(&html).contains(nonce(&cookie)));
    cookie
}

pub(crate) fn nonce(cookie: &str) -> &str {
    cookie.split_once('=').unwrap().1
}

#[tokio::test]
async fn every_answer_of_the_page_is_as_documented() {
    let (stage, page) = (Stage::new(), page_with(Some(Issuer::sign_in())));
    let path = link(&page).await;
    let answers = async |method: &str, path: &str, expected: u16, cookie: &str, form: String| {
        let response = send(&page, method, path, cookie, form).await;
        stage.check(method, path, expected, response).await
    };
    let none = || String::new();
    let cookie = open(&page, &path).await;
    let form = |decision: &str, more: &str| format!("nonce={}&decision={decision}{more}", nonce(&cookie));
    answers("GET", &path, 200, "", none()).await;
    answers("HEAD", &path, 200, "", none()).await;
    answers("GET", "/approvals/nonsense", 404, "", none()).await;
    answers("HEAD", "/approvals/nonsense", 404, "", none()).await;
    answers("POST", "/approvals/nonsense", 404, &cookie, form("approve", "")).await;
    answers("POST", &path, 403, "", form("approve", "")).await;
    let large = format!("&comment={}", "x".repeat(16 * 1024));
    answers("POST", &path, 413, &cookie, form("approve", &large)).await;
    let long = format!("&comment={}", "x".repeat(1025));
    answers("POST", &path, 422, &cookie, form("approve", &long)).await;
    answers("POST", &path, 200, &cookie, form("approve", "")).await;
    answers("POST", &path, 200, &cookie, form("approve", "")).await;
    answers("POST", &path, 409, &cookie, form("deny", "")).await;
    let late = link(&page).await;
    page.surroundings.pass(9 * 3600);
    answers("POST", &late, 410, &cookie, form("approve", "")).await;
    answers("GET", "/approvals/nonsense/sign-in", 404, "", none()).await;
    answers("GET", &format!("{late}/sign-in"), 303, "", none()).await;
    answers("GET", "/approvals/callback", 403, "", none()).await;
    let back = come_back(&page, &critical(&page).await.0, "gita").await;
    answers("GET", &back.path, 303, &back.cookie, none()).await;
    stage.assert_seen_all(|path| path.starts_with("/approvals/"));
}

/// Eva has something at once; the path in Gita's mail, and what becomes of it.
async fn emergency(page: &Page) -> (String, RequestId) {
    let world = &page.store;
    let caller = caller("eva");
    let ask = SubmitRequest { entitlement: "payments-repair".parse().unwrap(), break_glass: true, ..ask() };
    let done = submit_request(world, (world, world), world, &page.policy, world, &caller, ask).await.unwrap();
    let Submitted::Accepted(request) = done else { panic!("{done:?}") };
    let id = request.scope.request_id;
    notify_approvers(world, world, world, world, &page.policy, world, URL, id, None).await.unwrap();
    let inbox = world.state().inbox.clone();
    let text = inbox.iter().find(|mail| mail.to.starts_with("gita")).unwrap().text.clone();
    let url = text.split_whitespace().find(|word| word.starts_with(URL)).unwrap();
    (url.trim_start_matches(URL).to_owned(), id)
}

pub(crate) async fn html(page: &Page, path: &str) -> String {
    let response = send(page, "GET", path, "", String::new()).await;
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn the_link_to_an_emergency_waits_until_it_is_over_and_then_takes_one_review() {
    let page = page();
    let (path, id) = emergency(&page).await;
    let cookie = {
        let response = send(&page, "GET", &path, "", String::new()).await;
        response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    };
    let form = |finding: &str, comment: &str| {
        format!("nonce={}&finding={finding}&comment={comment}", nonce(&cookie))
    };
    let answer =
        async |cookie: &str, form: String| send(&page, "POST", &path, cookie, form).await.status().as_u16();
    assert!(html(&page, &path).await.contains("once the access is over"));
    assert_eq!(answer(&cookie, form("justified", "seen")).await, 409, "not yet");

    let ask = EndAccess { request_id: id, cause: EndCause::Returned, component: "expire" };
    end_access(&page.store, &page.store, &page.store, &ask).await.unwrap();
    let question = html(&page, &path).await;
    assert!(question.contains("broke the glass") && question.contains("payment 4711"), "{question}");
    assert_eq!(answer("", form("justified", "seen")).await, 403, "from elsewhere");
    assert_eq!(answer(&cookie, form("justified", "")).await, 422, "without a word");
    assert_eq!(answer(&cookie, form("approve", "seen")).await, 403, "another form");
    let attempted: Vec<_> =
        refusals(&page).into_iter().map(|(_, detail)| detail["attempted"].clone()).collect();
    assert_eq!(attempted, ["review"; 3], "the one that came too early, and the two that were not believed");
    assert_eq!(page.store.state().records[&id].request.review.state, ReviewState::Open);
    assert_eq!(answer(&cookie, form("unjustified", "it+could+wait")).await, 200);
    let verdict = html(&page, &path).await;
    assert!(
        verdict.contains("it was not called for, says Gita") && verdict.contains("it could wait"),
        "{verdict}"
    );
    assert_eq!(answer(&cookie, form("justified", "changed+my+mind")).await, 409);
}

/// What was refused at the only request that there is.
fn refusals(page: &Page) -> Vec<(String, Value)> {
    let state = page.store.state();
    let events = state.events.values().map(|stored| &stored.event);
    let refused = events.filter(|event| event.action == "request.action_refused");
    let by = |actor: &Actor| match actor {
        Actor::Person { id, .. } => id.to_string(),
        other => panic!("{other:?}"),
    };
    refused.map(|event| (by(&event.actor), event.detail.clone())).collect()
}

#[tokio::test]
async fn a_form_that_is_not_believed_stands_in_the_audit_of_the_request_whose_link_it_came_to() {
    let (page, other) = (page(), "n".repeat(43));
    let path = link(&page).await;
    let cookie = open(&page, &path).await;
    let believed = format!("nonce={}&decision=deny", nonce(&cookie));
    let large = format!("{believed}&comment={}", "x".repeat(16 * 1024));
    for (to, cookie, form, status) in [
        ("/approvals/nonsense", &*cookie, &*format!("nonce={other}&decision=deny"), 404),
        (&*path, &*cookie, &*large, 413),
        (&*path, &*cookie, &*format!("nonce={other}&decision=deny"), 403),
        (&*path, "", &*believed, 403),
        (&*path, &*cookie, "decision=deny", 403),
    ] {
        assert_eq!(send(&page, "POST", to, cookie, form.to_owned()).await.status(), status, "{to} {form}");
    }
    let noted = refusals(&page);
    assert_eq!(noted.len(), 3, "{noted:?}");
    for (who, detail) in noted {
        assert_eq!((&*who, &detail["attempted"]), ("ben", &json!("decide")), "{detail}");
        assert_eq!(detail["reason"], "the form did not come from its page");
    }
    assert_eq!(send(&page, "POST", &path, &cookie, believed).await.status(), 200);
    assert_eq!(refusals(&page).len(), 3);
}

/// What somebody's form has made of the request that its page asked about.
async fn approved_with(fields: &str) -> (u16, Option<(String, Vec<String>)>) {
    let page = page();
    let path = link(&page).await;
    let cookie = open(&page, &path).await;
    let form = format!("nonce={}&decision=approve{fields}", nonce(&cookie));
    let status = send(&page, "POST", &path, &cookie, form).await.status().as_u16();
    let recorded = page.store.state().records.values().next().unwrap().request.clone();
    let allowance = recorded.allowance();
    let actions = allowance.access.actions().into_iter().map(str::to_owned).collect();
    let approved = recorded.state.name() == "APPROVED";
    (status, approved.then(|| (allowance.duration.to_string(), actions)))
}

#[tokio::test]
async fn a_form_approves_as_much_as_it_says_and_never_more() {
    let both = || vec!["dynamodb:GetItem".to_owned(), "dynamodb:Query".to_owned()];
    let of = |duration: &str, actions: Vec<String>| (200, Some((duration.to_owned(), actions)));
    assert_eq!(approved_with("").await, of("PT30M", both()));
    assert_eq!(approved_with("&duration=").await, of("PT30M", both()));
    assert_eq!(approved_with("&duration=PT15M").await, of("PT15M", both()));
    assert_eq!(
        approved_with("&without=dynamodb%3AQuery").await,
        of("PT30M", vec!["dynamodb:GetItem".to_owned()])
    );
    assert_eq!(approved_with("&without=iam%3ACreateUser").await, of("PT30M", both()));
    let nothing = "&without=dynamodb%3AQuery&without=dynamodb%3AGetItem";
    for wrong in ["&duration=PT31M", "&duration=for+ever", nothing] {
        assert_eq!(approved_with(wrong).await, (422, None), "{wrong}");
    }
    assert_eq!(approved_with("&actions=iam%3A*").await, (403, None), "a form of somebody else's");
}

#[tokio::test]
async fn the_page_offers_less_than_was_asked_and_no_more() {
    let page = page();
    let path = link(&page).await;
    let html =
        to_bytes(send(&page, "GET", &path, "", String::new()).await.into_body(), usize::MAX).await.unwrap();
    let html = String::from_utf8_lossy(&html).into_owned();
    for offered in [
        "value=\"PT15M\"",
        "value=\"PT5M\"",
        "<option value=\"\">30 min</option>",
        "value=\"dynamodb:Query\"",
    ] {
        assert!(html.contains(offered), "{offered}: {html}");
    }
    assert!(!html.contains("value=\"PT1H\""), "{html}");
}

/// Ana asks for critical access, and the last to be mailed is one of those who decide; the path in that mail.
pub(crate) async fn critical(page: &Page) -> (String, RequestId) {
    let world = &page.store;
    let ask = SubmitRequest { entitlement: "ledger-repair".parse().unwrap(), ..ask() };
    let done =
        submit_request(world, (world, world), world, &page.policy, world, &caller("ana"), ask).await.unwrap();
    let Submitted::Accepted(request) = done else { panic!("{done:?}") };
    let (id, token) = (request.scope.request_id, TaskToken::new("token".to_owned()));
    notify_approvers(world, world, world, world, &page.policy, world, URL, id, Some(&token)).await.unwrap();
    let mail =
        world.state().inbox.iter().rev().find(|mail| mail.to.starts_with("gita")).unwrap().text.clone();
    let url = mail.split_whitespace().find(|word| word.starts_with(URL)).unwrap();
    (url.trim_start_matches(URL).to_owned(), id)
}

/// The page says how, instead of a form that could only fail; and a form that somebody makes does fail.
#[tokio::test]
async fn a_link_to_something_critical_shows_the_question_and_takes_no_answer() {
    let page = page();
    let usual = link(&page).await;
    assert!(html(&page, &usual).await.contains("<form"));
    let (path, id) = critical(&page).await;
    let path = path.as_str();
    let question = html(&page, path).await;
    assert!(
        question.contains("not enough to decide this") && question.contains("payment 4711"),
        "{question}"
    );
    assert!(!question.contains("<form"), "{question}");
    // The cookie is as good for one link of a browser as for another.
    let cookie = open(&page, &usual).await;
    for decision in ["approve", "deny"] {
        let form = format!("nonce={}&decision={decision}", nonce(&cookie));
        assert_eq!(send(&page, "POST", path, &cookie, form).await.status(), 403);
    }
    assert_eq!(page.store.state().records[&id].request.state.name(), "PENDING");
}
