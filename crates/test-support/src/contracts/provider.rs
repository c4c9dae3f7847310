//! A provider: safe to repeat, honest about what is there, and blind to what is not its own.

use super::{fresh_id, parsed, request};
use jiff::Timestamp;
use stint_app::ports::{Activation, Artefact, Provider, ProviderError, Sighting};
use stint_domain::entitlement::AccessKind;
use stint_domain::ids::IamUserName;
use stint_domain::window::Window;

/// `enrolled` is a user the provider may elevate; `stranger` is one it may not, or that does not exist.
#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn a_provider_gives_takes_and_tells_the_truth(
    provider: &impl Provider,
    enrolled: &str,
    stranger: &str,
    now: Timestamp,
) {
    let activation = |user: &str| {
        let id = fresh_id(now);
        let AccessKind::IamUserElevation { permissions } = request(id, now).scope.access;
        let user: IamUserName = parsed(user);
        let window = Window::opening(now, parsed("30m")).expect("half an hour");
        Activation { grant_id: id.grant_id(), user, permissions, window }
    };
    let artefact = |made: &Activation| Artefact { grant_id: made.grant_id, user: made.user.clone() };
    let (one, two) = (activation(enrolled), activation(enrolled));

    provider.activate(&one).await.expect("activate");
    provider.activate(&one).await.expect("activating twice is activating once");
    provider.activate(&two).await.expect("a second grant of the same user");
    let seen = provider.verify_removed(&artefact(&one), now).await.expect("verify");
    assert!(matches!(seen, Sighting::StillThere { .. }), "what is there is not called gone");

    provider.deactivate(&artefact(&one)).await.expect("deactivate");
    provider.deactivate(&artefact(&one)).await.expect("taking what is not there succeeds");
    let seen = provider.verify_removed(&artefact(&one), now).await.expect("verify");
    assert!(matches!(&seen, Sighting::Gone(receipt) if receipt.at == now), "what is gone has a receipt");
    let other = provider.verify_removed(&artefact(&two), now).await.expect("verify");
    assert!(matches!(other, Sighting::StillThere { .. }), "the other grant is left alone");
    provider.deactivate(&artefact(&two)).await.expect("deactivate");

    let refused = provider.activate(&activation(stranger)).await;
    assert!(
        matches!(refused, Err(ProviderError::Refused { .. })),
        "a stranger is refused, not retried for ever"
    );
    provider.deactivate(&artefact(&activation(stranger))).await.expect("and taking from a stranger succeeds");
}
