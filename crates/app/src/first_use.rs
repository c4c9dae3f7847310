//! Policies of a version have decided something: the first time stands in the audit by itself.
//!
//! Guards: this stops nothing. It comes after what was decided is on record, and whoever decides next makes up for it if it
//! fails. What takes access away does not come here at all. Nobody reads before: the first one to write is the first.

use crate::ports::Ledger;
use stint_domain::record::{Circumstances, first_use};

/// Notes it if the decision under these circumstances was the version's first.
pub(crate) async fn note_first_use(ledger: &impl Ledger, circumstances: &Circumstances) {
    let Some(event) = first_use(circumstances) else { return };
    if let Err(error) = ledger.open(&event).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a policy version's first use was not noted"
        );
    }
}
