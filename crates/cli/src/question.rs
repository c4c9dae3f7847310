//! One question to a bundle, and its answer, whatever the action.

use std::collections::BTreeSet;
use stint_domain::approval::Standing;
use stint_domain::entitlement::Entitlement;
use stint_domain::ids::{EntitlementId, PrincipalId};
use stint_domain::principal::{Authentication, Person};
use stint_policy::sample::SamplePerson;
use stint_policy::{Ask, Authorized, Denied, PolicyBundle, Requester};

/// Everything that any of the actions asks for.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) who: Person,
    pub(crate) action: String,
    pub(crate) entitlement: Option<EntitlementId>,
    pub(crate) ask: Option<Ask>,
    pub(crate) requester: Option<Whose>,
    /// Whether whoever decides has signed in, and not only the link of a mail.
    pub(crate) signed_in: bool,
}

/// Whose request or grant it is.
#[derive(Debug, Clone)]
pub(crate) struct Whose {
    pub(crate) id: PrincipalId,
    pub(crate) manager: Option<PrincipalId>,
}

impl Whose {
    /// In which place `who` would decide about it.
    pub(crate) fn standing_of(&self, who: &Person) -> Standing {
        let manages_the_requester = self.manager.as_ref() == Some(&who.id);
        Standing { groups: who.groups.clone(), manages_the_requester }
    }
}

impl From<Person> for Whose {
    fn from(person: Person) -> Self {
        Self { id: person.id, manager: person.manager }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) allowed: bool,
    /// That permitted it if it is allowed, that forbade it or failed if not.
    pub(crate) policies: BTreeSet<String>,
    pub(crate) errored: bool,
}

impl Question {
    /// # Errors
    /// What the question lacks.
    pub(crate) fn put_to(&self, bundle: &PolicyBundle) -> Result<Decided, String> {
        let who = &self.who;
        let id = || self.entitlement.as_ref().ok_or("`entitlement` is missing");
        let entitlement = || bundle.entitlement(id()?).ok_or("there is no such entitlement");
        let ask = || self.ask.as_ref().ok_or("`duration`, `at` or `has_ticket` is missing in `context`");
        let requester = || self.requester.as_ref().ok_or("`requester` is missing in `context`");
        Ok(match self.action.as_str() {
            "request" => bundle.may_request(who, entitlement()?, ask()?).into(),
            "auto-approve" => bundle.auto_approves(who, entitlement()?, ask()?).into(),
            "approve" => {
                let Whose { id, manager } = requester()?;
                let entitlement = entitlement()?;
                let manager = manager.as_ref().filter(|_| entitlement.approval.asks_the_manager());
                let by = if self.signed_in { Authentication::Token } else { Authentication::MailLink };
                bundle.may_approve(who, Requester { id, manager }, entitlement, ask()?, by).into()
            }
            "break-glass" => bundle.may_break_glass(who, entitlement()?, ask()?).into(),
            "review" => {
                let reviewers = bundle.entitlement(id()?).map(Entitlement::reviewers).unwrap_or_default();
                bundle.may_review(who, &requester()?.id, id()?, &reviewers).into()
            }
            "revoke" => bundle.may_revoke(who, &requester()?.id, id()?).into(),
            "force-close" => bundle.may_force_close(who, &requester()?.id, id()?).into(),
            "read-audit" => bundle.may_read_audit(who).into(),
            "export-audit" => bundle.may_export_audit(who).into(),
            other => return Err(format!("there is no action `{other}`")),
        })
    }
}

impl<A> From<Result<Authorized<A>, Denied>> for Decided {
    fn from(result: Result<Authorized<A>, Denied>) -> Self {
        match result {
            Ok(proof) => {
                Self { allowed: true, policies: proof.authorization().policies.clone(), errored: false }
            }
            Err(denied) => {
                Self { allowed: false, policies: denied.authorization.policies, errored: denied.errored }
            }
        }
    }
}

/// Somebody of the organisation, with the user name as identity.
pub(crate) fn person(people: &[SamplePerson], username: &str) -> Result<Person, String> {
    let known = people.iter().find(|one| one.username == username);
    let known = known.ok_or_else(|| format!("there is nobody called `{username}` in the organisation"))?;
    Ok(known.person(username.parse().map_err(|bad| format!("`{username}`: {bad}"))?))
}
