//! What a decision is about, and what it comes to.

use jiff::Timestamp;
use std::marker::PhantomData;
use stint_domain::audit::Authorization;
use stint_domain::duration::AccessDuration;
use stint_domain::ids::PrincipalId;
use stint_domain::principal::Origin;
use stint_domain::scope::Scope;

/// The circumstances that policy may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    pub duration: AccessDuration,
    /// The moment of the decision, not of the access.
    pub at: Timestamp,
    pub has_ticket: bool,
    pub justification_characters: u32,
    /// Of whoever asks or decides. `None`: nobody has yet, and what matters is whether they could: from the right place, at
    /// their hours, with a second factor.
    pub origin: Option<Origin>,
    /// How many people at least the request's own rule takes. `None`: there is no request yet, and the catalog's holds.
    pub people: Option<usize>,
}

impl Ask {
    /// What was asked, once more at another moment. Whoever asked has acted, even if nobody kept from where.
    #[must_use]
    pub fn again(scope: &Scope, at: Timestamp) -> Self {
        Self::about(scope, at, Some(scope.origin.unwrap_or(Origin::UNKNOWN)))
    }

    /// As [`Self::again`], asked of somebody else, who comes from `origin`.
    #[must_use]
    pub fn about(scope: &Scope, at: Timestamp, origin: Option<Origin>) -> Self {
        Self {
            duration: scope.duration,
            at,
            has_ticket: scope.ticket.is_some(),
            justification_characters: scope.justification.characters(),
            origin,
            people: Some(scope.rule.people()),
        }
    }
}

/// Whose request somebody decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requester<'a> {
    pub id: &'a PrincipalId,
    /// Left out where no rule asks for it.
    pub manager: Option<&'a PrincipalId>,
}

/// Asking for access.
#[derive(Debug)]
pub enum Request {}

/// Access without anybody's decision.
#[derive(Debug)]
pub enum AutoApprove {}

/// Access without asking anybody, in an emergency.
#[derive(Debug)]
pub enum BreakGlass {}

/// Deciding about somebody's request.
#[derive(Debug)]
pub enum Approve {}

/// Saying whether somebody's emergency was one.
#[derive(Debug)]
pub enum Review {}

/// Ending somebody's access early.
#[derive(Debug)]
pub enum Revoke {}

/// Closing a removal that keeps failing, without proof.
#[derive(Debug)]
pub enum ForceClose {}

#[derive(Debug)]
pub enum ReadAudit {}

#[derive(Debug)]
pub enum ExportAudit {}

/// Proof that policy allowed `A`. Only this crate makes one.
#[derive(Debug)]
#[must_use]
pub struct Authorized<A> {
    authorization: Authorization,
    action: PhantomData<fn() -> A>,
}

impl<A> Authorized<A> {
    pub(crate) const fn new(authorization: Authorization) -> Self {
        Self { authorization, action: PhantomData }
    }

    /// The bundle's version and the policies that permitted it, for the audit.
    #[must_use]
    pub const fn authorization(&self) -> &Authorization {
        &self.authorization
    }
}

/// Policy did not allow it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy does not allow this")]
pub struct Denied {
    /// The bundle's version and the policies that forbade it or errored; none if nothing permitted it.
    pub authorization: Authorization,
    /// Why it is forbidden, for people; empty if nothing permitted it.
    pub reasons: Vec<String>,
    /// Whether a policy could not be evaluated: a defect of the bundle, which somebody has to be told of.
    pub errored: bool,
}
