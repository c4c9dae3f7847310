//! JSON Lines: `{"event":…,"hash":"…"}`, the event's canonical text untouched.

use super::ExportError;
use std::io::Write;
use stint_app::ports::StoredEvent;

pub struct JsonLines<W> {
    out: W,
    written: u64,
}

impl<W: Write> JsonLines<W> {
    pub const fn new(out: W) -> Self {
        Self { out, written: 0 }
    }

    /// # Errors
    /// [`ExportError::Corrupt`] for what would not be one line of JSON; nothing of it is written.
    pub fn write(&mut self, event: &StoredEvent) -> Result<(), ExportError> {
        let plain_hash = event.hash.bytes().all(|b| b.is_ascii_hexdigit());
        if !plain_hash || event.canonical.contains(['\n', '\r']) {
            return Err(ExportError::Corrupt(self.written + 1, None));
        }
        writeln!(self.out, r#"{{"event":{},"hash":"{}"}}"#, event.canonical, event.hash)?;
        self.written += 1;
        Ok(())
    }

    /// Returns what was written to, flushed.
    pub fn finish(mut self) -> Result<W, ExportError> {
        self.out.flush()?;
        Ok(self.out)
    }
}
