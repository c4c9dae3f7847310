//! A workload of another token issuer: a pipeline's job, a pod.
//!
//! Guards: what its token says it is goes no further than here. It stands for the service that `workloads.toml` names for
//! exactly this issuer and subject, or it is nobody; so no text that another issuer signs can become somebody's id.

use super::{GatewayIdentity, IdentityError, Rejection, TokenVerifier, bearer};
use http::HeaderMap;
use jiff::Timestamp;
use stint_app::ports::KeySource;
use stint_domain::ids::PrincipalId;
use stint_policy::Workloads;

/// Verifies tokens of the workloads' issuer, and of no other.
pub struct WorkloadVerifier<K> {
    tokens: TokenVerifier<K>,
    services: Workloads,
}

impl<K: KeySource> WorkloadVerifier<K> {
    pub fn new(source: K, issuer: String, audience: String, services: Workloads) -> Self {
        Self { tokens: TokenVerifier::new(source, issuer, vec![audience]), services }
    }

    /// The id of the service that the caller stands for. Whether there is such a service only the directory knows.
    pub async fn verify(
        &self,
        headers: &HeaderMap,
        gateway: &GatewayIdentity,
        now: Timestamp,
    ) -> Result<PrincipalId, IdentityError> {
        let token = bearer(headers).ok_or(IdentityError::NoToken)?;
        let claims = self.tokens.claims(token, now).await?;
        let expected = &self.tokens.expected;
        let subject = claims.check_workload(expected, now)?;
        // INVARIANT: what the gateway let in and what is acted on is the same workload.
        if !gateway.agrees_with(&subject) {
            return Err(Rejection::NotTheGateways.into());
        }
        let service = self.services.service(&expected.issuer, &subject);
        Ok(service.cloned().ok_or(Rejection::UnknownWorkload)?)
    }
}
