//! Mail that the local cloud kept instead of sending.

use crate::http::Http;
use crate::json::at;
use crate::{LocalError, Result, wait};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mail {
    pub source: String,
    pub to: Vec<String>,
    pub subject: String,
    pub body_text: String,
    #[serde(default)]
    pub body_html: String,
}

/// Everything sent so far, oldest first.
pub fn inbox(http: &Http) -> Result<Vec<Mail>> {
    let all = http.get("/_ministack/ses/messages")?.ok("the inbox")?.json();
    let accounts = at(&all, "/messages").as_object().into_iter().flat_map(|accounts| accounts.values());
    let mails = accounts.filter_map(Value::as_array).flatten().cloned().map(serde_json::from_value);
    mails.collect::<Result<_, _>>().map_err(|cause| LocalError::unexpected(format!("the inbox: {cause}")))
}

/// What was sent to `address` about a request.
pub fn about(http: &Http, address: &str, request_id: &str) -> Result<Vec<Mail>> {
    let to =
        |mail: &Mail| mail.to.iter().any(|one| one.contains(address)) && mail.body_text.contains(request_id);
    Ok(inbox(http)?.into_iter().filter(to).collect())
}

/// The first such mail, which may still be on its way.
pub fn wait_for(http: &Http, address: &str, request_id: &str, at_most: Duration) -> Result<Mail> {
    let what = format!("mail to {address} about {request_id}");
    wait::until(&what, at_most, || Ok(about(http, address, request_id)?.into_iter().next()))
}

impl Mail {
    /// The path of the page that the mail leads to.
    pub fn link(&self) -> Result<&str> {
        let url = self.body_text.split_whitespace().find(|word| word.contains("/approvals/"));
        let path = url.and_then(|url| url.find("/approvals/").and_then(|at| url.get(at..)));
        path.ok_or_else(|| LocalError::unexpected("the mail has no link"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_taken_from_the_text() {
        let mail = |text: &str| Mail {
            source: String::new(),
            to: Vec::new(),
            subject: String::new(),
            body_text: text.to_owned(),
            body_html: String::new(),
        };
        assert_eq!(mail("see\nhttp://127.0.0.1:1/approvals/abc\n\nbye").link().unwrap(), "/approvals/abc");
        assert!(mail("nothing").link().is_err());
    }
}
