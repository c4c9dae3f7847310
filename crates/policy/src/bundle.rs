//! The policies and the catalog that are built in, and the decisions they make.
//!
//! Guards: any error of any policy denies, so a `forbid` that breaks does not let through what it was to stop.
//! Policies are checked against the schema before a release; here they are only parsed, which keeps a cold start short.

use crate::catalog::{self, Catalog};
use crate::decision::{Approve, Ask, Authorized, AutoApprove, Denied, ExportAudit, ReadAudit, Request};
use crate::question::{Question, Vocabulary};
use crate::version;
use cedar_policy::{AuthorizationError, Authorizer, Decision, ParseErrors, PolicyId, PolicySet};
use std::collections::HashMap;
use stint_domain::BadInput;
use stint_domain::audit::Authorization;
use stint_domain::entitlement::Entitlement;
use stint_domain::ids::{EntitlementId, PrincipalId};
use stint_domain::principal::Person;

/// The bundle is not usable: a defect of the release, which nobody can work around at run time.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("the catalog cannot be read")]
    Catalog(#[source] serde_json::Error),
    #[error("entitlement `{id}` has a duration that is none")]
    Duration { id: EntitlementId, source: BadInput },
    #[error("entitlement `{id}` is in the catalog twice")]
    DuplicateEntitlement { id: EntitlementId },
    #[error("the policies cannot be read")]
    Policies(#[source] Box<ParseErrors>),
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
    policies: PolicySet,
    labels: HashMap<PolicyId, Label>,
    vocabulary: Vocabulary,
}

impl PolicyBundle {
    /// The bundle that was built in.
    pub fn embedded() -> Result<Self, BundleError> {
        Self::new(
            include_str!(concat!(env!("OUT_DIR"), "/version.txt")).to_owned(),
            include_str!(concat!(env!("OUT_DIR"), "/catalog.json")),
            include_str!(concat!(env!("OUT_DIR"), "/policies.cedar")),
        )
    }

    /// A bundle of these texts, for tests. The catalog's JSON has the form of `catalog.toml`.
    pub fn from_sources(catalog_json: &str, cedar: &str) -> Result<Self, BundleError> {
        let version = version::of([("catalog.json", catalog_json), ("policies.cedar", cedar)]);
        Self::new(version, catalog_json, cedar)
    }

    fn new(version: String, catalog_json: &str, cedar: &str) -> Result<Self, BundleError> {
        let policies: PolicySet = cedar.parse().map_err(|errors| BundleError::Policies(Box::new(errors)))?;
        Ok(Self {
            version,
            catalog: catalog::parse(catalog_json)?,
            labels: labels(&policies)?,
            policies,
            vocabulary: Vocabulary::new().map_err(BundleError::Policies)?,
        })
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

    /// May `person` ask for this?
    pub fn may_request(
        &self,
        person: &Person,
        entitlement: &Entitlement,
        ask: &Ask,
    ) -> Result<Authorized<Request>, Denied> {
        self.decide(self.vocabulary.about_entitlement(person, "request", entitlement, ask, None))
    }

    /// Does this request of `person` need nobody's decision? Whether it may be made at all is
    /// [`Self::may_request`]'s.
    pub fn auto_approves(
        &self,
        person: &Person,
        entitlement: &Entitlement,
        ask: &Ask,
    ) -> Result<Authorized<AutoApprove>, Denied> {
        self.decide(self.vocabulary.about_entitlement(person, "auto-approve", entitlement, ask, None))
    }

    /// May `approver` decide about `requester`'s request?
    pub fn may_approve(
        &self,
        approver: &Person,
        requester: &PrincipalId,
        entitlement: &Entitlement,
        ask: &Ask,
    ) -> Result<Authorized<Approve>, Denied> {
        self.decide(self.vocabulary.about_entitlement(approver, "approve", entitlement, ask, Some(requester)))
    }

    pub fn may_read_audit(&self, person: &Person) -> Result<Authorized<ReadAudit>, Denied> {
        self.decide(self.vocabulary.about_audit(person, "read-audit"))
    }

    pub fn may_export_audit(&self, person: &Person) -> Result<Authorized<ExportAudit>, Denied> {
        self.decide(self.vocabulary.about_audit(person, "export-audit"))
    }

    fn decide<A>(&self, question: Option<Question>) -> Result<Authorized<A>, Denied> {
        let Some(Question { request, entities }) = question else {
            return Err(self.denied(Vec::new(), Vec::new(), true));
        };
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        let errors: Vec<_> = response.diagnostics().errors().map(erring).collect();
        let decisive: Vec<_> = response.diagnostics().reason().collect();
        match response.decision() {
            Decision::Allow if errors.is_empty() => Ok(Authorized::new(self.authorization(&decisive))),
            // What permitted it is no reason for denying it.
            Decision::Allow => Err(self.denied(Vec::new(), errors, true)),
            Decision::Deny => {
                let errored = !errors.is_empty();
                Err(self.denied(decisive, errors, errored))
            }
        }
    }

    fn denied(&self, forbids: Vec<&PolicyId>, errors: Vec<&PolicyId>, errored: bool) -> Denied {
        let mut reasons: Vec<_> = self.labels(&forbids).map(|label| label.reason.clone()).collect();
        reasons.sort();
        Denied { authorization: self.authorization(&[forbids, errors].concat()), reasons, errored }
    }

    fn authorization(&self, policies: &[&PolicyId]) -> Authorization {
        let policies = self.labels(policies).map(|label| label.id.clone()).collect();
        Authorization { policy_version: self.version.clone(), policies }
    }

    fn labels<'a>(&'a self, policies: &'a [&PolicyId]) -> impl Iterator<Item = &'a Label> {
        policies.iter().filter_map(|id| self.labels.get(*id))
    }
}

fn erring(error: &AuthorizationError) -> &PolicyId {
    match error {
        AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
    }
}

fn labels(policies: &PolicySet) -> Result<HashMap<PolicyId, Label>, BundleError> {
    if policies.num_of_templates() > 0 {
        return Err(BundleError::Template);
    }
    let mut labels = HashMap::new();
    for policy in policies.policies() {
        let annotation = |key| policy.annotations().find(|(k, _)| *k == key).map(|(_, text)| text.to_owned());
        let (Some(id), Some(reason)) = (annotation("id"), annotation("reason")) else {
            return Err(BundleError::Unlabelled { policy: policy.id().to_string() });
        };
        if labels.values().any(|label: &Label| label.id == id) {
            return Err(BundleError::DuplicatePolicy { id });
        }
        labels.insert(policy.id().clone(), Label { id, reason });
    }
    Ok(labels)
}
