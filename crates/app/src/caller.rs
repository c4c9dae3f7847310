//! Who is calling, as established at the edge and never taken from a body.

use jiff::Timestamp;
use stint_domain::audit::{Actor, Authorization};
use stint_domain::ids::PrincipalId;
use stint_domain::principal::{Authentication, Origin};
use stint_domain::record::Circumstances;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub principal: PrincipalId,
    pub authentication: Authentication,
    pub source_address: Option<String>,
    /// Whether the token says that they have proved who they are by a second factor.
    pub mfa: bool,
    /// The invocation of the function that was called.
    pub invocation: Option<String>,
}

impl Caller {
    /// For policies. An address that the gateway does not say is none that a policy could mean.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let address = self.source_address.as_deref().and_then(|address| address.parse().ok());
        Origin { address: address.unwrap_or(Origin::UNKNOWN.address), mfa: self.mfa }
    }

    #[must_use]
    pub fn circumstances(&self, at: Timestamp, authorization: Option<Authorization>) -> Circumstances {
        let actor = Actor::Person { id: self.principal.clone(), authentication: self.authentication };
        Circumstances {
            at,
            actor,
            authorization,
            source_address: self.source_address.clone(),
            invocation: self.invocation.clone(),
        }
    }
}
