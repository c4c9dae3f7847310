//! The functions behind the gateway, called past the gateway: they believe nobody by themselves either.

use crate::base64::{decoded, encoded};
use crate::caller::{UNKNOWN, grant, signed_in, stage};
use crate::problem::{document, gives_nothing_away};
use serde_json::{Value, json};
use stint_edge::api::{ROUTES, credentials};
use stint_local::hooks;

/// An event as the HTTP API sends it; `subject` is whom its authorizer saw.
fn event(method: &str, path: &str, token: Option<&str>, subject: Option<&str>) -> Value {
    let mut event = json!({"version": "2.0", "routeKey": "ANY /v1/{proxy+}", "rawPath": path, "rawQueryString": "",
        "headers": {"host": "example.org", "content-type": "application/json"}, "isBase64Encoded": false, "body": "{}",
        "requestContext": {"accountId": "000000000000", "apiId": "x", "domainName": "example.org", "domainPrefix": "x",
            "requestId": "x", "routeKey": "ANY /v1/{proxy+}", "stage": "$default", "time": "22/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1, "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
            "userAgent": "a test"}}});
    if let Some(token) = token {
        event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    }
    if let Some(subject) = subject {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": subject}, "scopes": null}});
    }
    event
}

/// By the function that the gateway hands such an event to.
fn invoke(event: &Value) -> Value {
    let path = event["rawPath"].as_str().unwrap();
    let function = match path.rsplit('/').next() {
        Some("credentials") => "stint-reveal",
        Some("approve" | "deny" | "review") => "stint-approve",
        _ => "stint-request",
    };
    hooks::invoke(&stage().admin, function, event).unwrap().unwrap()
}

/// A route of each function.
fn looked_at() -> [(&'static str, String); 3] {
    let credentials = credentials::PATH.replace("{id}", &grant(UNKNOWN));
    let approve = format!("/v1/requests/{UNKNOWN}/approve");
    [("GET", "/v1/me".to_owned()), ("POST", credentials), ("POST", approve)]
}

fn unauthenticated(what: &str, event: &Value) {
    let answer = invoke(event);
    let body = answer["body"].as_str().unwrap_or_default();
    assert_eq!(answer["statusCode"], 401, "{what}: {answer}");
    assert!(
        answer["headers"]["www-authenticate"].as_str().is_some_and(|value| value.starts_with("Bearer")),
        "{answer}"
    );
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["type"], "urn:stint:problem:unauthenticated");
    document(&problem);
    gives_nothing_away(body);
}

/// The parts of a token with one claim or field of the header replaced, under the old signature.
fn tampered(token: &str, part: usize, name: &str, value: Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut document = decoded(&parts[part]);
    document[name] = value;
    parts[part] = encoded(&document.to_string());
    parts.join(".")
}

#[test]
fn a_good_token_is_believed_with_and_without_the_gateways_word_for_it() {
    let ana = signed_in("ana");
    for subject in [None, Some(ana.principal.as_str())] {
        let answer = invoke(&event("GET", "/v1/me", Some(ana.session.token()), subject));
        assert_eq!(answer["statusCode"], 200, "{answer}");
        let me: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(me["id"], ana.principal);
    }
}

#[test]
fn no_route_of_the_function_answers_without_a_token() {
    for (method, path) in ROUTES {
        unauthenticated(path, &event(method, &path.replace("{id}", UNKNOWN), None, Some("somebody")));
    }
}

#[test]
fn no_forged_token_is_believed() {
    let (ana, ben) = (signed_in("ana"), signed_in("ben"));
    let token = ana.session.token();
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let forged = [
        ("no algorithm", tampered(token, 0, "alg", json!("none"))),
        ("no algorithm, no signature", format!("{}.{claims}.", encoded(r#"{"alg":"none","typ":"JWT"}"#))),
        ("a shared secret", tampered(token, 0, "alg", json!("HS256"))),
        ("another key", tampered(token, 0, "kid", json!("another"))),
        ("a key from elsewhere", tampered(token, 0, "jku", json!("https://evil.example/jwks.json"))),
        ("somebody else", tampered(token, 1, "sub", json!(ben.principal))),
        ("a later end", tampered(token, 1, "exp", json!(4_000_000_000u64))),
        ("expired", tampered(token, 1, "exp", json!(1))),
        ("another issuer", tampered(token, 1, "iss", json!("https://evil.example"))),
        ("no signature", format!("{head}.{claims}.")),
        ("half a signature", format!("{head}.{claims}.{}", &signature[..signature.len() / 2])),
        ("two parts", format!("{head}.{claims}")),
        ("garbage", "garbage".to_owned()),
        ("much garbage", "x".repeat(20_000)),
        ("no text", "\u{1f511}".to_owned()),
    ];
    for (what, forged) in &forged {
        for subject in [None, Some(ana.principal.as_str())] {
            for (method, path) in looked_at() {
                unauthenticated(what, &event(method, &path, Some(forged), subject));
            }
        }
    }
    assert_eq!(invoke(&event("GET", "/v1/me", Some(token), None))["statusCode"], 200);
}

#[test]
fn a_token_of_somebody_else_than_the_gateway_saw_is_not_believed() {
    let (ana, ben) = (signed_in("ana"), signed_in("ben"));
    for subject in [ben.principal.as_str(), ""] {
        for (method, path) in looked_at() {
            unauthenticated(subject, &event(method, &path, Some(ana.session.token()), Some(subject)));
        }
    }
}

#[test]
fn the_function_that_reveals_believes_a_good_token_and_knows_no_other_route() {
    let ana = signed_in("ana");
    let ask = |method: &str, path: &str| {
        let event = event(method, path, Some(ana.session.token()), Some(&ana.principal));
        hooks::invoke(&stage().admin, "stint-reveal", &event).unwrap().unwrap()["statusCode"].clone()
    };
    let path = credentials::PATH.replace("{id}", &grant(UNKNOWN));
    assert_eq!(ask("POST", &path), 404, "it is nobody's grant");
    assert_eq!(ask("GET", &path), 405);
    assert_eq!((ask("GET", "/v1/me"), ask("POST", "/v1/requests")), (json!(404), json!(404)));
}

#[test]
fn a_token_that_says_who_somebody_is_gives_no_access() {
    let ask = json!({"ClientId": stage().outputs.get("ClientId").unwrap(), "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "ana", "PASSWORD": stint_local::seed::PASSWORD}});
    let signed =
        stage().admin.json("cognito-idp", "AWSCognitoIdentityProviderService.InitiateAuth", &ask).unwrap();
    let token = |name: &str| signed["AuthenticationResult"][name].as_str().unwrap().to_owned();
    assert_eq!(decoded(token("IdToken").split('.').nth(1).unwrap())["token_use"], "id");
    unauthenticated("an id token", &event("GET", "/v1/me", Some(&token("IdToken")), None));
    assert_eq!(invoke(&event("GET", "/v1/me", Some(&token("AccessToken")), None))["statusCode"], 200);
}
