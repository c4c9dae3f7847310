//! Takes Cedar texts apart into single policies, with what each says about itself and the actions it can concern.
//!
//! Guards: a piece is left out of a question only if its scope names the actions it is about and the question's is not
//! among them; in doubt it concerns every action, which costs time and changes no decision. Whether a text is Cedar at
//! all is Cedar's to say. The build script includes this file, so it must know nothing of the crate.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One policy: its text without annotations and comments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) id: Option<String>,
    pub(crate) reason: Option<String>,
    /// `None`: any action.
    pub(crate) actions: Option<BTreeSet<String>>,
    pub(crate) text: String,
}

/// The policies of `cedar`, in order. `actions` are the names of all actions there are.
pub(crate) fn split(cedar: &str, actions: &[&str]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut tokens = Vec::new();
    for token in tokens_of(cedar) {
        let ends = token == ";";
        tokens.push(token);
        if ends {
            pieces.push(piece(&std::mem::take(&mut tokens), actions));
        }
    }
    // What follows the last policy is no policy; Cedar says what is wrong with it.
    if !tokens.is_empty() {
        pieces.push(piece(&tokens, actions));
    }
    pieces
}

/// Words, string literals and single marks; comments and white space are left out.
fn tokens_of(text: &str) -> Vec<&str> {
    let (mut rest, mut tokens) = (text.trim_start(), Vec::new());
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find(['\n', '\r']).and_then(|end| rest.get(end..)).unwrap_or_default().trim_start();
            continue;
        }
        let length = match first {
            '"' => string_length(rest),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Of the literal that `text` begins with, both quotes included; the whole text if it is never closed.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn piece(tokens: &[&str], actions: &[&str]) -> Piece {
    let mut piece = Piece { id: None, reason: None, actions: None, text: String::new() };
    let mut rest = tokens;
    while let ["@", name, "(", literal, ")", after @ ..] = rest {
        match *name {
            "id" => piece.id = plain(literal),
            "reason" => piece.reason = plain(literal),
            _ => {}
        }
        rest = after;
    }
    piece.actions = concerned(rest, actions);
    piece.text = joined(rest);
    piece
}

/// What a literal says, unless it has escapes, which a name or a reason has no use for.
fn plain(literal: &str) -> Option<String> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then(|| inner.to_owned())
}

/// The actions that the scope names: `action == A::"x"` or `action in [A::"x", …]`, and nothing else.
fn concerned(tokens: &[&str], actions: &[&str]) -> Option<BTreeSet<String>> {
    let scope = tokens.split(|token| *token == ")").next()?;
    let start = scope.windows(2).position(|pair| matches!(pair, [",", "action"]))?;
    let condition = scope.get(start + 2..)?;
    let end = condition.windows(2).position(|pair| matches!(pair, [",", "resource"]))?;
    let named: BTreeSet<_> = condition.get(..end)?.iter().filter_map(|token| plain(token)).collect();
    let known = !named.is_empty() && named.iter().all(|name| actions.contains(&name.as_str()));
    known.then_some(named)
}

/// Two words need a space between them, and everything else does without.
fn joined(tokens: &[&str]) -> String {
    let mut text = String::new();
    for token in tokens {
        if text.ends_with(is_word) && token.starts_with(is_word) {
            text.push(' ');
        }
        text.push_str(token);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: [&str; 2] = ["ask", "answer"];

    fn one(cedar: &str) -> Piece {
        let pieces = split(cedar, &ACTIONS);
        assert_eq!(pieces.len(), 1, "{pieces:?}");
        pieces.into_iter().next().unwrap()
    }

    fn actions(condition: &str) -> Option<Vec<String>> {
        let piece = one(&format!("permit (principal, {condition}, resource);"));
        piece.actions.map(|names| names.into_iter().collect())
    }

    #[test]
    fn a_policy_is_left_with_its_text_alone() {
        let piece = one(
            "// a note; with @marks\n@id(\"a\")\n@reason(\"it is so\") @other(\"x\")\npermit (principal, action,\n  resource) // why\nwhen { principal has name && 1 < 2 };",
        );
        assert_eq!((piece.id.as_deref(), piece.reason.as_deref()), (Some("a"), Some("it is so")));
        assert_eq!(piece.text, "permit(principal,action,resource)when{principal has name&&1<2};");
    }

    #[test]
    fn what_looks_like_the_end_inside_a_text_is_not_the_end() {
        let piece = one(r#"permit (principal, action, resource) when { context.x == "a;\"// b" };"#);
        assert!(piece.text.contains(r#""a;\"// b""#), "{}", piece.text);
        assert_eq!(split("permit (principal, action, resource); forbid", &ACTIONS).len(), 2);
    }

    #[test]
    fn only_a_scope_that_names_known_actions_narrows_a_policy_to_them() {
        assert_eq!(actions(r#"action == N::Action::"ask""#), Some(vec!["ask".to_owned()]));
        let both = Some(vec!["answer".to_owned(), "ask".to_owned()]);
        assert_eq!(actions(r#"action in [N::Action::"ask", N::Action::"answer"]"#), both);
        let longer = r#"permit (principal in N::Group::"a", action in [N::Action::"ask", N::Action::"answer"], resource);"#;
        assert_eq!(one(longer).actions.map(|names| names.into_iter().collect()), both);
        assert_eq!(actions("action"), None);
        assert_eq!(actions(r#"action in N::Action::"a-group""#), None, "a group may hold any action");
        assert_eq!(actions(r#"action in [N::Action::"ask", N::Action::"a-group"]"#), None);
    }
}
