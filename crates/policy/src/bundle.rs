//! The policies and the catalog that are built in, and the decisions they make.
//!
//! Guards: any error of any policy denies, so a `forbid` that breaks does not let through what it was to stop.
//! Policies are checked against the schema before a release. Here they are parsed when they are first asked, and only
//! those that can concern the question: parsing is the dearest part of a cold start, and many calls decide nothing.

use crate::actions;
use crate::approval::BadRule;
use crate::break_glass::BadBreakGlass;
use crate::catalog::{self, Catalog};
use crate::decision::{
    Approve, Ask, Authorized, AutoApprove, BreakGlass, Denied, ExportAudit, ForceClose, ReadAudit, Request,
    Requester, Review, Revoke,
};
use crate::question::{Question, Vocabulary};
use crate::split::{Piece, split};
use crate::version;
use cedar_policy::{AuthorizationError, Authorizer, Decision, ParseErrors, PolicyId, PolicySet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use stint_domain::BadInput;
use stint_domain::account::TargetAccount;
use stint_domain::audit::Authorization;
use stint_domain::entitlement::Entitlement;
use stint_domain::ids::{EntitlementId, GroupName, PrincipalId};
use stint_domain::principal::{Authentication, Person};

/// The bundle is not usable: a defect of the release, which nobody can work around at run time.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("the catalog cannot be read")]
    Catalog(#[source] serde_json::Error),
    #[error("entitlement `{id}` has a duration that is none")]
    Duration { id: EntitlementId, source: BadInput },
    #[error("entitlement `{id}` has an approval rule that cannot be")]
    Approval { id: EntitlementId, source: BadRule },
    #[error("entitlement `{id}` has a `break_glass` that cannot be")]
    BreakGlass { id: EntitlementId, source: BadBreakGlass },
    #[error("entitlement `{id}` is in two accounts")]
    Account { id: EntitlementId, source: BadInput },
    #[error("entitlement `{id}` is in the catalog twice")]
    DuplicateEntitlement { id: EntitlementId },
    #[error("the policies cannot be read")]
    Policies(#[source] Box<ParseErrors>),
    #[error("the policies were not built as they should")]
    Pieces(#[source] serde_json::Error),
    #[error("the policies have a template, which would decide nothing")]
    Template,
    #[error("policy `{policy}` lacks `@id` or `@reason`")]
    Unlabelled { policy: String },
    #[error("policy id `{id}` is used twice")]
    DuplicatePolicy { id: String },
}

/// What a policy says about itself.
struct Label {
    id: String,
    reason: String,
}

/// One version of the policies and the catalog.
pub struct PolicyBundle {
    version: String,
    catalog: Catalog,
    policies: Vec<(Label, Piece)>,
    /// In the order of [`actions::GROUPS`]. `None`: they cannot be parsed, which denies.
    parsed: [OnceLock<Option<Concerned>>; actions::GROUPS.len()],
    vocabulary: OnceLock<Option<Vocabulary>>,
}

/// The policies that can concern a group of actions, and which ones they are in the bundle.
struct Concerned {
    set: PolicySet,
    places: Vec<usize>,
}

impl PolicyBundle {
    /// The bundle that was built in.
    pub fn embedded() -> Result<Self, BundleError> {
        Self::built(include_str!(concat!(env!("OUT_DIR"), "/catalog.json")))
    }

    /// The policies that were built in over another catalog, and read in the same way, for measurements.
    #[cfg(feature = "sample")]
    pub fn over(catalog_json: &str) -> Result<Self, BundleError> {
        Self::built(catalog_json)
    }

    fn built(catalog_json: &str) -> Result<Self, BundleError> {
        let pieces = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/policies.json")));
        Self::new(
            include_str!(concat!(env!("OUT_DIR"), "/version.txt")).to_owned(),
            catalog_json,
            pieces.map_err(BundleError::Pieces)?,
        )
    }

    /// A bundle of these texts, for tests. The catalog's JSON has the form of `catalog.toml`.
    pub fn from_sources(catalog_json: &str, cedar: &str) -> Result<Self, BundleError> {
        let version = version::of([("catalog.json", catalog_json), ("policies.cedar", cedar)]);
        let bundle = Self::new(version, catalog_json, split(cedar, &actions::ALL))?;
        bundle.check()?;
        Ok(bundle)
    }

    fn new(version: String, catalog_json: &str, pieces: Vec<Piece>) -> Result<Self, BundleError> {
        Ok(Self {
            version,
            catalog: catalog::parse(catalog_json)?,
            policies: labelled(pieces)?,
            parsed: [const { OnceLock::new() }; actions::GROUPS.len()],
            vocabulary: OnceLock::new(),
        })
    }

    /// Parses every policy now: what a bundle must pass before it is released, and a running function does not repeat.
    ///
    /// # Errors
    /// [`BundleError::Policies`], [`BundleError::Template`].
    pub fn check(&self) -> Result<(), BundleError> {
        let whole: Vec<_> = (0..self.policies.len()).collect();
        let concerned = self.parse(whole).map_err(BundleError::Policies)?;
        if concerned.set.num_of_templates() > 0 { Err(BundleError::Template) } else { Ok(()) }
    }

    /// SHA-256 of the bundle, in lower-case hex.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    #[must_use]
    pub fn entitlement(&self, id: &EntitlementId) -> Option<&Entitlement> {
        self.catalog.get(id)
    }

    /// Every entitlement, by id.
    pub fn entitlements(&self) -> impl Iterator<Item = &Entitlement> {
        self.catalog.values()
    }

    /// Every account but Stint's own that something of the catalog is in, once.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<TargetAccount> {
        self.catalog.values().filter_map(|one| one.access.account().cloned()).collect()
    }

    /// May `person` ask for this?
    pub fn may_request(
        &self,
        person: &Person,
        entitlement: &Entitlement,
        ask: &Ask,
    ) -> Result<Authorized<Request>, Denied> {
        self.decide(actions::REQUEST, |words| {
            words.about_entitlement(person, actions::REQUEST, entitlement, ask, None)
        })
    }

    /// Does this request of `person` need nobody's decision? Whether it may be made at all is
    /// [`Self::may_request`]'s.
    pub fn auto_approves(
        &self,
        person: &Person,
        entitlement: &Entitlement,
        ask: &Ask,
    ) -> Result<Authorized<AutoApprove>, Denied> {
        self.decide(actions::AUTO_APPROVE, |words| {
            words.about_entitlement(person, actions::AUTO_APPROVE, entitlement, ask, None)
        })
    }

    /// May `person` have this at once, without asking anybody?
    pub fn may_break_glass(
        &self,
        person: &Person,
        entitlement: &Entitlement,
        ask: &Ask,
    ) -> Result<Authorized<BreakGlass>, Denied> {
        self.decide(actions::BREAK_GLASS, |words| {
            words.about_entitlement(person, actions::BREAK_GLASS, entitlement, ask, None)
        })
    }

    /// May `person`, with these as reviewers, say whether `requester`'s emergency was one? The catalog need not know the
    /// entitlement any more, nor whoever is to review it now.
    pub fn may_review(
        &self,
        person: &Person,
        requester: &PrincipalId,
        entitlement: &EntitlementId,
        reviewers: &BTreeSet<GroupName>,
    ) -> Result<Authorized<Review>, Denied> {
        self.decide(actions::REVIEW, |words| {
            words.about_review(person, entitlement, self.entitlement(entitlement), requester, reviewers)
        })
    }

    /// May `approver` decide about `requester`'s request, who has proved `by` this who they are?
    pub fn may_approve(
        &self,
        approver: &Person,
        requester: Requester<'_>,
        entitlement: &Entitlement,
        ask: &Ask,
        by: Authentication,
    ) -> Result<Authorized<Approve>, Denied> {
        self.decide(actions::APPROVE, |words| {
            words.about_entitlement(approver, actions::APPROVE, entitlement, ask, Some((requester, by)))
        })
    }

    /// May `person` take away what `requester` has of this? The catalog need not know it any more.
    pub fn may_revoke(
        &self,
        person: &Person,
        requester: &PrincipalId,
        entitlement: &EntitlementId,
    ) -> Result<Authorized<Revoke>, Denied> {
        self.decide(actions::REVOKE, |words| {
            words.about_grant(person, actions::REVOKE, entitlement, self.entitlement(entitlement), requester)
        })
    }

    /// May `person` answer for a removal that keeps failing?
    pub fn may_force_close(
        &self,
        person: &Person,
        requester: &PrincipalId,
        entitlement: &EntitlementId,
    ) -> Result<Authorized<ForceClose>, Denied> {
        self.decide(actions::FORCE_CLOSE, |words| {
            words.about_grant(
                person,
                actions::FORCE_CLOSE,
                entitlement,
                self.entitlement(entitlement),
                requester,
            )
        })
    }

    pub fn may_read_audit(&self, person: &Person) -> Result<Authorized<ReadAudit>, Denied> {
        self.decide(actions::READ_AUDIT, |words| words.about_audit(person, actions::READ_AUDIT))
    }

    pub fn may_export_audit(&self, person: &Person) -> Result<Authorized<ExportAudit>, Denied> {
        self.decide(actions::EXPORT_AUDIT, |words| words.about_audit(person, actions::EXPORT_AUDIT))
    }

    /// Why each policy says what it says, of those that decided.
    #[must_use]
    pub fn reasons(&self, decided: &Authorization) -> BTreeMap<String, String> {
        let labels = self.policies.iter().map(|(label, _)| label);
        let decisive = labels.filter(|label| decided.policies.contains(&label.id));
        decisive.map(|label| (label.id.clone(), label.reason.clone())).collect()
    }

    fn decide<A>(
        &self,
        action: &'static str,
        question: impl FnOnce(&Vocabulary) -> Option<Question>,
    ) -> Result<Authorized<A>, Denied> {
        let (Some(concerned), Some(question)) =
            (self.concerned(action), self.vocabulary().and_then(question))
        else {
            return Err(self.denied(&[], &[], true));
        };
        let response = Authorizer::new().is_authorized(&question.request, &concerned.set, &question.entities);
        let errors: Vec<_> = response.diagnostics().errors().map(erring).collect();
        let errors = self.labels(concerned, errors.into_iter());
        let decisive = self.labels(concerned, response.diagnostics().reason());
        match response.decision() {
            Decision::Allow if errors.is_empty() => Ok(Authorized::new(self.authorization(&decisive))),
            // What permitted it is no reason for denying it.
            Decision::Allow => Err(self.denied(&[], &errors, true)),
            Decision::Deny => Err(self.denied(&decisive, &errors, !errors.is_empty())),
        }
    }

    fn vocabulary(&self) -> Option<&Vocabulary> {
        self.vocabulary.get_or_init(|| Vocabulary::new().ok()).as_ref()
    }

    fn concerned(&self, action: &str) -> Option<&Concerned> {
        let group = actions::GROUPS.iter().position(|group| group.contains(&action))?;
        self.parsed.get(group)?.get_or_init(|| self.parse(self.places(group)).ok()).as_ref()
    }

    /// Which policies can concern an action of the group.
    fn places(&self, group: usize) -> Vec<usize> {
        let names = actions::GROUPS.get(group).copied().unwrap_or_default();
        let concerns = |piece: &Piece| {
            piece.actions.as_ref().is_none_or(|own| names.iter().any(|name| own.contains(*name)))
        };
        (0..).zip(&self.policies).filter(|(_, (_, piece))| concerns(piece)).map(|(at, _)| at).collect()
    }

    fn parse(&self, places: Vec<usize>) -> Result<Concerned, Box<ParseErrors>> {
        let texts: String = places
            .iter()
            .filter_map(|at| self.policies.get(*at))
            .map(|(_, piece)| piece.text.as_str())
            .collect();
        Ok(Concerned { set: texts.parse()?, places })
    }

    fn denied(&self, forbids: &[&Label], errors: &[&Label], errored: bool) -> Denied {
        let mut reasons: Vec<_> = forbids.iter().map(|label| label.reason.clone()).collect();
        reasons.sort();
        Denied { authorization: self.authorization(&[forbids, errors].concat()), reasons, errored }
    }

    fn authorization(&self, labels: &[&Label]) -> Authorization {
        let policies: BTreeSet<_> = labels.iter().map(|label| label.id.clone()).collect();
        Authorization { policy_version: self.version.clone(), policies, weighed: None }
    }

    /// Cedar calls the policies of a text `policy0`, `policy1`, and so on.
    fn labels<'a>(
        &'a self,
        concerned: &Concerned,
        ids: impl Iterator<Item = &'a PolicyId>,
    ) -> Vec<&'a Label> {
        let place = |id: &PolicyId| -> Option<usize> {
            let name: &str = id.as_ref();
            name.strip_prefix("policy")?.parse().ok()
        };
        let labels = ids.filter_map(|id| self.policies.get(*concerned.places.get(place(id)?)?));
        labels.map(|(label, _)| label).collect()
    }
}

fn erring(error: &AuthorizationError) -> &PolicyId {
    match error {
        AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
    }
}

/// Every policy has a name of its own and says why.
fn labelled(pieces: Vec<Piece>) -> Result<Vec<(Label, Piece)>, BundleError> {
    let (mut labelled, mut ids) = (Vec::new(), BTreeSet::new());
    for piece in pieces {
        let (Some(id), Some(reason)) = (piece.id.clone(), piece.reason.clone()) else {
            return Err(BundleError::Unlabelled { policy: piece.text });
        };
        if !ids.insert(id.clone()) {
            return Err(BundleError::DuplicatePolicy { id });
        }
        labelled.push((Label { id, reason }, piece));
    }
    Ok(labelled)
}
