//! Policies over catalogs of 10 to 10,000 entitlements: ready from cold, and what one request asks of them.

mod report;
#[cfg(test)]
mod tests;

use report::Report;
use stint_local::{Result, paths, process, progress};

const PACKAGE: [&str; 5] = ["build", "--release", "--quiet", "--package", "stint-policy-bench"];

pub(super) fn run() -> Result<()> {
    progress::step("building the measurement", || {
        process::shown("cargo build", &mut process::cargo(&PACKAGE))
    })?;
    let program = paths::root().join("target/release/policy-bench");
    let lines = process::output("policy-bench", &mut std::process::Command::new(program))?;
    let report = Report::read(&lines)?;
    report.lines().iter().for_each(|line| println!("{line}"));
    report.is_sound()
}
