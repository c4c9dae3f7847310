//! What the form sends.

use serde::Deserialize;
use stint_domain::BadInput;
use stint_domain::justification::Comment;

/// The form of the page, as sent. It has no `Debug`, because of the nonce.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub nonce: String,
    pub decision: Choice,
    #[serde(default)]
    comment: String,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(comment: &str) -> Answer {
        Answer { nonce: String::new(), decision: Choice::Deny, comment: comment.to_owned() }
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
