//! Where in a file something is, and what there is to say about it.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Error,
    Warning,
}

/// Something that the author of the policies should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) weight: Weight,
    pub(crate) file: String,
    /// Line and column, each from 1; columns count characters.
    pub(crate) at: (usize, usize),
    pub(crate) what: String,
}

impl Finding {
    /// `offset` in bytes of `text`; past its end is its end.
    pub(crate) fn error(file: &str, text: &str, offset: usize, what: impl Into<String>) -> Self {
        let at = line_and_column(text, offset);
        Self { weight: Weight::Error, file: file.to_owned(), at, what: what.into() }
    }

    pub(crate) fn warning(file: &str, text: &str, offset: usize, what: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, ..Self::error(file, text, offset, what) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
        };
        write!(f, "{}:{}:{}: {weight}: {}", self.file, self.at.0, self.at.1, self.what)
    }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let text = "ab\ncé d\n";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, 3), (2, 1));
        assert_eq!(line_and_column(text, text.find('d').unwrap()), (2, 4));
        assert_eq!(line_and_column(text, 999), (3, 1));
    }
}
