//! Reading the cases of `policies/tests` and putting them to a bundle. In the cases a person's id is the user name.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use stint_domain::entitlement::Entitlement;
use stint_domain::principal::{Authentication, Origin, Person};
use stint_policy::{Ask, Authorized, Denied, PolicyBundle, Requester};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) who: String,
    pub(crate) action: String,
    pub(crate) entitlement: Option<String>,
    pub(crate) context: Option<Circumstances>,
    pub(crate) decided_by: BTreeSet<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Circumstances {
    duration: Option<String>,
    at: Option<jiff::Timestamp>,
    has_ticket: Option<bool>,
    /// Left out, it is long enough for anything.
    justification_characters: Option<u32>,
    /// With neither this nor `mfa`, nobody asks or decides yet.
    source_address: Option<IpAddr>,
    mfa: Option<bool>,
    /// Whose request or grant it is, where that is asked.
    requester: Option<String>,
    /// Left out of whoever has.
    signed_in: Option<bool>,
}

pub(crate) struct Decided {
    pub(crate) allowed: bool,
    pub(crate) policies: BTreeSet<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) errored: bool,
}

impl Case {
    /// For approving, the request is ana's.
    pub(crate) fn about(
        who: &str,
        action: &str,
        entitlement: &str,
        duration: &str,
        has_ticket: bool,
    ) -> Self {
        let context = Circumstances {
            duration: Some(duration.to_owned()),
            at: Some("2026-11-23T10:00:00Z".parse().unwrap()),
            has_ticket: Some(has_ticket),
            requester: (action == "approve").then(|| "ana".to_owned()),
            ..Circumstances::default()
        };
        Self { entitlement: Some(entitlement.to_owned()), context: Some(context), ..Self::audit(who, action) }
    }

    /// About what ana has.
    pub(crate) fn grant(who: &str, action: &str, entitlement: &str) -> Self {
        let requester = Some("ana".to_owned());
        let context = Circumstances { requester, ..Circumstances::default() };
        Self { entitlement: Some(entitlement.to_owned()), context: Some(context), ..Self::audit(who, action) }
    }

    pub(crate) fn audit(who: &str, action: &str) -> Self {
        let (who, action) = (who.to_owned(), action.to_owned());
        Self { who, action, entitlement: None, context: None, decided_by: BTreeSet::new() }
    }

    pub(crate) fn put_to(&self, bundle: &PolicyBundle) -> Decided {
        let who = person(&self.who);
        let context = self.context.as_ref();
        let id = || self.entitlement.as_ref().unwrap().parse().unwrap();
        let about = || {
            let entitlement = bundle.entitlement(&self.entitlement.as_ref()?.parse().unwrap()).unwrap();
            Some((entitlement, context?.ask()))
        };
        let requester = || person(context.unwrap().requester.as_ref().unwrap());
        match self.action.as_str() {
            "request" => about().map(|(e, ask)| bundle.may_request(&who, e, &ask).into()).unwrap(),
            "auto-approve" => about().map(|(e, ask)| bundle.auto_approves(&who, e, &ask).into()).unwrap(),
            "approve" => {
                let (entitlement, ask) = about().unwrap();
                let Person { id, manager, .. } = requester();
                let manager = manager.as_ref().filter(|_| entitlement.approval.asks_the_manager());
                let signed_in = context.and_then(|context| context.signed_in).unwrap_or(true);
                let by = if signed_in { Authentication::Token } else { Authentication::MailLink };
                bundle.may_approve(&who, Requester { id: &id, manager }, entitlement, &ask, by).into()
            }
            "break-glass" => about().map(|(e, ask)| bundle.may_break_glass(&who, e, &ask).into()).unwrap(),
            "review" => {
                let reviewers = bundle.entitlement(&id()).map(Entitlement::reviewers).unwrap_or_default();
                bundle.may_review(&who, &requester().id, &id(), &reviewers).into()
            }
            "revoke" => bundle.may_revoke(&who, &requester().id, &id()).into(),
            "force-close" => bundle.may_force_close(&who, &requester().id, &id()).into(),
            "read-audit" => bundle.may_read_audit(&who).into(),
            "export-audit" => bundle.may_export_audit(&who).into(),
            other => panic!("no such action: {other}"),
        }
    }
}

impl Circumstances {
    fn ask(&self) -> Ask {
        Ask {
            duration: self.duration.as_ref().expect("a duration").parse().unwrap(),
            at: self.at.expect("a time"),
            has_ticket: self.has_ticket.expect("a ticket or none"),
            justification_characters: self.justification_characters.unwrap_or(u32::MAX),
            origin: (self.source_address.is_some() || self.mfa.is_some()).then(|| Origin {
                address: self.source_address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
                mfa: self.mfa.unwrap_or(false),
            }),
            people: None,
        }
    }
}

impl<A> From<Result<Authorized<A>, Denied>> for Decided {
    fn from(result: Result<Authorized<A>, Denied>) -> Self {
        match result {
            Ok(authorized) => Self {
                allowed: true,
                policies: authorized.authorization().policies.clone(),
                reasons: Vec::new(),
                errored: false,
            },
            Err(Denied { authorization, reasons, errored }) => {
                Self { allowed: false, policies: authorization.policies, reasons, errored }
            }
        }
    }
}

pub(crate) fn person(username: &str) -> Person {
    let people = stint_policy::sample::organisation();
    let sample = people.iter().find(|person| person.username == username).expect(username);
    sample.person(username.parse().unwrap())
}

/// The folder that the bundle was built from.
pub(crate) fn folder() -> PathBuf {
    env!("STINT_POLICIES_FOLDER").into()
}

/// The cases of `ALLOW` or `DENY`, by file name.
pub(crate) fn cases(verdict: &str) -> Vec<(String, Case)> {
    let mut cases: Vec<_> = fs::read_dir(folder().join("tests").join(verdict))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let case = serde_json::from_str(&fs::read_to_string(entry.path()).unwrap());
            (name.clone(), case.unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect();
    cases.sort_by(|(a, _), (b, _)| a.cmp(b));
    cases
}

pub(crate) fn cedar() -> String {
    let mut files: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cedar"));
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

pub(crate) fn policies() -> cedar_policy::PolicySet {
    cedar().parse().unwrap()
}

pub(crate) fn policy_ids() -> BTreeSet<String> {
    policies().policies().map(|policy| policy.annotation("id").unwrap().to_owned()).collect()
}
