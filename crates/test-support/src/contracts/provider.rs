//! A provider: safe to repeat, honest about what is there, and blind to what is not its own.

use super::{after, fresh_id};
use jiff::Timestamp;
use stint_app::ports::{Artefact, Provider, ProviderError, Sighting};
use stint_domain::access::Access;
use stint_domain::grant::Evidence;
use stint_domain::window::Window;

/// Every kind of access keeps these; `access` is one that the provider may give.
#[expect(clippy::expect_used, clippy::panic, reason = "a suite stops at the first broken promise")]
pub async fn a_provider_gives_takes_and_tells_the_truth(
    provider: &impl Provider,
    access: &Access,
    now: Timestamp,
) {
    let artefact = || artefact(access, now);
    let (one, two) = (artefact(), artefact());

    provider.activate(&one).await.expect("activate");
    provider.activate(&one).await.expect("activating twice is activating once");
    let window = Window::between(one.window.starts_at(), after(one.window.ends_at(), 1800)).expect("an hour");
    let one = Artefact { window, ..one };
    provider.activate(&one).await.expect("and again with a later end");
    provider.activate(&two).await.expect("a second grant to the same principal");
    assert!(!is_over(provider, &one, now).await, "what is there is not called over");

    // Early: what is in use is cut.
    provider.deactivate(&one, now).await.expect("deactivate");
    provider.deactivate(&one, now).await.expect("taking what is not there succeeds");
    let seen = provider.verify_removed(&one, now).await.expect("verify");
    let Sighting::Over(evidence) = seen else { panic!("what is taken is over") };
    let receipt = match &evidence {
        Evidence::Gone(receipt) => receipt,
        Evidence::Blocked { receipt, until } => {
            assert_eq!(*until, one.window.ends_at(), "no longer than the window would have been");
            receipt
        }
    };
    assert!(
        receipt.at == now && !receipt.looked_at.is_empty(),
        "a receipt says what was looked at, and when"
    );
    assert!(!is_over(provider, &two, now).await, "the other grant is left alone");

    // At the end of the window: nothing at all is left.
    let end = one.window.ends_at().max(two.window.ends_at());
    for made in [&one, &two] {
        provider.deactivate(made, end).await.expect("deactivate at the end");
        provider.deactivate(made, end).await.expect("and again");
        let seen = provider.verify_removed(made, end).await.expect("verify");
        assert!(matches!(seen, Sighting::Over(Evidence::Gone(_))), "nothing is left: {seen:?}");
    }
}

/// `stranger` is what the provider may not give: somebody who is not enrolled, a role that does not trust it.
#[expect(clippy::expect_used, reason = "a suite stops at the first broken promise")]
pub async fn a_provider_refuses_a_stranger_for_good(
    provider: &impl Provider,
    stranger: &Access,
    now: Timestamp,
) {
    let artefact = artefact(stranger, now);
    let refused = provider.activate(&artefact).await;
    assert!(
        matches!(refused, Err(ProviderError::Refused { .. })),
        "a stranger is refused, not retried for ever"
    );
    let end = artefact.window.ends_at();
    provider.deactivate(&artefact, end).await.expect("and taking from a stranger succeeds");
}

async fn is_over(provider: &impl Provider, artefact: &Artefact, now: Timestamp) -> bool {
    matches!(provider.verify_removed(artefact, now).await, Ok(Sighting::Over(_)))
}

#[expect(clippy::expect_used, reason = "a suite that cannot set itself up should stop")]
fn artefact(access: &Access, now: Timestamp) -> Artefact {
    let starts_at = stint_domain::window::whole_second(now);
    let window = Window::between(starts_at, after(starts_at, 1800)).expect("half an hour");
    Artefact { grant_id: fresh_id(now).grant_id(), access: access.clone(), window }
}
