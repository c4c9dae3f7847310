//! The audit, for auditors: to look at, and to take away as a table or as lines.

use super::parts::{Api, Parts};
use super::requests::{events_response, timestamp};
use super::signed::{Paging, Params, Signed};
use crate::export::{CsvTable, ExportError, JsonLines};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderValue, LINK};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::sync::Arc;
use stint_app::ports::{Page, StoredEvent, Surroundings};
use stint_app::read::{AuditError, ReadAudit, read_audit};
use stint_domain::BadInput;

/// The longest time that one listing covers; every day in it costs a few reads even if it is empty.
const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);

/// So many events fit into one answer of a Lambda, whatever they say.
const MOST_EVENTS: u32 = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsParams {
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    JsonLines,
    Csv,
}

impl Format {
    /// The first that the caller accepts and we have; JSON for whoever does not care.
    fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let known =
            accept.split(',').filter_map(|range| match range.split(';').next().unwrap_or_default().trim() {
                "text/csv" => Some(Self::Csv),
                "application/jsonl" | "application/x-ndjson" => Some(Self::JsonLines),
                "application/json" | "*/*" => Some(Self::Json),
                _ => None,
            });
        known.into_iter().next().unwrap_or(Self::Json)
    }

    const fn export(self) -> Option<&'static str> {
        match self {
            Self::Json => None,
            Self::JsonLines => Some("jsonl"),
            Self::Csv => Some("csv"),
        }
    }
}

pub(super) async fn events<P: Parts>(
    State(api): State<Arc<Api<P>>>,
    Signed(caller): Signed,
    Params(params): Params<EventsParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = Format::accepted(&headers);
    let ask = ask(params, format, api.surroundings.now())?;
    let page = read_audit(&api.store, &api.directory, &api.policy, &api.surroundings, &caller, &ask).await?;
    let mut response = encode(format, &page)?;
    if let Some(link) = next_link(&ask, page.next.as_deref()) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// The last day up to now, unless the caller says otherwise.
fn ask(params: EventsParams, format: Format, now: Timestamp) -> Result<ReadAudit, Problem> {
    let to = params.to.map_or(Ok(now), |text| timestamp("to", &text))?;
    let day_before = to.checked_sub(SignedDuration::from_hours(24)).unwrap_or(to);
    let from = params.from.map_or(Ok(day_before), |text| timestamp("from", &text))?;
    if from > to || to.duration_since(from) > LONGEST {
        return Err(BadInput::new("from", "must be before `to`, by at most 31 days").into());
    }
    let page = Paging { cursor: params.cursor, limit: params.limit }.query(100, MOST_EVENTS)?;
    Ok(ReadAudit { from, to, page, export: format.export() })
}

/// RFC 8288. Both ends of the time are fixed in it, so that the pages are of one listing.
fn next_link(ask: &ReadAudit, next: Option<&str>) -> Option<HeaderValue> {
    let (from, to, limit, next) = (ask.from, ask.to, ask.page.limit, next?);
    let link = format!(r#"</v1/audit/events?from={from}&to={to}&limit={limit}&cursor={next}>; rel="next""#);
    HeaderValue::from_str(&link).ok()
}

fn encode(format: Format, page: &Page<StoredEvent>) -> Result<Response, Problem> {
    let broken = |error: ExportError| Problem::fault(&error);
    Ok(match format {
        Format::Json => events_response(page),
        Format::JsonLines => {
            let mut out = JsonLines::new(Vec::new());
            page.items.iter().try_for_each(|stored| out.write(stored)).map_err(broken)?;
            file("application/jsonl", "stint-audit.jsonl", out.finish().map_err(broken)?)
        }
        Format::Csv => {
            let mut out = CsvTable::new(Vec::new()).map_err(broken)?;
            page.items.iter().try_for_each(|stored| out.write(stored)).map_err(broken)?;
            file("text/csv; charset=utf-8; header=present", "stint-audit.csv", out.finish().map_err(broken)?)
        }
    })
}

fn file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let headers =
        [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))];
    (headers, bytes).into_response()
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            // Whether there is an audit is no secret, but what may be read of it is decided by policy alone.
            AuditError::NotAllowed => Self::NotFound,
            AuditError::BadCursor => {
                BadInput::new("cursor", "must come from the page before, of the same listing").into()
            }
            AuditError::Failure(failure) => failure.into(),
        }
    }
}
