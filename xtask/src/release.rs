//! The functions as they are deployed to AWS: cargo-lambda, optimised, linked against Amazon Linux 2023's C library.

use std::path::PathBuf;
use stint_local::tools::Tools;
use stint_local::{Result, functions, paths, process, progress};

/// The C library of `provided.al2023`.
const TARGET: &str = "x86_64-unknown-linux-gnu.2.34";

/// Builds the functions, and `more` packages beside them; returns the folder they are in.
pub(crate) fn build(more: &[&str]) -> Result<PathBuf> {
    let tools = Tools::ensure()?;
    let mut command = tools.command("cargo-lambda")?;
    command.current_dir(paths::root()).args(["lambda", "build", "--release", "--target", TARGET]);
    for package in functions::NAMES
        .iter()
        .map(|name| functions::package(name))
        .chain(more.iter().map(|p| (*p).to_owned()))
    {
        command.args(["-p", &package]);
    }
    progress::step("building for AWS", || process::shown("cargo lambda build", &mut command))?;
    let folder = paths::root().join("target/lambda");
    println!("The functions are in {}", folder.display());
    Ok(folder)
}
