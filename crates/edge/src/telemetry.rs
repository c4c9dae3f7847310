//! Logs as Lambda wants them.
//!
//! Guards: what is logged says who did what by id (`request.id`, `grant.id`, `principal.id`), never a body, a token, a
//! link or a mail address. Dependencies may not speak below a warning at any level, since some of them print whole
//! payloads there. It must not know what the functions do.

use lambda_runtime::tracing::subscriber::filter::{LevelFilter, Targets};
use lambda_runtime::tracing::subscriber::fmt::format::{DefaultFields, Format, Full, Json, JsonFields};
use lambda_runtime::tracing::subscriber::fmt::{self, Layer, MakeWriter};
use lambda_runtime::tracing::subscriber::{prelude::*, registry};
use std::env;
use std::error::Error;
use std::io::stdout;

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
    let registry = registry().with(filter(&setting("AWS_LAMBDA_LOG_LEVEL")));
    // A second call changes nothing.
    let _ = if setting("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("text") {
        registry.with(plain(stdout)).try_init()
    } else {
        registry.with(json(stdout)).try_init()
    };
}

fn plain<S, W: for<'a> MakeWriter<'a> + 'static>(out: W) -> Layer<S, DefaultFields, Format<Full, ()>, W> {
    fmt::layer().without_time().with_ansi(false).with_writer(out)
}

/// One line of JSON for each event, whatever is in it.
fn json<S, W: for<'a> MakeWriter<'a> + 'static>(out: W) -> Layer<S, JsonFields, Format<Json, ()>, W> {
    plain(out).json().with_current_span(false)
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
    use proptest::prelude::*;
    use serde_json::Value;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

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

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(text: &str) -> String {
        let log = Log::default();
        let out = log.clone();
        let guard = registry().with(json(move || out.clone())).set_default();
        tracing::info!(shown = %text, debugged = ?text, "{text}");
        drop(guard);
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn an_event_is_one_line_whatever_is_in_it(texts in prop::collection::vec(any::<char>(), 0..=4096)) {
            let text: String = "\r\n{\"level\":\"INFO\"}\n".chars().chain(texts).collect();
            let line = logged(&text);
            prop_assert_eq!(line.matches(['\n', '\r']).count(), 1);
            let event: Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(event["fields"]["shown"].as_str(), Some(text.as_str()));
            prop_assert_eq!(event["fields"]["message"].as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn an_unreadable_level_means_info() {
        assert!(filter("loud").would_enable("stint_edge", &Level::INFO));
        assert!(!filter("loud").would_enable("stint_edge", &Level::DEBUG));
    }
}
