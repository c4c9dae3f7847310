//! Which workloads of another token issuer stand for which services: `workloads.toml` beside the policies.
//!
//! Guards: whoever is not in it, to the letter, is nobody; what a token of that issuer says can never be taken for the id of
//! somebody whom the first issuer knows, since it is looked up here and goes no further. It is a part of the policy version,
//! so that a decision about a service leads to the text that says who could act as it.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use stint_domain::BadInput;
use stint_domain::ids::PrincipalId;
use thiserror::Error;

/// The ids of services by issuer and subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workloads(BTreeMap<(Issuer, Subject), PrincipalId>);

#[derive(Debug, Error)]
pub enum BadWorkloads {
    #[error("workloads.toml cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("`{0}` stands there twice")]
    Twice(Subject),
}

/// Who signs the tokens, as they say it themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Issuer(String);

/// Of whom a token is, as its issuer says. Deliberately no [`PrincipalId`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Subject(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    issuer: Issuer,
    subject: Subject,
    pub(crate) service: PrincipalId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    workload: Vec<Entry>,
}

impl Workloads {
    /// Those that were built in. Where there is no file there are none.
    ///
    /// # Errors
    /// [`BadWorkloads`], the first fault.
    pub fn embedded() -> Result<Self, BadWorkloads> {
        match include_str!(concat!(env!("OUT_DIR"), "/workloads.json")) {
            "" => Ok(Self::default()),
            json => Self::from_json(json),
        }
    }

    /// In the form of `workloads.toml`.
    ///
    /// # Errors
    /// [`BadWorkloads`], the first fault.
    pub fn from_json(json: &str) -> Result<Self, BadWorkloads> {
        let file: File = serde_json::from_str(json).map_err(BadWorkloads::Unreadable)?;
        let mut workloads = Self::default();
        file.workload.into_iter().try_for_each(|entry| workloads.add(entry))?;
        Ok(workloads)
    }

    pub(crate) fn add(&mut self, entry: Entry) -> Result<(), BadWorkloads> {
        let subject = entry.subject.clone();
        match self.0.insert((entry.issuer, entry.subject), entry.service) {
            None => Ok(()),
            Some(_) => Err(BadWorkloads::Twice(subject)),
        }
    }

    /// Which service a workload stands for, if both texts are those of the file to the letter.
    #[must_use]
    pub fn service(&self, issuer: &str, subject: &str) -> Option<&PrincipalId> {
        self.0.get(&(Issuer(issuer.to_owned()), Subject(subject.to_owned())))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Issuer {
    type Error = BadInput;
    fn try_from(text: String) -> Result<Self, BadInput> {
        const ADVICE: BadInput =
            BadInput::new("issuer", "must be an `https` URL of ASCII letters, as the tokens say it");
        let host = text.strip_prefix("https://").unwrap_or_default();
        let good =
            !host.starts_with('/') && !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic());
        if good { Ok(Self(text)) } else { Err(ADVICE) }
    }
}

impl TryFrom<String> for Subject {
    type Error = BadInput;
    /// What looks like a pattern would match nothing, and its author would believe otherwise. What is not ASCII can look
    /// like something else.
    fn try_from(text: String) -> Result<Self, BadInput> {
        const ADVICE: BadInput = BadInput::new(
            "subject",
            "must be one whole `sub` of 1 to 512 ASCII characters, and no pattern with `*` or `?`",
        );
        let plain = |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && !b"*?".contains(&byte);
        let good = (1..=512).contains(&text.len()) && text.trim() == text && text.bytes().all(plain);
        if good { Ok(Self(text)) } else { Err(ADVICE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://token.example.org";
    const MAIN: &str = "repo:acme/ledger:ref:refs/heads/main";

    fn entry(issuer: &str, subject: &str) -> Value {
        json!({ "issuer": issuer, "subject": subject, "service": "nightly-report" })
    }

    fn read(entries: &[Value]) -> Result<Workloads, BadWorkloads> {
        Workloads::from_json(&json!({ "workload": entries }).to_string())
    }

    #[test]
    fn a_workload_is_known_to_the_letter_and_by_no_other_issuer() {
        let workloads = read(&[entry(ISSUER, MAIN)]).unwrap();
        assert_eq!(workloads.service(ISSUER, MAIN).unwrap().as_str(), "nightly-report");
        for other in [
            "repo:acme/ledger:ref:refs/heads/Main",
            "repo:Acme/ledger:ref:refs/heads/main",
            "repo:acme/ledger:ref:refs/heads/main ",
            "repo:acme/ledger:ref:refs/heads/main2",
            "repo:acme/ledger",
            "nightly-report",
            "",
        ] {
            assert_eq!(workloads.service(ISSUER, other), None, "{other}");
        }
        for issuer in ["https://token.example.org/", "https://TOKEN.example.org", "https://evil.example", ""]
        {
            assert_eq!(workloads.service(issuer, MAIN), None, "{issuer}");
        }
    }

    #[test]
    fn one_service_may_be_several_workloads_and_one_workload_is_one_service() {
        let other = "repo:acme/ledger:environment:production";
        assert!(read(&[entry(ISSUER, MAIN), entry(ISSUER, other)]).is_ok());
        assert!(read(&[entry(ISSUER, MAIN), entry("https://gitlab.example.org", MAIN)]).is_ok());
        assert!(matches!(read(&[entry(ISSUER, MAIN), entry(ISSUER, MAIN)]), Err(BadWorkloads::Twice(_))));
    }

    #[test]
    fn what_could_be_meant_otherwise_is_not_taken() {
        for subject in [
            "repo:acme/*",
            "repo:acme/ledger:ref:refs/heads/?",
            "*",
            "",
            " ",
            "a ",
            "repo:аcme/ledger",
            "a\nb",
        ] {
            assert!(read(&[entry(ISSUER, subject)]).is_err(), "{subject}");
        }
        for subject in
            [MAIN, "system:serviceaccount:ledger:reports", "repo:acme/ledger:environment:our production"]
        {
            assert!(read(&[entry(ISSUER, subject)]).is_ok(), "{subject}");
        }
        // Some issuers have a slash at the end of their names, and their tokens say it.
        let with_a_slash = read(&[entry("https://token.example.org/", MAIN)]).unwrap();
        assert!(with_a_slash.service("https://token.example.org/", MAIN).is_some());
        assert_eq!(with_a_slash.service("https://token.example.org", MAIN), None);
        for issuer in
            ["http://token.example.org", "token.example.org", "https://", "https:///", "https://a b", ""]
        {
            assert!(read(&[entry(issuer, MAIN)]).is_err(), "{issuer}");
        }
        let mut more = entry(ISSUER, MAIN);
        more["ref"] = json!("refs/heads/main");
        assert!(read(&[more]).is_err(), "a condition that nobody would look at");
        assert!(read(&[json!({ "issuer": ISSUER, "subject": MAIN })]).is_err());
        assert!(read(&[]).is_ok());
    }

    #[test]
    fn the_sample_has_none() {
        assert_eq!(Workloads::embedded().unwrap(), Workloads::default());
    }
}
