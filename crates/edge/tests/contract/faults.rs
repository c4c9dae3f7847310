//! `docs/faults.md`: every number has its row, every row its tests, and every test is where the row says.

use crate::file;
use crate::names::{root, sources};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = "docs/faults.md";
const LAST: u8 = 48;

/// The cells of the rows of a table with so many columns, under no heading.
fn rows(columns: usize) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let page = file(PAGE);
    let all = page.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---")).map(cells);
    all.filter(|row: &Vec<String>| row.len() == columns && row[0] != "number" && row[0] != "suite").collect()
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The folder of each suite.
fn suites() -> BTreeMap<String, String> {
    let of = |row: &Vec<String>| Some((quoted(&row[0]).pop()?, quoted(&row[1]).into_iter().next()?));
    rows(2).iter().filter_map(of).collect()
}

/// The tests of each number.
fn faults() -> Vec<(String, Vec<String>)> {
    rows(4).iter().map(|row| (row[0].clone(), quoted(&row[3]))).collect()
}

/// `suite::module::name` as the file that it has to be in and what has to stand there.
fn place(suites: &BTreeMap<String, String>, test: &str) -> Option<(String, String)> {
    let (suite, rest) = test.split_once("::")?;
    let (module, name) = rest.rsplit_once("::")?;
    Some((format!("{}/{}.rs", suites.get(suite)?, module.replace("::", "/")), name.to_owned()))
}

/// A function of that name right under the attribute of a test.
fn is_test(source: &str, name: &str) -> bool {
    let starts =
        |line: &str| line.trim_start().strip_prefix("async ").unwrap_or(line.trim_start()).to_owned();
    let lines: Vec<_> = source.lines().collect();
    lines.windows(2).any(|two| {
        let attribute = matches!(two[0].trim(), "#[test]" | "#[tokio::test]");
        attribute && starts(two[1]).starts_with(&format!("fn {name}("))
    })
}

#[test]
fn every_test_of_a_fault_is_in_the_file_that_its_row_names() {
    let (suites, faults) = (suites(), faults());
    let named: Vec<_> = faults.iter().flat_map(|(_, tests)| tests).collect();
    assert!(suites.len() > 10 && named.len() > 80, "{} suites, {} tests", suites.len(), named.len());
    let there = |test: &&String| {
        let (path, name) = place(&suites, test)?;
        is_test(&std::fs::read_to_string(root().join(path)).ok()?, &name).then_some(())
    };
    let missing: Vec<_> = named.into_iter().filter(|test| there(test).is_none()).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn every_number_has_one_row_with_tests_or_is_declared_missing() {
    let of = |row: Vec<String>| row[0].split(", ").map(str::to_owned).collect::<Vec<_>>();
    let missing = rows(2).into_iter().flat_map(of).filter(|number| number.starts_with('F'));
    let mut numbers: Vec<_> = faults().into_iter().map(|(number, _)| number).chain(missing).collect();
    numbers.sort();
    assert_eq!(numbers, (1..=LAST).map(|number| format!("F{number:02}")).collect::<Vec<_>>());
    let empty: Vec<_> = faults().into_iter().filter(|(_, tests)| tests.is_empty()).collect();
    assert_eq!(empty, Vec::new());
}

/// `f16_…` stands in the row of F16.
#[test]
fn a_test_that_begins_with_a_number_is_in_its_row() {
    let mut all = String::new();
    ["crates", "tests"].iter().for_each(|folder| sources(&root().join(folder), &mut all));
    let numbered = |line: &str| {
        let line = line.trim_start();
        let name =
            line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?.split('(').next()?.to_owned();
        let digits = name.strip_prefix('f')?.split('_').next()?;
        (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
    };
    let named: BTreeSet<_> = all.lines().filter_map(numbered).collect();
    assert!(named.len() > 10, "{named:?}");
    let faults = faults();
    let in_its_row = |name: &&String| {
        let row = faults.iter().find(|(number, _)| number.to_lowercase() == name[..3]);
        row.is_some_and(|(_, tests)| tests.iter().any(|test| test.ends_with(&format!("::{name}"))))
    };
    let lost: Vec<_> = named.iter().filter(|name| !in_its_row(name)).collect();
    assert_eq!(lost, Vec::<&String>::new());
}
