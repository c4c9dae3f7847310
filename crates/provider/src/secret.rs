//! What must not be printed.

/// It has no `Debug` and no `Serialize`, so it gets into no log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// For the answer to Stint, or the target that has to know it, and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
