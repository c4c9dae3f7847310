//! Every way a token can be wrong, each beside the one that is right.

mod workload;

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::sync::Mutex;

/// Made for these tests; they open nothing anywhere.
const KEY: &[u8] = include_bytes!("test-only-key.pk8");
const OTHER_KEY: &[u8] = include_bytes!("test-only-other-key.pk8");
const ISSUER: &str = "https://issuer.example.org/pool";
const NOW: i64 = 1_795_341_600;

/// Hands out these answers in turn, then fails.
struct Source(Mutex<Vec<Vec<u8>>>);

impl KeySource for Source {
    async fn fetch(&self) -> Result<Vec<u8>, Cause> {
        let mut answers = self.0.lock().unwrap();
        if answers.is_empty() { Err("down".into()) } else { Ok(answers.remove(0)) }
    }
}

fn pair(key: &[u8]) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(key).unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(bytes)
}

fn key_set(id: &str, key: &[u8]) -> Vec<u8> {
    let ring::rsa::PublicKeyComponents::<Vec<u8>> { n, e } = pair(key).public().into();
    let rsa =
        json!({ "kid": id, "kty": "RSA", "alg": "RS256", "use": "sig", "n": encode(n), "e": encode(e) });
    json!({ "keys": [{ "kid": "ec", "kty": "EC", "crv": "P-256" }, rsa] }).to_string().into_bytes()
}

fn verifier(answers: Vec<Vec<u8>>) -> TokenVerifier<Source> {
    TokenVerifier::new(Source(Mutex::new(answers)), ISSUER.to_owned(), vec!["cli".to_owned()])
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "7d0c-ana", "client_id": "cli", "token_use": "access",
        "iat": NOW - 60, "auth_time": NOW - 120, "exp": NOW + 300,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn signed(header: &Value, claims: &Value, key: &[u8]) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let pair = pair(key);
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), message.as_bytes(), &mut signature)
        .unwrap();
    format!("{message}.{}", encode(signature))
}

fn token(claims: &Value) -> String {
    signed(&json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" }), claims, KEY)
}

fn headers(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {token}").parse().unwrap())])
}

async fn verify(token: &str) -> Result<Verified, IdentityError> {
    let verifier = verifier(vec![key_set("k1", KEY)]);
    verifier.verify(&headers(token), &GatewayIdentity::default(), at(NOW)).await
}

async fn rejection(token: &str) -> Rejection {
    match verify(token).await {
        Err(IdentityError::Refused(rejection)) => rejection,
        other => panic!("not refused: {other:?}"),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[tokio::test]
async fn a_good_token_says_who_and_since_when() {
    let verified = verify(&token(&claims())).await.unwrap();
    assert_eq!(verified.principal.as_str(), "7d0c-ana");
    assert_eq!(verified.authenticated_at, at(NOW - 120));
}

/// RFC 8176, as Entra and Okta tell it; Cognito's access tokens say nothing of it.
#[tokio::test]
async fn a_second_factor_counts_where_the_token_tells_of_one() {
    for (methods, mfa) in [
        (json!(["pwd", "mfa"]), true),
        (json!(["mfa"]), true),
        (json!(["pwd", "otp"]), false),
        (json!(["MFA", "mfa "]), false),
        (json!([]), false),
        (Value::Null, false),
    ] {
        let verified = verify(&token(&with("amr", methods.clone()))).await.unwrap();
        assert_eq!(verified.mfa, mfa, "{methods}");
    }
    assert!(!verify(&token(&claims())).await.unwrap().mfa);
    for no_list in [json!("mfa"), json!({ "mfa": true }), json!([true])] {
        assert_eq!(rejection(&token(&with("amr", no_list))).await, Rejection::Malformed);
    }
}

#[tokio::test]
async fn only_rs256_is_an_algorithm() {
    let payload = claims();
    for unsigned in ["none", "None", "NONE"] {
        let header = json!({ "alg": unsigned, "kid": "k1" });
        let bare = format!("{}.{}.", encode(header.to_string()), encode(payload.to_string()));
        assert_eq!(rejection(&bare).await, Rejection::Malformed);
        assert_eq!(rejection(&signed(&header, &payload, KEY)).await, Rejection::Malformed);
    }
    let message = format!(
        "{}.{}",
        encode(json!({ "alg": "HS256", "kid": "k1" }).to_string()),
        encode(payload.to_string())
    );
    for secret in [pair(KEY).public().as_ref().to_vec(), key_set("k1", KEY)] {
        let tag =
            ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret), message.as_bytes());
        assert_eq!(rejection(&format!("{message}.{}", encode(tag))).await, Rejection::Malformed);
    }
    for other in ["RS384", "PS256"] {
        let header = json!({ "alg": other, "kid": "k1" });
        assert_eq!(rejection(&signed(&header, &payload, KEY)).await, Rejection::Malformed);
    }
}

#[tokio::test]
async fn a_signature_holds_for_exactly_what_was_signed_by_exactly_that_key() {
    let good = token(&claims());
    let [header, _, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let forged = format!("{header}.{}.{signature}", encode(with("sub", json!("root")).to_string()));
    assert_eq!(rejection(&forged).await, Rejection::BadSignature);
    let of_another = signed(&json!({ "alg": "RS256", "kid": "k1" }), &claims(), OTHER_KEY);
    assert_eq!(rejection(&of_another).await, Rejection::BadSignature);
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    assert_eq!(rejection(&unsigned).await, Rejection::BadSignature);
}

#[tokio::test]
async fn a_key_of_the_tokens_own_is_not_asked() {
    let jwk = serde_json::from_slice::<Value>(&key_set("k1", OTHER_KEY)).unwrap()["keys"][1].clone();
    let header = json!({ "alg": "RS256", "kid": "k1", "jwk": jwk, "jku": "https://evil.example/keys" });
    assert_eq!(rejection(&signed(&header, &claims(), OTHER_KEY)).await, Rejection::BadSignature);
    let critical = json!({ "alg": "RS256", "kid": "k1", "crit": ["exp"] });
    assert_eq!(rejection(&signed(&critical, &claims(), KEY)).await, Rejection::Malformed);
    assert_eq!(rejection(&signed(&json!({ "alg": "RS256" }), &claims(), KEY)).await, Rejection::Malformed);
}

#[tokio::test]
async fn a_token_is_of_one_issuer_for_one_audience_and_one_use() {
    assert_eq!(rejection(&token(&with("iss", json!("https://evil.example")))).await, Rejection::WrongIssuer);
    assert_eq!(rejection(&token(&with("client_id", json!("other")))).await, Rejection::WrongAudience);
    assert_eq!(rejection(&token(&with("client_id", Value::Null))).await, Rejection::WrongAudience);
    assert_eq!(
        rejection(&token(&with("aud", json!("other")))).await,
        Rejection::WrongAudience,
        "`aud` comes first"
    );
    assert!(verify(&token(&with("aud", json!(["other", "cli"])))).await.is_ok());
    assert_eq!(rejection(&token(&with("token_use", json!("id")))).await, Rejection::WrongUse);
    assert!(verify(&token(&with("token_use", Value::Null))).await.is_ok(), "other issuers do not have it");
    assert_eq!(rejection(&token(&with("sub", json!("")))).await, Rejection::NoSubject);
    assert_eq!(rejection(&token(&with("sub", Value::Null))).await, Rejection::Malformed);
}

#[tokio::test]
async fn a_token_is_good_between_its_times_give_or_take_thirty_seconds() {
    assert!(verify(&token(&with("exp", json!(NOW - 29)))).await.is_ok());
    assert_eq!(rejection(&token(&with("exp", json!(NOW - 30)))).await, Rejection::Expired);
    assert_eq!(rejection(&token(&with("exp", Value::Null))).await, Rejection::Malformed);
    assert_eq!(rejection(&token(&with("exp", json!(i64::MIN)))).await, Rejection::Expired);
    for start in ["nbf", "iat"] {
        assert!(verify(&token(&with(start, json!(NOW + 30)))).await.is_ok());
        assert_eq!(rejection(&token(&with(start, json!(NOW + 31)))).await, Rejection::NotYetValid);
        assert_eq!(rejection(&token(&with(start, json!(i64::MAX)))).await, Rejection::NotYetValid);
    }
}

#[tokio::test]
async fn claims_have_names_and_each_of_them_once() {
    let header = encode(json!({ "alg": "RS256", "kid": "k1" }).to_string());
    let signed = |payload: &str| {
        let message = format!("{header}.{}", encode(payload));
        let mut signature = vec![0; pair(KEY).public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        pair(KEY).sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", encode(signature))
    };
    let good = claims().to_string();
    assert!(verify(&signed(&good)).await.is_ok());
    let twice = good.replacen('{', r#"{"sub":"root","#, 1);
    assert_eq!(rejection(&signed(&twice)).await, Rejection::Malformed);
    let escaped = good.replacen('{', r#"{"s\u0075b":"root","#, 1);
    assert_eq!(rejection(&signed(&escaped)).await, Rejection::Malformed);
    let places = json!([ISSUER, "7d0c-ana", NOW + 300, NOW - 60, null, null, null, "cli", "access"]);
    assert_eq!(rejection(&signed(&places.to_string())).await, Rejection::Malformed);
}

#[tokio::test]
async fn garbage_is_refused() {
    for garbage in
        ["x", "a.b.c", "..", ".", "e30.e30.e30", "💥", &"A".repeat(9000), &format!("{}.x", token(&claims()))]
    {
        let verifier = verifier(vec![key_set("k1", KEY)]);
        let value = http::HeaderValue::from_bytes(format!("Bearer {garbage}").as_bytes()).unwrap();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let answer = verifier.verify(&headers, &GatewayIdentity::default(), at(NOW)).await;
        assert!(matches!(answer, Err(IdentityError::Refused(_) | IdentityError::NoToken)), "{garbage}");
    }
}

#[test]
fn exactly_one_bearer_token_is_a_token() {
    let several = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        values.iter().for_each(|value| {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        });
        bearer(&headers).map(ToOwned::to_owned)
    };
    assert_eq!(several(&["bearer abc"]), Some("abc".to_owned()));
    for none in [&[] as &[&str], &["abc"], &["Basic abc"], &["Bearer "], &["Bearer a", "Bearer b"]] {
        assert_eq!(several(none), None);
    }
}

fn gateway(claims: Value) -> GatewayIdentity {
    let context: ApiGatewayV2httpRequestContext = serde_json::from_value(json!({
        "authorizer": { "jwt": { "claims": claims, "scopes": [] } },
        "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
        "timeEpoch": 0,
    }))
    .unwrap();
    let mut extensions = Extensions::new();
    extensions.insert(RequestContext::ApiGatewayV2(context));
    GatewayIdentity::of(&extensions)
}

#[tokio::test]
async fn the_gateway_and_the_token_must_mean_the_same_caller() {
    let verifier = verifier(vec![key_set("k1", KEY)]);
    let headers = headers(&token(&claims()));
    assert!(verifier.verify(&headers, &gateway(json!({ "sub": "7d0c-ana" })), at(NOW)).await.is_ok());
    for other in [json!({ "sub": "somebody" }), json!({})] {
        let answer = verifier.verify(&headers, &gateway(other), at(NOW)).await;
        assert!(matches!(answer, Err(IdentityError::Refused(Rejection::NotTheGateways))));
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_an_invented_one_cannot_make_us_ask_again() {
    let verifier = verifier(vec![key_set("k0", OTHER_KEY), key_set("k1", KEY), key_set("k1", KEY)]);
    let left = || verifier.keys.source.0.lock().unwrap().len();
    let ask = async |key: &str, second| {
        let token = signed(&json!({ "alg": "RS256", "kid": key }), &claims(), KEY);
        verifier.verify(&headers(&token), &GatewayIdentity::default(), at(second)).await
    };
    assert!(ask("k1", NOW).await.is_err(), "the issuer does not have it yet");
    assert!(ask("k1", NOW + 59).await.is_err());
    assert_eq!(left(), 2);
    assert!(ask("k1", NOW + 60).await.is_ok());
    for invented in ["k2", "k3", "k4"] {
        assert!(matches!(ask(invented, NOW + 61).await, Err(IdentityError::Refused(Rejection::UnknownKey))));
    }
    assert_eq!(left(), 1);
}

#[tokio::test]
async fn known_keys_outlive_an_issuer_that_is_down_but_not_for_ever() {
    let verifier = verifier(vec![key_set("k1", KEY)]);
    let ask = async |second: i64| {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = (json!(NOW), json!(NOW + 90_000));
        verifier.verify(&headers(&token(&claims)), &GatewayIdentity::default(), at(second)).await
    };
    assert!(ask(NOW).await.is_ok());
    assert!(ask(NOW + 3_600).await.is_ok());
    assert!(ask(NOW + 7_199).await.is_ok());
    assert!(matches!(ask(NOW + 7_200).await, Err(IdentityError::KeysUnavailable(_))));
}

#[test]
fn who_has_no_token_and_who_has_a_bad_one_are_told_so_and_a_missing_key_set_is_not_their_fault() {
    assert_eq!(Problem::from(IdentityError::NoToken), Problem::Unauthenticated { token_sent: false });
    let refused = IdentityError::Refused(Rejection::Expired);
    assert_eq!(Problem::from(refused), Problem::Unauthenticated { token_sent: true });
    assert_eq!(Problem::from(IdentityError::KeysUnavailable("down".into())), Problem::Unavailable);
}
