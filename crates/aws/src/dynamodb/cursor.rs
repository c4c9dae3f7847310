//! Where a page ended, as an opaque text.
//!
//! Guards: a cursor carries the listing it was made for and is refused by any other, so that it cannot be used to read
//! what its query could not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stint_app::ports::ListError;

/// No cursor of ours is as long.
const LONGEST: usize = 2048;

pub(super) fn encode(position: &impl Serialize) -> Option<String> {
    serde_json::to_vec(position).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
}

pub(super) fn decode<T: DeserializeOwned>(cursor: &str) -> Result<T, ListError> {
    if cursor.len() > LONGEST {
        return Err(ListError::BadCursor);
    }
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| ListError::BadCursor)?;
    serde_json::from_slice(&json).map_err(|_| ListError::BadCursor)
}
