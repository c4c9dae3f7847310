//! Who is calling, as established at the edge and never taken from a body.

use jiff::Timestamp;
use stint_domain::audit::{Actor, Authorization};
use stint_domain::ids::PrincipalId;
use stint_domain::principal::Authentication;
use stint_domain::record::Circumstances;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub principal: PrincipalId,
    pub authentication: Authentication,
    pub source_address: Option<String>,
    /// The invocation of the function that was called.
    pub invocation: Option<String>,
}

impl Caller {
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
