//! Logs as Lambda wants them.
//!
//! Guards: what is logged says who did what by id (`request.id`, `grant.id`, `principal.id`), never a body, a token, a
//! link or a mail address. Dependencies may not speak below a warning at any level, since some of them print whole
//! payloads there. It must not know what the functions do.

use lambda_runtime::tracing::subscriber::filter::{LevelFilter, Targets};
use lambda_runtime::tracing::subscriber::{fmt, prelude::*, registry};
use std::env;
use std::error::Error;

/// The crates whose events follow the configured level: the libraries (by prefix) and the functions' binaries.
const OURS: [&str; 10] = [
    "stint",
    "approve",
    "expire",
    "grant",
    "notify",
    "provider_postgres",
    "reconcile",
    "request",
    "reveal",
    "rotate_credential",
];

/// Starts logging, once, at the beginning of `main`. Level and format follow Lambda's own settings,
/// `AWS_LAMBDA_LOG_LEVEL` and `AWS_LAMBDA_LOG_FORMAT`; Lambda adds the time. What is deployed has nothing below INFO
/// compiled in, dependencies included (`tracing` in Cargo.toml): it cannot be said, and need not be loaded.
pub fn init() {
    let setting = |name| env::var(name).unwrap_or_default();
    let plain = fmt::layer().without_time().with_ansi(false);
    let registry = registry().with(filter(&setting("AWS_LAMBDA_LOG_LEVEL")));
    // A second call changes nothing.
    let _ = if setting("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("text") {
        registry.with(plain).try_init()
    } else {
        registry.with(plain.json().with_current_span(false)).try_init()
    };
}

fn filter(level: &str) -> Targets {
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    Targets::new()
        .with_default(LevelFilter::WARN)
        // The span with the invocation's id; it prints payloads below this level.
        .with_target("lambda_runtime", LevelFilter::INFO)
        .with_targets(OURS.map(|target| (target, level)))
}

/// An error and everything beneath it, outermost first, for the one place that logs it.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let links: Vec<_> =
        std::iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string).collect();
    links.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_runtime::tracing::Level;

    #[test]
    fn every_function_is_heard_at_the_level_that_is_set() {
        let filter = filter("DEBUG");
        let functions = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions")).unwrap();
        for function in functions {
            let binary = function.unwrap().file_name().into_string().unwrap().replace('-', "_");
            assert!(filter.would_enable(&binary, &Level::DEBUG), "{binary}");
        }
    }

    #[test]
    fn dependencies_stay_quiet_however_much_is_asked_of_stint() {
        let filter = filter("TRACE");
        assert!(filter.would_enable("stint_app::submit", &Level::TRACE));
        assert!(filter.would_enable("request::handler", &Level::TRACE));
        assert!(filter.would_enable("lambda_runtime::layers", &Level::INFO));
        for chatty in ["lambda_runtime::layers", "aws_smithy_runtime::client", "hyper::proto", "rustls"] {
            assert!(!filter.would_enable(chatty, &Level::DEBUG), "{chatty}");
        }
    }

    #[test]
    fn an_unreadable_level_means_info() {
        assert!(filter("loud").would_enable("stint_edge", &Level::INFO));
        assert!(!filter("loud").would_enable("stint_edge", &Level::DEBUG));
    }
}
