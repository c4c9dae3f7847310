//! What the form sends.

use serde::Deserialize;
use std::collections::BTreeSet;
use stint_domain::BadInput;
use stint_domain::justification::Comment;
use stint_domain::narrowing::Narrowing;
use stint_domain::request::AccessRequest;

/// The form of the page, as sent. It has no `Debug`, because of the nonce.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub nonce: String,
    pub decision: Choice,
    #[serde(default)]
    comment: String,
    /// As long as is left, if it is left out.
    duration: Option<String>,
    /// Actions that are not to be allowed.
    #[serde(default)]
    without: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    Approve,
    Deny,
}

impl Answer {
    /// The comment with line ends as they were typed; `None` if there is none.
    pub fn comment(&self) -> Result<Option<Comment>, BadInput> {
        let text = self.comment.replace("\r\n", "\n");
        let text = text.trim();
        if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
    }

    /// What the approver takes away of what `request` comes to.
    pub fn narrowing(&self, request: &AccessRequest) -> Result<Narrowing, BadInput> {
        let left = request.allowance();
        let duration =
            self.duration.as_deref().filter(|text| !text.is_empty()).map(str::parse).transpose()?;
        let actions = left.access.actions().into_iter().filter(|action| !self.without.contains(*action));
        let actions: BTreeSet<_> = actions.map(str::to_owned).collect();
        if !self.without.is_empty() && actions.is_empty() {
            return Err(BadInput::new(
                "without",
                "has to leave something; deny the request if nothing is to be allowed",
            ));
        }
        Ok(Narrowing {
            duration: duration.filter(|duration| *duration != left.duration),
            actions: Some(actions).filter(|_| !self.without.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(comment: &str) -> Answer {
        Answer {
            nonce: String::new(),
            decision: Choice::Deny,
            comment: comment.to_owned(),
            duration: None,
            without: BTreeSet::new(),
        }
    }

    #[test]
    fn a_comment_may_be_left_out_and_has_a_limit() {
        assert_eq!(answer(" \r\n ").comment(), Ok(None));
        assert_eq!(answer("not\r\nnow ").comment().unwrap().unwrap().as_str(), "not\nnow");
        assert!(answer(&"ü\r\n".repeat(512)).comment().is_ok());
        assert!(answer(&"ü".repeat(1025)).comment().is_err());
    }

    #[test]
    fn a_form_has_one_of_two_decisions_and_nothing_else() {
        let read = |json: &str| serde_json::from_str::<Answer>(json).map(|answer| answer.decision).ok();
        assert_eq!(read(r#"{"nonce":"n","decision":"approve"}"#), Some(Choice::Approve));
        assert_eq!(read(r#"{"nonce":"n","decision":"deny","comment":"x"}"#), Some(Choice::Deny));
        for wrong in [
            r#"{"nonce":"n"}"#,
            r#"{"nonce":"n","decision":"Approve"}"#,
            r#"{"decision":"deny"}"#,
            r#"{"nonce":"n","decision":"deny","as":"root"}"#,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
