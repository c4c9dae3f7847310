//! What the API answers when it does not do what was asked: RFC 9457, from a closed set.
//!
//! Guards: `type` is stable; `detail` says what to do and nothing of the inside; what does not exist and what is not
//! yours answer alike. Internal errors are logged whole where they become a problem, and nowhere else.

mod response;
mod sources;

pub use response::{name_instance, not_found, wrong_method};

use http::StatusCode;
use jiff::Timestamp;
use stint_app::custody::InUse;
use stint_app::submit_request::Reason;
use stint_domain::BadInput;
use stint_domain::duration::AccessDuration;

/// How long, in seconds, a caller should wait before trying again.
const RETRY_AFTER_SECONDS: u32 = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Not JSON, or not all of it.
    MalformedBody,
    MissingField {
        field: String,
    },
    /// `None` if the name is not fit to be repeated.
    UnknownField {
        field: Option<String>,
    },
    WrongType {
        field: Option<String>,
    },
    InvalidField(BadInput),
    TooLarge,
    UnsupportedMediaType,
    /// `token_sent`: there was one, and it did not do.
    Unauthenticated {
        token_sent: bool,
    },
    /// An entitlement that does not exist answers the same as one that the caller may not have: without reasons.
    RequestRefused {
        reasons: Vec<Reason>,
    },
    /// With reasons for whoever may see the request; for anybody else it does not exist.
    DecisionRefused {
        reasons: Vec<Reason>,
    },
    /// Others are asked in the step that is open.
    NotAsked {
        step: usize,
    },
    /// The same for an unknown id and one that is not the caller's.
    NotFound,
    MethodNotAllowed,
    WrongState {
        state: &'static str,
    },
    Conflict,
    TooLate,
    IdempotencyKeyReused,
    NotEnrolled,
    NoRoom,
    /// No length of time, none at all, or over a year.
    InvalidDuration(BadInput),
    DurationTooLong {
        longest: AccessDuration,
    },
    StartInThePast,
    TooFarAhead,
    /// Only one can have it at a time.
    InUse(Box<InUse>),
    /// The caller's contract ends then, and access could end later.
    ContractEnds {
        ends_at: Timestamp,
    },
    /// The same for whatever is wrong with the grant that should be extended.
    NothingToExtend,
    /// Policy does not let the caller have or take what they know to exist.
    ActionRefused,
    /// This kind of access is used with a key that its holder has already.
    NoCredential,
    /// The target will not have it.
    TargetRefused,
    TooManyRequests,
    Unavailable,
    /// Stint's own fault; it has been logged.
    Fault,
}

impl Problem {
    /// Every [`Problem::kind`]; `docs/errors.md` and `docs/openapi.yaml` list the same, and a test holds them together.
    pub const ALL_KINDS: [&'static str; 32] = [
        "malformed-body",
        "missing-field",
        "unknown-field",
        "wrong-type",
        "invalid-field",
        "too-large",
        "unsupported-media-type",
        "unauthenticated",
        "request-refused",
        "decision-refused",
        "not-asked",
        "not-found",
        "method-not-allowed",
        "wrong-state",
        "conflict",
        "too-late",
        "idempotency-key-reused",
        "not-enrolled",
        "no-room",
        "invalid-duration",
        "duration-too-long",
        "start-in-the-past",
        "too-far-ahead",
        "in-use",
        "contract-ends",
        "nothing-to-extend",
        "action-refused",
        "no-credential",
        "target-refused",
        "too-many-requests",
        "unavailable",
        "fault",
    ];

    /// The last part of `urn:stint:problem:…`. Never changed once published.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::MalformedBody => "malformed-body",
            Self::MissingField { .. } => "missing-field",
            Self::UnknownField { .. } => "unknown-field",
            Self::WrongType { .. } => "wrong-type",
            Self::InvalidField(_) => "invalid-field",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::RequestRefused { .. } => "request-refused",
            Self::DecisionRefused { .. } => "decision-refused",
            Self::NotAsked { .. } => "not-asked",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::WrongState { .. } => "wrong-state",
            Self::Conflict => "conflict",
            Self::TooLate => "too-late",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::NotEnrolled => "not-enrolled",
            Self::NoRoom => "no-room",
            Self::InvalidDuration(_) => "invalid-duration",
            Self::DurationTooLong { .. } => "duration-too-long",
            Self::StartInThePast => "start-in-the-past",
            Self::TooFarAhead => "too-far-ahead",
            Self::InUse(_) => "in-use",
            Self::ContractEnds { .. } => "contract-ends",
            Self::NothingToExtend => "nothing-to-extend",
            Self::ActionRefused => "action-refused",
            Self::NoCredential => "no-credential",
            Self::TargetRefused => "target-refused",
            Self::TooManyRequests => "too-many-requests",
            Self::Unavailable => "unavailable",
            Self::Fault => "fault",
        }
    }

    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::MalformedBody
            | Self::MissingField { .. }
            | Self::UnknownField { .. }
            | Self::WrongType { .. }
            | Self::InvalidField(_)
            | Self::InvalidDuration(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Self::RequestRefused { .. }
            | Self::DecisionRefused { .. }
            | Self::NotAsked { .. }
            | Self::ActionRefused => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongState { .. }
            | Self::Conflict
            | Self::InUse(_)
            | Self::NoCredential
            | Self::TargetRefused => StatusCode::CONFLICT,
            Self::TooLate => StatusCode::GONE,
            Self::IdempotencyKeyReused
            | Self::NotEnrolled
            | Self::NoRoom
            | Self::NothingToExtend
            | Self::DurationTooLong { .. }
            | Self::StartInThePast
            | Self::TooFarAhead
            | Self::ContractEnds { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::MalformedBody => "The body is not JSON",
            Self::MissingField { .. } => "A field is missing",
            Self::UnknownField { .. } => "There is no such field",
            Self::WrongType { .. } => "A field has the wrong type",
            Self::InvalidField(_) => "A value cannot be accepted",
            Self::TooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body is not declared as JSON",
            Self::Unauthenticated { .. } => "Sign in first",
            Self::RequestRefused { .. } => "You may not ask for this",
            Self::DecisionRefused { .. } => "You may not decide this",
            Self::NotAsked { .. } => "Others are asked first",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::WrongState { .. } => "Not possible in this state",
            Self::Conflict => "Somebody else was faster",
            Self::TooLate => "Too late",
            Self::IdempotencyKeyReused => "The idempotency key stands for something else",
            Self::NotEnrolled => "The target is not enrolled",
            Self::NoRoom => "The target has no room",
            Self::InvalidDuration(_) => "This is no length of time for access",
            Self::DurationTooLong { .. } => "Longer than this entitlement allows",
            Self::StartInThePast => "The start has passed",
            Self::TooFarAhead => "Too far ahead",
            Self::InUse(_) => "Somebody else has it",
            Self::ContractEnds { .. } => "Your contract ends before that",
            Self::NothingToExtend => "There is nothing to extend",
            Self::ActionRefused => "You may not do this",
            Self::NoCredential => "There is no credential to hand out",
            Self::TargetRefused => "The target refused",
            Self::TooManyRequests => "Too many requests",
            Self::Unavailable => "Stint cannot answer now",
            Self::Fault => "Stint made a mistake",
        }
    }

    /// A sentence that says what to do.
    #[must_use]
    pub fn detail(&self) -> String {
        let fixed = match self {
            Self::MissingField { field } => return format!("Add the field `{field}`."),
            Self::UnknownField { field: Some(field) } => {
                return format!("Remove the field `{field}`, or look up how it is spelt.");
            }
            Self::WrongType { field: Some(field) } => {
                return format!("Look up which type `{field}` has, and send that.");
            }
            Self::InvalidField(bad) | Self::InvalidDuration(bad) => return format!("{bad}."),
            Self::DurationTooLong { longest } => return format!("Ask for at most {}.", longest.in_words()),
            Self::ContractEnds { ends_at } => {
                return format!("Let access end by {ends_at}, the wait for a decision included.");
            }
            Self::StartInThePast => "Give a start in the future, or leave it out to begin with the approval.",
            Self::TooFarAhead => "Let access end within 364 days from now, the wait for a decision included.",
            Self::InUse(held) => return in_turn(held),
            Self::WrongState { state } => {
                return format!("It is {state} now; read it again before you go on.");
            }
            Self::UnknownField { field: None } => "Send no other fields than the documented ones.",
            Self::WrongType { field: None } => "Send a JSON object with the documented fields and types.",
            Self::MalformedBody => "Send one complete JSON object, encoded in UTF-8.",
            Self::TooLarge => "Send at most 64 KiB.",
            Self::UnsupportedMediaType => "Send JSON, and say so with `Content-Type: application/json`.",
            Self::Unauthenticated { token_sent: false } => "Send a token with `Authorization: Bearer`.",
            Self::Unauthenticated { token_sent: true } => {
                "The token is not valid here or not any more: get a new one."
            }
            Self::RequestRefused { .. } => {
                "Choose from the entitlements that are listed for you, within their limits."
            }
            Self::DecisionRefused { .. } => {
                "Leave the decision to somebody who may take it; nobody decides on their own request."
            }
            Self::NotAsked { step } => {
                return format!("Others are asked in step {step}; if it comes to you, there will be a mail.");
            }
            Self::NotFound => "Check the address; it leads to nothing, or to nothing of yours.",
            Self::MethodNotAllowed => "Use one of the methods in the `Allow` header.",
            Self::Conflict => "Read it again, and repeat what still applies.",
            Self::TooLate => "The time for this is over; make a new request if it is still needed.",
            Self::IdempotencyKeyReused => "Use a new key, or send exactly what the key was used with before.",
            Self::NotEnrolled => "Ask an administrator of Stint to enrol your IAM user, or the role.",
            Self::NothingToExtend => {
                "Name an active grant of your own, of the same entitlement; if it is over, make a new request."
            }
            Self::NoRoom => "Give back a grant that you do not need any more, and ask again.",
            Self::ActionRefused => {
                "Ask somebody who may do it; what may be asked for is in the list of entitlements."
            }
            Self::NoCredential => "Use your own access key: the grant has changed what it may do.",
            Self::TargetRefused => "Tell the operators of Stint; the log has what the target said.",
            Self::TooManyRequests | Self::Unavailable => {
                "Try again after the seconds that `Retry-After` gives."
            }
            Self::Fault => "It has been recorded. Give the operators of Stint the `instance` of this answer.",
        };
        fixed.to_owned()
    }

    /// The field that is at fault.
    fn field(&self) -> Option<&str> {
        match self {
            Self::MissingField { field } => Some(field),
            Self::UnknownField { field } | Self::WrongType { field } => field.as_deref(),
            Self::InvalidField(bad) | Self::InvalidDuration(bad) => Some(bad.field),
            Self::DurationTooLong { .. } => Some("duration"),
            Self::StartInThePast => Some("starts_at"),
            _ => None,
        }
    }

    const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooManyRequests | Self::Unavailable => Some(RETRY_AFTER_SECONDS),
            _ => None,
        }
    }
}

fn in_turn(held: &InUse) -> String {
    let waiting = match held.ahead {
        0 => "nobody waits for it".to_owned(),
        1 => "one waits for it".to_owned(),
        many => format!("{many} wait for it"),
    };
    format!(
        "{} has it until {}, and {waiting}. Send `queue` as true to wait for your turn, which would come at about {}.",
        held.holder, held.until, held.estimate
    )
}

#[cfg(test)]
mod tests;
