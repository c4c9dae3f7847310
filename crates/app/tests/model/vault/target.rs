//! What lies in the vault and what the login takes: the facts, whatever any record says of them.

/// A version: the first one, or the one after each of the two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(pub(crate) usize);

/// Passwords are numbers, and no two of them are alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    passwords: [Option<u8>; 3],
    current: Name,
    previous: Option<Name>,
    pending: Option<Name>,
    accepted: u8,
    made: u8,
}

impl Default for Target {
    fn default() -> Self {
        let passwords = [Some(0), None, None];
        Self { passwords, current: Name(0), previous: None, pending: None, accepted: 0, made: 0 }
    }
}

impl Target {
    pub(crate) const fn accepted(&self) -> u8 {
        self.accepted
    }

    pub(crate) fn current(&self) -> u8 {
        self.passwords[self.current.0].unwrap()
    }

    pub(crate) const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether it has been the current one.
    pub(crate) fn knows(&self, version: Name) -> bool {
        self.current == version || self.previous == Some(version)
    }

    pub(crate) fn create(&mut self, version: Name) {
        if self.passwords[version.0].is_none() {
            self.made += 1;
            self.passwords[version.0] = Some(self.made);
            self.pending = Some(version);
        }
    }

    /// Neither finished, nor forgotten, nor not there yet.
    pub(crate) fn is_to_be_set(&self, version: Name) -> bool {
        self.pending == Some(version) && self.current != version
    }

    /// By an administrator, who asks the vault nothing.
    pub(crate) fn set(&mut self, version: Name) {
        self.accepted = self.passwords[version.0].unwrap();
    }

    pub(crate) fn test(&self, version: Name) -> bool {
        let works = self.passwords[version.0] == Some(self.accepted);
        works && (self.current == version || self.current() != self.accepted)
    }

    pub(crate) const fn staged_current(&self) -> Name {
        self.current
    }

    /// `false` if another one has become the current one since.
    pub(crate) fn promote(&mut self, version: Name, from: Name) -> bool {
        if self.current != version && self.current == from {
            self.previous = Some(self.current);
            self.current = version;
            self.pending = None;
        }
        self.current == version
    }
}
