//! `docs/errors.md`: a row for every problem with its status, and for every error of a task.

use crate::file;
use std::collections::BTreeMap;
use stint_edge::problem::Problem;
use stint_edge::task_error;

/// The second cell of every row of the page's tables, by the first, which is code.
fn rows() -> BTreeMap<String, String> {
    let page = file("docs/errors.md");
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        Some((cells.next()?.trim_end_matches('`').to_owned(), cells.next()?.to_owned()))
    };
    let rows: Vec<_> = page.lines().filter_map(row).collect();
    let count = rows.len();
    let unique: BTreeMap<_, _> = rows.into_iter().collect();
    assert_eq!(unique.len(), count, "a row stands twice");
    unique
}

/// The page has this problem, with this status.
pub(crate) fn assert_listed(kind: &str, status: u16) {
    assert_eq!(rows().get(kind), Some(&status.to_string()), "{kind}");
}

#[test]
fn the_page_has_every_problem_and_every_error_of_a_task_and_nothing_else() {
    let listed: Vec<_> = rows().into_keys().collect();
    let mut expected: Vec<_> = Problem::ALL_KINDS.into_iter().chain(task_error::ALL).collect();
    expected.sort_unstable();
    assert_eq!(listed, expected);
}
