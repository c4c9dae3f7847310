//! The version of a policy bundle. The build script includes this file, so it must know nothing of the crate.

use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hex over name, zero byte, length (8 bytes, big-endian) and text of each file, in the order
/// given. The lengths keep text from moving between files unnoticed.
pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        hash.update(name);
        hash.update([0]);
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn every_name_every_text_and_every_boundary_counts() {
        let original = of([("a", "one"), ("b", "two")]);
        assert_eq!(original, of([("a", "one"), ("b", "two")]));
        for other in [
            of([("a", "one"), ("b", "twO")]),
            of([("a", "one"), ("c", "two")]),
            of([("a", "onet"), ("b", "wo")]),
            of([("a", "one")]),
            of([("a", "one"), ("b", "two"), ("c", "")]),
        ] {
            assert_ne!(original, other);
        }
    }

    /// Fixed, so that the version of a given folder stays what old decisions say.
    #[test]
    fn the_framing_is_that_of_the_first_release() {
        assert_eq!(of([("a", "b")]), "ab3dd935e62c212e7c5af37eaf5393cd2f9e6b22a368c039c773d41f633af49d");
    }
}
