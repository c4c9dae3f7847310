//! Everything that CI runs, in its order.

use crate::demo;
use std::time::Instant;
use stint_local::tools::Tools;
use stint_local::{LocalError, Result, paths, process};

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<()>,
}

const STEPS: [Step; 10] = [
    Step { name: "fmt", what: "the code has its form", run: || cargo(&["fmt", "--all", "--check"]) },
    Step { name: "purity", what: "the rules know no AWS, runtime, network or clock", run: purity },
    Step { name: "tls", what: "nothing links aws-lc or a second TLS", run: tls },
    Step {
        name: "clippy",
        what: "no lint complains",
        run: || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "policy", what: "the policies are sound, and their cases hold", run: policy },
    Step { name: "template", what: "the templates and the workflow are valid", run: template },
    Step { name: "cloud", what: "the local cloud does what it says", run: cloud },
    Step { name: "tests", what: "all tests pass", run: || cargo(&["test", "--workspace", "--no-fail-fast"]) },
    Step { name: "demo", what: "the demonstration shows what it says it does", run: demo::run_both },
    Step { name: "docs", what: "the documentation has no dead links", run: docs },
];

pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let chosen: Vec<_> = STEPS.iter().filter(|step| only.is_none_or(|name| name == step.name)).collect();
    if chosen.is_empty() {
        let names = STEPS.map(|step| step.name).join(", ");
        return Err(LocalError::Unexpected(format!("there is no such step; there are {names}")));
    }
    let mut lines = Vec::new();
    for step in chosen {
        println!("== {}: {}", step.name, step.what);
        let began = Instant::now();
        let result = (step.run)();
        let line = format!("{:<10} {:>6.1} s", step.name, began.elapsed().as_secs_f32());
        println!("== {line}  {}\n", if result.is_ok() { "ok" } else { "FAILED" });
        lines.push(line);
        result?;
    }
    println!("all ok\n{}", lines.join("\n"));
    Ok(())
}

fn cargo(arguments: &[&str]) -> Result<()> {
    process::shown(&format!("cargo {}", arguments.join(" ")), &mut process::cargo(arguments))
}

fn docs() -> Result<()> {
    let arguments = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    process::shown("cargo doc", process::cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))
}

/// What no dependency of a pure crate may be called, or begin with if it ends in a dash.
const IMPURE: [&str; 12] = [
    "tokio",
    "hyper",
    "reqwest",
    "ureq",
    "mio",
    "socket2",
    "getrandom",
    "lambda_runtime",
    "lambda_http",
    "aws-",
    "ring",
    "axum",
];

fn purity() -> Result<()> {
    none_of(
        "stint-domain",
        &tree(&["-p", "stint-domain", "-e", "normal"])?,
        &[&IMPURE[..], &["chrono", "time"]].concat(),
    )?;
    none_of("stint-app", &tree(&["-p", "stint-app", "-e", "normal"])?, &IMPURE)?;
    none_of("stint-policy", &tree(&["-p", "stint-policy", "-e", "normal"])?, &IMPURE)?;
    let features = tree(&["-p", "stint-domain", "-e", "normal,features"])?;
    if features.lines().any(|line| line.starts_with("jiff feature \"std\"")) {
        return Err(LocalError::Unexpected(
            "stint-domain has a clock: jiff with its feature `std`".to_owned(),
        ));
    }
    Ok(())
}

fn tls() -> Result<()> {
    let all = tree(&["--workspace", "-e", "normal,build"])?;
    none_of("the workspace", &all, &["aws-lc-", "openssl-sys", "native-tls"])
}

fn tree(arguments: &[&str]) -> Result<String> {
    process::output("cargo tree", &mut process::cargo(&[&["tree", "--prefix", "none"], arguments].concat()))
}

/// `tree`: a dependency a line, its name first.
fn none_of(whose: &str, tree: &str, forbidden: &[&str]) -> Result<()> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let is = |name: &str, no: &str| if no.ends_with('-') { name.starts_with(no) } else { name == no };
    match names.into_iter().find(|name| forbidden.iter().any(|no| is(name, no))) {
        Some(found) => Err(LocalError::Unexpected(format!("{whose} depends on {found}"))),
        None => Ok(()),
    }
}

/// With the features of the whole workspace, so that nothing is compiled twice.
fn policy() -> Result<()> {
    cargo(&["build", "--workspace", "--bin", "stint"])?;
    let here = std::env::current_exe().map_err(|cause| LocalError::Unexpected(cause.to_string()))?;
    for verb in ["check", "test"] {
        let mut stint = std::process::Command::new(here.with_file_name("stint"));
        stint.current_dir(paths::root()).args(["policy", verb, "policies"]);
        process::shown(&format!("stint policy {verb}"), &mut stint)?;
    }
    Ok(())
}

fn template() -> Result<()> {
    let tools = Tools::ensure()?;
    let mut sam = tools.command("sam")?;
    sam.current_dir(paths::root()).args(["validate", "--lint", "--region", stint_local::cloud::REGION]);
    process::shown("sam validate", &mut sam)?;
    let mut lint = tools.command("cfn-lint")?;
    lint.current_dir(paths::root());
    lint.args(["infra/template.yaml", "infra/enrolment.yaml", "infra/target-account.yaml"]);
    process::shown("cfn-lint", &mut lint)
}

fn cloud() -> Result<()> {
    let mut check = Tools::ensure()?.command("python")?;
    process::shown("localstack/check.py", check.current_dir(paths::root()).arg("localstack/check.py"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_dependency_is_found_by_name_or_beginning_and_nothing_else_is() {
        let tree = "stint-domain v0.1.0\naws-types v1.0.0\ntimeless v1.0.0\n";
        assert!(none_of("x", tree, &["time", "aws-lc-"]).is_ok());
        assert_eq!(none_of("x", tree, &["aws-"]).unwrap_err().to_string(), "x depends on aws-types");
        assert!(none_of("x", tree, &["timeless"]).is_err());
    }
}
