//! A plain GET or POST, for the public keys of the token issuer and its tokens.
//!
//! Guards: the scheme of the URL decides, so what is asked for by `https` never goes out in the clear; redirects are
//! not followed; an answer has a size limit. It must not know what is fetched.

use crate::client::{ATTEMPT_TIMEOUT, ConfigError, connections, outside_connections};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use stint_app::ports::Cause;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum FetchError {
    #[error("the URL is neither https nor http")]
    BadUrl,
    #[error("the server answered {status}")]
    Status { status: u16 },
    #[error("the answer is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("the server did not answer")]
    Unavailable(#[source] Cause),
}

pub struct Fetcher {
    connector: SharedHttpConnector,
}

impl Fetcher {
    /// Over the connections of the AWS clients: it trusts Amazon's roots and nobody else.
    pub fn new() -> Result<Self, ConfigError> {
        Ok(Self { connector: connections()? })
    }

    /// Over connections of its own, to whomever the system's roots vouch for.
    pub fn outside() -> Result<Self, ConfigError> {
        Ok(Self { connector: outside_connections()? })
    }

    /// The body of a successful answer, of at most `limit` bytes.
    pub async fn get(&self, url: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
        self.send(url, HttpRequest::empty(), limit).await
    }

    /// The same, of what is answered to a form.
    pub async fn post_form(&self, url: &str, form: String, limit: usize) -> Result<Vec<u8>, FetchError> {
        let length = form.len().to_string();
        let mut request = HttpRequest::new(SdkBody::from(form));
        let bad = |_| FetchError::BadUrl;
        request.set_method("POST").map_err(bad)?;
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
        request.headers_mut().insert("content-length", length);
        self.send(url, request, limit).await
    }

    async fn send(&self, url: &str, request: HttpRequest, limit: usize) -> Result<Vec<u8>, FetchError> {
        match tokio::time::timeout(ATTEMPT_TIMEOUT, self.send_unhurried(url, request, limit)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(FetchError::Unavailable(elapsed.into())),
        }
    }

    async fn send_unhurried(
        &self,
        url: &str,
        mut request: HttpRequest,
        limit: usize,
    ) -> Result<Vec<u8>, FetchError> {
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            return Err(FetchError::BadUrl);
        }
        request.set_uri(url).map_err(|_| FetchError::BadUrl)?;
        let answer =
            self.connector.call(request).await.map_err(|cause| FetchError::Unavailable(cause.into()))?;
        if !answer.status().is_success() {
            return Err(FetchError::Status { status: answer.status().as_u16() });
        }
        read(answer.into_body(), limit).await
    }
}

async fn read(body: SdkBody, limit: usize) -> Result<Vec<u8>, FetchError> {
    let (mut body, mut bytes) = (ByteStream::new(body), Vec::new());
    while let Some(chunk) = body.try_next().await.map_err(|cause| FetchError::Unavailable(cause.into()))? {
        if bytes.len() + chunk.len() > limit {
            return Err(FetchError::TooLong { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Serves `answer` to one caller.
    fn serve_once(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let _ = caller.read(&mut [0; 1024]).unwrap();
            caller.write_all(answer.as_bytes()).unwrap();
        });
        url
    }

    async fn get(url: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
        Fetcher::new().unwrap().get(url, limit).await
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_its_limit_and_not_beyond() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nkeys!";
        assert_eq!(get(&serve_once(answer), 5).await.unwrap(), b"keys!");
        assert!(matches!(get(&serve_once(answer), 4).await, Err(FetchError::TooLong { limit: 4 })));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let answer = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
        assert!(matches!(get(&serve_once(answer), 10).await, Err(FetchError::Status { status: 302 })));
    }

    #[tokio::test]
    async fn only_http_is_spoken_and_never_in_the_clear_when_the_url_says_https() {
        for url in ["file:///etc/passwd", "keys", ""] {
            assert!(matches!(get(url, 10).await, Err(FetchError::BadUrl)), "{url}");
        }
        let clear = serve_once("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let refused = get(&clear.replace("http:", "https:"), 10).await;
        assert!(matches!(refused, Err(FetchError::Unavailable(_))));
    }
}
