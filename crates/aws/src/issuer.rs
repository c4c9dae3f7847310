//! The token issuer: its public keys, and its tokens for codes.
//!
//! Guards: a code that the issuer refuses is told from an issuer that does not answer; what it says to a refusal is not kept.

mod keys;

pub use keys::IssuersKeys;

use crate::client::ConfigError;
use crate::fetch::{FetchError, Fetcher};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use stint_app::ports::{Code, CodeExchange, ExchangeError};

/// No answer with tokens is larger, in bytes.
const LARGEST_TOKENS: usize = 64 * 1024;

pub struct IssuersTokens {
    /// Parses the system's roots, where it needs them, when somebody signs in.
    fetcher: OnceLock<Fetcher>,
    url: String,
}

impl IssuersTokens {
    /// `url`: the token endpoint of the stack's `pool`, or of another issuer where there is none.
    pub fn at(url: String, pool: Option<&str>) -> Result<Self, ConfigError> {
        let fetcher = match pool {
            Some(_) => OnceLock::from(Fetcher::new()?),
            None => OnceLock::new(),
        };
        Ok(Self { fetcher, url })
    }
}

/// RFC 6749, 4.1.3, with RFC 7636, 4.5.
#[derive(Serialize)]
struct Form<'a> {
    grant_type: &'static str,
    code: &'a str,
    redirect_uri: &'a str,
    client_id: &'a str,
    code_verifier: &'a str,
}

/// Whatever else there is is not asked for.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl CodeExchange for IssuersTokens {
    async fn exchange(&self, code: &Code<'_>) -> Result<String, ExchangeError> {
        let form = Form {
            grant_type: "authorization_code",
            code: code.code,
            redirect_uri: code.redirect_uri,
            client_id: code.client_id,
            code_verifier: code.verifier,
        };
        let form = serde_html_form::to_string(&form).map_err(|cause| ExchangeError::Refused(cause.into()))?;
        let fetcher =
            keys::opened(&self.fetcher).map_err(|cause| ExchangeError::Unavailable(cause.into()))?;
        let answer = fetcher.post_form(&self.url, form, LARGEST_TOKENS).await;
        let answer = answer.map_err(|error| match error {
            // Asked too often, or for too long, is no word about the code.
            FetchError::Status { status: 408 | 429 } => ExchangeError::Unavailable(error.into()),
            FetchError::Status { status: 400..=499 } => ExchangeError::Refused(error.into()),
            error => ExchangeError::Unavailable(error.into()),
        })?;
        let tokens: Tokens =
            serde_json::from_slice(&answer).map_err(|_| ExchangeError::Refused("no ID token came".into()))?;
        Ok(tokens.id_token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};

    const CODE: Code<'static> = Code {
        code: "a+code/with=signs",
        verifier: "verifier",
        redirect_uri: "https://stint.example.org/approvals/callback",
        client_id: "page",
    };

    /// Serves `answer` to one caller, and tells what was sent.
    fn issuer(status: &str, body: &str) -> (IssuersTokens, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/oauth2/token", listener.local_addr().unwrap());
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        let (told, sent) = channel();
        std::thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let mut text = String::new();
            while !text.ends_with("code_verifier=verifier") {
                let mut part = [0; 1024];
                let read = caller.read(&mut part).unwrap();
                text.push_str(std::str::from_utf8(&part[..read]).unwrap());
            }
            caller.write_all(answer.as_bytes()).unwrap();
            told.send(text).unwrap();
        });
        (IssuersTokens::at(url, Some("pool")).unwrap(), sent)
    }

    #[tokio::test]
    async fn a_code_is_exchanged_by_a_form_as_the_standard_has_it() {
        let (tokens, sent) = issuer("200 OK", r#"{"id_token":"a.b.c","access_token":"x","expires_in":300}"#);
        assert_eq!(tokens.exchange(&CODE).await.unwrap(), "a.b.c");
        let sent = sent.recv().unwrap();
        assert!(sent.starts_with("POST /oauth2/token HTTP/1.1"), "{sent}");
        assert!(sent.contains("content-type: application/x-www-form-urlencoded"), "{sent}");
        let form = "grant_type=authorization_code&code=a%2Bcode%2Fwith%3Dsigns&redirect_uri=https%3A%2F%2Fstint.example.org%2F\
                    approvals%2Fcallback&client_id=page&code_verifier=verifier";
        assert!(sent.ends_with(form), "{sent}");
    }

    #[tokio::test]
    async fn a_refusal_is_told_from_an_issuer_that_does_not_answer() {
        let of = async |status: &str, body: &str| issuer(status, body).0.exchange(&CODE).await.unwrap_err();
        let refused = of("400 Bad Request", r#"{"error":"invalid_grant"}"#).await;
        assert!(matches!(refused, ExchangeError::Refused(_)), "{refused:?}");
        let without = of("200 OK", r#"{"access_token":"x"}"#).await;
        assert!(matches!(without, ExchangeError::Refused(_)), "{without:?}");
        let down = of("502 Bad Gateway", "").await;
        assert!(matches!(down, ExchangeError::Unavailable(_)), "{down:?}");
        let busy = of("429 Too Many Requests", "").await;
        assert!(matches!(busy, ExchangeError::Unavailable(_)), "{busy:?}");
        let nobody = IssuersTokens::at("http://127.0.0.1:9/oauth2/token".to_owned(), None).unwrap();
        assert!(matches!(nobody.exchange(&CODE).await, Err(ExchangeError::Unavailable(_))));
    }
}
