//! A password on its way. It has no `Debug` and no `Serialize`, so that no log and no message can take it along.

#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// For the login itself, or the answer to its holder, and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
