//! A case: a question in a file, JSON or TOML, and the policies that are to decide it.

use crate::folder::{Folder, Unusable, entries, text};
use crate::question::{Question, Whose, person};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use stint_domain::ids::EntitlementId;
use stint_domain::principal::Origin;
use stint_policy::Ask;
use stint_policy::sample::SamplePerson;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) who: String,
    pub(crate) action: String,
    entitlement: Option<String>,
    context: Option<Circumstances>,
    pub(crate) decided_by: BTreeSet<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Circumstances {
    duration: Option<String>,
    /// RFC 3339, as a text.
    at: Option<String>,
    has_ticket: Option<bool>,
    /// Left out, it is long enough for anything.
    justification_characters: Option<u32>,
    /// From where they ask or decide. With neither this nor `mfa`, the case is about whether they could: from the right
    /// place, at their hours, with a second factor.
    source_address: Option<IpAddr>,
    mfa: Option<bool>,
    /// Whose request or grant it is, where that is asked.
    requester: Option<String>,
    /// Whether whoever decides has signed in; left out, they have.
    signed_in: Option<bool>,
}

impl Case {
    pub(crate) fn read(path: &Path) -> Result<Self, Unusable> {
        let (text, unusable) = (text(path)?, |why| Unusable::Case { path: path.to_owned(), why });
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => toml::from_str(&text).map_err(|error| unusable(error.to_string())),
            _ => serde_json::from_str(&text).map_err(|error| unusable(error.to_string())),
        }
    }

    /// # Errors
    /// What in the case has no meaning.
    pub(crate) fn question(&self, people: &[SamplePerson]) -> Result<Question, String> {
        let context = self.context.as_ref();
        let requester = context.and_then(|context| context.requester.as_deref());
        let entitlement = self.entitlement.as_deref().map(str::parse::<EntitlementId>).transpose();
        Ok(Question {
            who: person(people, &self.who)?,
            action: self.action.clone(),
            entitlement: entitlement.map_err(|bad| bad.to_string())?,
            ask: context.map_or(Ok(None), Circumstances::ask)?,
            requester: requester.map(|name| person(people, name)).transpose()?.map(Whose::from),
            signed_in: context.and_then(|context| context.signed_in).unwrap_or(true),
        })
    }
}

impl Circumstances {
    fn ask(&self) -> Result<Option<Ask>, String> {
        let (Some(duration), Some(at), Some(has_ticket)) = (&self.duration, &self.at, self.has_ticket) else {
            return Ok(None);
        };
        let duration = duration.parse().map_err(|bad| format!("{bad}"))?;
        Ok(Some(Ask {
            duration,
            at: at.parse().map_err(|_| format!("`{at}` is no time"))?,
            has_ticket,
            justification_characters: self.justification_characters.unwrap_or(u32::MAX),
            origin: self.origin(),
            people: None,
        }))
    }

    fn origin(&self) -> Option<Origin> {
        let said = self.source_address.is_some() || self.mfa.is_some();
        let address = self.source_address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        said.then_some(Origin { address, mfa: self.mfa.unwrap_or(false) })
    }
}

/// The files of `ALLOW` or `DENY`. A folder that is not there has none.
pub(crate) fn files(folder: &Folder, verdict: &str) -> Result<Vec<PathBuf>, Unusable> {
    let path = folder.path.join("tests").join(verdict);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let is_case =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json" || extension == "toml");
    Ok(entries(&path)?.into_iter().filter(is_case).collect())
}
