//! Signing in behind the link to something critical: by an issuer that does what OAuth says, and each attack beside what
//! it imitates.

use crate::fakes::{ISSUER, signed};
use crate::pages::{Page, URL, critical, html, nonce, page_with, send};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::header::{LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use stint_app::ports::{Code, CodeExchange, ExchangeError, Surroundings as _};
use stint_edge::sign_in::{self, SignIn};

const AUTHORIZE: &str = "https://login.example.org/oauth2/authorize";

/// What it was asked for, by the code that it gave.
#[derive(Clone, Default)]
pub(crate) struct Issuer(Arc<Mutex<BTreeMap<String, (Asked, Value)>>>);

type Asked = BTreeMap<String, String>;

impl Issuer {
    pub(crate) fn sign_in() -> SignIn<Self> {
        Self::default().behind(URL)
    }

    fn behind(self, url: &str) -> SignIn<Self> {
        let issuer = sign_in::Issuer { authorize_url: AUTHORIZE.to_owned(), client_id: "page".to_owned() };
        SignIn::new(issuer, url, self)
    }
}

impl CodeExchange for Issuer {
    async fn exchange(&self, code: &Code<'_>) -> Result<String, ExchangeError> {
        let refused = |why: &'static str| ExchangeError::Refused(why.into());
        let found = self.0.lock().unwrap().remove(code.code);
        let (asked, claims) = found.ok_or_else(|| refused("no such code, or not any more"))?;
        let challenge = BASE64.encode(Sha256::digest(code.verifier));
        let same = asked["code_challenge"] == challenge
            && asked["redirect_uri"] == code.redirect_uri
            && asked["client_id"] == code.client_id;
        if same { Ok(signed(&claims)) } else { Err(refused("of another client or browser")) }
    }
}

/// A browser on its way back from the issuer.
pub(crate) struct Back {
    pub(crate) path: String,
    pub(crate) cookie: String,
}

fn cookies(response: &Response) -> Vec<String> {
    let all = response.headers().get_all(SET_COOKIE).iter();
    all.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

/// As the browser would send it.
fn kept(cookie: &str) -> String {
    cookie.split(';').next().unwrap().to_owned()
}

async fn start(page: &Page, path: &str) -> (Asked, String) {
    let response = send(page, "GET", &format!("{path}/sign-in"), "", String::new()).await;
    assert_eq!(response.status(), 303);
    let url = response.headers()[LOCATION].to_str().unwrap().to_owned();
    let asked = serde_html_form::from_str(url.strip_prefix(&format!("{AUTHORIZE}?")).unwrap()).unwrap();
    (asked, kept(&cookies(&response)[0]))
}

/// `who` signs in at the issuer, whose token has these claims, too.
fn signs_in(page: &Page, asked: &Asked, who: &str, more: &Value) -> String {
    let now = page.surroundings.now().as_second();
    let mut claims = json!({ "iss": ISSUER, "sub": who, "aud": "page", "token_use": "id", "nonce": asked["nonce"],
                             "iat": now, "auth_time": now, "exp": now + 3600 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let Issuer(codes) = issuer(page);
    let mut codes = codes.lock().unwrap();
    let code = format!("code-{}", codes.len());
    codes.insert(code.clone(), (asked.clone(), claims));
    format!("/approvals/callback?code={code}&state={}", asked["state"])
}

fn issuer(page: &Page) -> Issuer {
    page.sign_in.as_ref().unwrap().exchange().clone()
}

pub(crate) async fn come_back(page: &Page, path: &str, who: &str) -> Back {
    come_back_with(page, path, who, &json!({})).await
}

pub(crate) async fn come_back_with(page: &Page, path: &str, who: &str, more: &Value) -> Back {
    let (asked, cookie) = start(page, path).await;
    Back { path: signs_in(page, &asked, who, more), cookie }
}

async fn get(page: &Page, back: &Back) -> Response {
    send(page, "GET", &back.path, &back.cookie, String::new()).await
}

/// The session that somebody has who has come back.
pub(crate) async fn session(page: &Page, back: &Back) -> String {
    let response = get(page, back).await;
    assert_eq!(response.status(), 303);
    kept(cookies(&response).iter().find(|cookie| cookie.contains("session")).unwrap())
}

/// The form of the page for whoever has this session, if they are shown one; and the cookies to send it with.
async fn form(page: &Page, path: &str, session: &str) -> Option<String> {
    let response = send(page, "GET", path, session, String::new()).await;
    let cookie = cookies(&response).into_iter().find(|cookie| cookie.starts_with("__Host-stint="));
    cookie.map(|cookie| kept(&cookie))
}

async fn approves(page: &Page, path: &str, session: &str) -> u16 {
    // A nonce is as good for one page of a browser as for another, so an attacker has one.
    let cookie =
        form(page, path, session).await.unwrap_or_else(|| format!("__Host-stint={}", "n".repeat(43)));
    let form = format!("nonce={}&decision=approve", nonce(&cookie));
    let both = format!("{cookie}; {session}");
    send(page, "POST", path, &both, form).await.status().as_u16()
}

fn page() -> Page {
    page_with(Some(Issuer::sign_in()))
}

#[tokio::test]
async fn whoever_signs_in_as_whom_the_link_was_mailed_to_decides_on_its_page() {
    let page = page();
    let (path, id) = critical(&page).await;
    let question = html(&page, &path).await;
    let token = path.trim_start_matches("/approvals/");
    assert!(
        question.contains(&format!("href=\"{token}/sign-in\"")) && !question.contains("<form"),
        "{question}"
    );
    let back = come_back_with(&page, &path, "gita", &json!({ "amr": ["pwd", "mfa"] })).await;
    let response = get(&page, &back).await;
    assert_eq!(response.headers()[LOCATION], format!("{URL}{path}"));
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    let set = cookies(&response);
    assert!(
        set[0].starts_with("__Host-stint-session=") && set[1].starts_with("__Host-stint-sign-in=;"),
        "{set:?}"
    );
    let kept_safe = |cookie: &String| {
        cookie.contains("; HttpOnly; SameSite=Lax; Max-Age=") && cookie.ends_with("; Secure")
    };
    assert!(set.iter().all(kept_safe), "{set:?}");
    assert!(set[1].contains("Max-Age=0"));
    assert_eq!(approves(&page, &path, &kept(&set[0])).await, 200);
    let text = page.store.stream(&id.to_string()).into_iter().map(|(text, _)| text).collect::<String>();
    assert!(
        text.contains(r#""authentication":"mail_link_signed_in""#) && text.contains(r#""mfa":true"#),
        "{text}"
    );
}

#[tokio::test]
async fn the_issuer_learns_neither_the_link_nor_what_proves_the_browser() {
    let page = page();
    let (path, _) = critical(&page).await;
    let (asked, cookie) = start(&page, &path).await;
    let token = path.trim_start_matches("/approvals/");
    let secret = cookie.split_once('=').unwrap().1.split_once('.').unwrap().0.to_owned();
    assert_eq!(secret.len(), 43);
    for (name, value) in &asked {
        assert!(!value.contains(token) && !value.contains(&secret), "{name}");
    }
    let fixed = [
        ("response_type", "code"),
        ("client_id", "page"),
        ("redirect_uri", &format!("{URL}/approvals/callback")),
        ("scope", "openid"),
        ("code_challenge_method", "S256"),
        ("prompt", "login"),
        ("max_age", "600"),
    ];
    for (name, value) in fixed {
        assert_eq!(asked[name], value, "{name}");
    }
    assert_eq!(asked.len(), fixed.len() + 3, "state, nonce and challenge");
}

#[tokio::test]
async fn looking_and_starting_change_nothing_and_a_link_of_nobody_starts_nothing() {
    let page = page();
    let (path, id) = critical(&page).await;
    let before = page.store.state().records[&id].clone();
    for _ in 0..3 {
        start(&page, &path).await;
    }
    assert_eq!(page.store.state().records[&id], before);
    let nobodys = format!("/approvals/{}/sign-in", "0".repeat(64));
    assert_eq!(send(&page, "GET", &nobodys, "", String::new()).await.status(), 404);
}

#[tokio::test]
async fn somebody_else_gets_no_session_and_that_is_on_record() {
    let page = page();
    let (path, id) = critical(&page).await;
    for who in ["hugo", "ana"] {
        let response = get(&page, &come_back(&page, &path, who).await).await;
        assert_eq!(response.status(), 403);
        assert!(cookies(&response).iter().all(|cookie| !cookie.contains("session")));
    }
    let stream = page.store.stream(&id.to_string());
    let refused = stream.iter().filter(|(text, _)| text.contains("request.action_refused"));
    let refused: Vec<_> = refused.map(|(text, _)| text.as_str()).collect();
    assert!(refused.len() == 2 && refused[0].contains(r#""id":"hugo""#), "{refused:?}");
    assert_eq!(get(&page, &come_back(&page, &path, "gita").await).await.status(), 303);
}

#[tokio::test]
async fn the_answer_to_another_attempt_or_browser_is_none_and_one_counts_once() {
    let page = page();
    let (path, _) = critical(&page).await;
    let (one, other) = (come_back(&page, &path, "gita").await, come_back(&page, &path, "gita").await);
    let crossed = Back { path: one.path.clone(), cookie: other.cookie.clone() };
    assert_eq!(get(&page, &crossed).await.status(), 403, "the state is the other's");
    let without = Back { path: one.path.clone(), cookie: String::new() };
    assert_eq!(get(&page, &without).await.status(), 403);
    for state in ["", &query(&one.path, "state")] {
        let path = format!("/approvals/callback?code={}&state={state}", query(&other.path, "code"));
        let stateless = Back { path, cookie: other.cookie.clone() };
        assert_eq!(get(&page, &stateless).await.status(), 403, "the browser's own code, and not its state");
    }
    // With the right state, and a code that another browser has got.
    let (state, code) = (query(&other.path, "state"), query(&one.path, "code"));
    let injected =
        Back { path: format!("/approvals/callback?code={code}&state={state}"), cookie: other.cookie };
    assert_eq!(get(&page, &injected).await.status(), 403, "PKCE");
    let good = come_back(&page, &path, "gita").await;
    assert_eq!(get(&page, &good).await.status(), 303);
    assert_eq!(get(&page, &good).await.status(), 403, "the code is used");
}

fn query(path: &str, name: &str) -> String {
    let fields: Asked = serde_html_form::from_str(path.split_once('?').unwrap().1).unwrap();
    fields[name].clone()
}

#[tokio::test]
async fn a_token_for_something_else_is_no_session() {
    let page = page();
    let (path, _) = critical(&page).await;
    let status = async |more: Value| {
        get(&page, &come_back_with(&page, &path, "gita", &more).await).await.status().as_u16()
    };
    assert_eq!(status(json!({})).await, 303);
    assert_eq!(status(json!({ "aud": ["page"] })).await, 303);
    assert_eq!(status(json!({ "token_use": null })).await, 303, "OpenID Connect knows no such claim");
    let almost = page.surroundings.now().as_second() - 599;
    assert_eq!(status(json!({ "auth_time": almost, "iat": almost })).await, 303);
    let now = page.surroundings.now().as_second();
    for wrong in [
        json!({ "aud": "cli" }),
        json!({ "aud": ["page", "cli"] }),
        json!({ "aud": null, "client_id": "page" }),
        json!({ "iss": "https://issuer.example.org/other" }),
        json!({ "token_use": "access" }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "iat": now - 600 }),
        json!({ "auth_time": now - 600 }),
        json!({ "auth_time": null }),
        json!({ "exp": now - 31 }),
    ] {
        assert_eq!(status(wrong.clone()).await, 403, "{wrong}");
    }
}

#[tokio::test]
async fn a_session_is_for_one_link_one_person_and_ten_minutes() {
    let page = page();
    let ((path, id), (another, _)) = (critical(&page).await, critical(&page).await);
    let mine = session(&page, &come_back(&page, &path, "gita").await).await;
    assert!(form(&page, &path, &mine).await.is_some());
    assert!(form(&page, &another, &mine).await.is_none(), "the other link");
    assert_eq!(approves(&page, &another, &mine).await, 403);
    // A session of the same person's token, and another secret.
    let (_, token) = mine.split_once('.').unwrap();
    let stolen = format!("__Host-stint-session={}.{token}", "A".repeat(43));
    assert_eq!(approves(&page, &path, &stolen).await, 403);
    let twice = format!("{mine}; {mine}");
    assert_eq!(approves(&page, &path, &twice).await, 403);
    page.surroundings.pass(599);
    page.store.pass(599);
    assert!(form(&page, &path, &mine).await.is_some());
    page.surroundings.pass(1);
    assert!(form(&page, &path, &mine).await.is_none());
    assert_eq!(approves(&page, &path, &mine).await, 403);
    assert_eq!(page.store.state().records[&id].request.state.name(), "PENDING");
}

/// Whoever has said no to the issuer, or whom it did not let in.
#[tokio::test]
async fn what_the_issuer_refuses_ends_in_a_page_that_says_to_try_again() {
    let page = page();
    let (path, _) = critical(&page).await;
    let (asked, cookie) = start(&page, &path).await;
    let state = &asked["state"];
    for answer in [
        format!("error=access_denied&error_description=%3Cscript%3E&state={state}"),
        format!("code=x&error=access_denied&state={state}"),
        format!("state={state}"),
        format!("code=made-up&state={state}"),
        "code=1&code=2".to_owned(),
        String::new(),
    ] {
        let back = Back { path: format!("/approvals/callback?{answer}"), cookie: cookie.clone() };
        let response = get(&page, &back).await;
        assert_eq!(response.status(), 403, "{answer}");
        let forgotten = cookies(&response).iter().any(|cookie| cookie.starts_with("__Host-stint-sign-in=;"));
        assert!(forgotten, "{answer}");
        let page = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let page = String::from_utf8_lossy(&page).into_owned();
        assert!(page.contains("Nothing has been decided") && !page.contains("script"), "{page}");
    }
}

#[tokio::test]
async fn where_nobody_can_sign_in_there_is_nothing_to_start() {
    let page = page_with(None);
    let (path, _) = critical(&page).await;
    for path in [format!("{path}/sign-in"), "/approvals/callback?code=x&state=y".to_owned()] {
        assert_eq!(send(&page, "GET", &path, "", String::new()).await.status(), 404);
    }
    assert!(!html(&page, &path).await.contains("/sign-in"));
}
