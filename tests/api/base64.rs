//! Base64 for URLs, without padding, in which tokens are written: to take them apart and put wrong ones together.

use serde_json::Value;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(crate) fn encoded(text: &str) -> String {
    let bits = |bytes: &[u8]| {
        bytes.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - bytes.len()))
    };
    let letters = |bytes: &[u8]| {
        let bits = bits(bytes);
        (0..=bytes.len())
            .map(|n| char::from(LETTERS[(bits >> (18 - 6 * n)) as usize & 63]))
            .collect::<String>()
    };
    text.as_bytes().chunks(3).map(letters).collect()
}

/// The JSON in it.
pub(crate) fn decoded(text: &str) -> Value {
    let value = |letter| LETTERS.iter().position(|known| *known == letter).unwrap() as u32;
    let bytes = |letters: &[u8]| {
        let bits =
            letters.iter().fold(0u32, |bits, letter| bits << 6 | value(*letter)) << (6 * (4 - letters.len()));
        bits.to_be_bytes()[1..letters.len()].to_vec()
    };
    serde_json::from_slice(&text.as_bytes().chunks(4).flat_map(bytes).collect::<Vec<_>>()).unwrap()
}

#[test]
fn base64_goes_there_and_back() {
    for text in ["{}", r#"{"a":1}"#, r#"{"ab":"ü?>"}"#, r#"{"abc":[]}"#] {
        assert_eq!(decoded(&encoded(text)), serde_json::from_str::<Value>(text).unwrap());
    }
    assert_eq!(encoded(r#"{"alg":"none"}"#), "eyJhbGciOiJub25lIn0");
}
