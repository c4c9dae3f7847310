//! Mail through Amazon SES.
//!
//! Guards: links in mails lead where they say, without SES's detour for counting clicks, since an approval link is a
//! secret; no header can be smuggled in through a subject. It must not know what a mail is about.

use crate::client::OnFirstUse;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};
use aws_types::SdkConfig;
use stint_app::letter::Letter;
use stint_app::ports::{MailError, Mailer};

pub struct Ses {
    client: OnFirstUse<Client>,
    from: String,
}

impl Ses {
    /// `from` is the address of a verified identity.
    #[must_use]
    pub fn new(config: &SdkConfig, from: String) -> Self {
        Self { client: OnFirstUse::new(config, Client::new), from }
    }

    fn message(&self, letter: &Letter) -> Result<Message, BuildError> {
        let content = |text: &str| Content::builder().charset("UTF-8").data(text).build();
        let body =
            Body::builder().text(content(&letter.text)?).html(content(&untracked(&letter.html))?).build();
        let thread = thread_id(&letter.thread, &self.from);
        let header = |name: &str, value: &str| MessageHeader::builder().name(name).value(value).build();
        Ok(Message::builder()
            .subject(content(&one_line(&letter.subject))?)
            .body(body)
            // SES gives every mail a Message-ID of its own; mail programs thread by what they all refer to.
            .headers(header("References", &thread)?)
            .headers(header("In-Reply-To", &thread)?)
            .headers(header("X-Stint-Thread", &one_line(&letter.thread))?)
            .headers(header("Auto-Submitted", "auto-generated")?)
            .build())
    }
}

impl Mailer for Ses {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = self.message(letter).map_err(|cause| MailError::Refused(Box::new(cause)))?;
        let to = Destination::builder().to_addresses(&letter.to).build();
        let mail = self.client.get().send_email().from_email_address(&self.from).destination(to);
        let sent = mail.content(EmailContent::builder().simple(message).build()).send().await;
        sent.map(drop).map_err(|error| match error.code() {
            Some("MessageRejected" | "BadRequestException") => MailError::Refused(Box::new(error)),
            _ => MailError::Unavailable(Box::new(error)),
        })
    }
}

/// SES takes the attribute out again and leaves such a link as it is.
fn untracked(html: &str) -> String {
    html.replace("<a ses:no-track ", "<a ").replace("<a ", "<a ses:no-track ")
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A message id in the sender's domain, of the thread's letters and digits.
fn thread_id(thread: &str, from: &str) -> String {
    let local: String = thread.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let domain = from.rsplit_once('@').map_or("stint.invalid", |(_, domain)| domain.trim_end_matches('>'));
    format!("<{local}@{domain}>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answers, config};
    use serde_json::Value;

    fn letter() -> Letter {
        Letter {
            to: "bo@example.org".to_owned(),
            subject: "Access\r\nBcc: x@example.org".to_owned(),
            text: "text".to_owned(),
            html: r#"<p>a <a href="https://x">b</a> <a ses:no-track href="https://y">c</a>"#.to_owned(),
            thread: "req-1".to_owned(),
        }
    }

    fn mailer(status: u16, body: &str) -> (Ses, Answers) {
        let answers = Answers::always(status, body);
        (Ses::new(&config(&answers), "Stint <stint@example.org>".to_owned()), answers)
    }

    #[tokio::test]
    async fn a_mail_has_one_thread_two_bodies_and_links_that_nobody_counts() {
        let (mailer, answers) = mailer(200, r#"{"MessageId":"m"}"#);
        mailer.send(&letter()).await.unwrap();
        let sent: Value = serde_json::from_str(&answers.sent()[0]).unwrap();
        let message = &sent["Content"]["Simple"];
        assert_eq!(sent["Destination"]["ToAddresses"], serde_json::json!(["bo@example.org"]));
        assert_eq!(sent.get("ConfigurationSetName"), None);
        assert_eq!(message["Subject"]["Data"], "Access  Bcc: x@example.org");
        assert_eq!(
            message["Headers"][0],
            serde_json::json!({"Name": "References", "Value": "<req-1@example.org>"})
        );
        let html = r#"<p>a <a ses:no-track href="https://x">b</a> <a ses:no-track href="https://y">c</a>"#;
        assert_eq!(
            (&message["Body"]["Html"]["Data"], &message["Body"]["Text"]["Data"]),
            (&html.into(), &"text".into())
        );
    }

    #[tokio::test]
    async fn a_mail_that_will_never_go_is_told_from_one_that_may_go_later() {
        let (refusing, _) = mailer(400, r#"{"__type":"MessageRejected"}"#);
        assert!(matches!(refusing.send(&letter()).await, Err(MailError::Refused(_))));
        for (status, code) in [(400, "SendingPausedException"), (500, "InternalServiceErrorException")] {
            let (down, _) = mailer(status, &format!(r#"{{"__type":"{code}"}}"#));
            assert!(matches!(down.send(&letter()).await, Err(MailError::Unavailable(_))), "{code}");
        }
    }
}
