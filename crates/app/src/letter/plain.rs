//! What others wrote, made fit to be shown: for mails and pages alike.
//!
//! Guards: no control character and no character that turns the direction of writing around gets through, so text
//! cannot leave its line, hide a part of itself or rearrange what stands beside it. Escaping is the template's business.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use stint_domain::hours::Zone;

/// Text on one line of at most `longest` characters, its white space joined; what is cut off is shown as `…`.
#[must_use]
pub fn one_line(text: &str, longest: usize) -> String {
    let shown: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { visible(c) }).collect();
    let joined = shown.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if joined.chars().count() <= longest {
        return joined;
    }
    joined.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// Text of several lines, as written, without blank lines at its ends.
#[must_use]
pub fn quoted(text: &str) -> Vec<String> {
    let same = text.replace("\r\n", "\n");
    let lines = same.trim().split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}']);
    lines.map(|line| line.chars().map(|c| if c == '\t' { ' ' } else { visible(c) }).collect()).collect()
}

/// A time as people read it: in their zone and in UTC, and said so.
#[must_use]
pub fn when(at: Timestamp, zone: &Zone) -> String {
    let (utc, there) = (at.to_zoned(TimeZone::UTC), at.to_zoned(zone.time_zone().clone()));
    if zone.is_utc() {
        return utc.strftime("%a %-d %b %Y, %H:%M UTC").to_string();
    }
    let same_day = utc.date() == there.date();
    let utc = utc.strftime(if same_day { "%H:%M UTC" } else { "%a %-d %b, %H:%M UTC" });
    format!("{} in {} ({utc})", there.strftime("%a %-d %b %Y, %H:%M"), zone.name())
}

/// Controls, marks that turn the direction of writing around, and characters without a shape become `U+FFFD`.
const fn visible(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        '\u{61c}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => {
            char::REPLACEMENT_CHARACTER
        }
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' => char::REPLACEMENT_CHARACTER,
        '\u{ad}' | '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180e}' => {
            char::REPLACEMENT_CHARACTER
        }
        '\u{2800}' | '\u{3164}' | '\u{ffa0}' => char::REPLACEMENT_CHARACTER,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' => char::REPLACEMENT_CHARACTER,
        '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_however_it_was_written() {
        assert_eq!(one_line("Ana\r\nBcc: eve@example.org", 100), "Ana Bcc: eve@example.org");
        assert_eq!(one_line("a\u{2028}b\u{b}c\u{0}d", 100), "a b c\u{fffd}d");
        assert_eq!(one_line("über alles", 5), "über…");
        assert_eq!(one_line("über", 4), "über");
    }

    #[test]
    fn lines_are_kept_and_what_turns_them_around_is_not() {
        assert_eq!(quoted("\nfirst\r\n\r\nthird\u{202e}drow\n"), ["first", "", "third\u{fffd}drow"]);
        assert_eq!(quoted("調査 👩‍🔧"), ["調査 👩‍🔧"], "the joiner within an emoji stays");
    }

    #[test]
    fn what_has_no_shape_is_seen_to_be_there_and_what_is_only_rare_stays() {
        for hidden in
            ['\u{ad}', '\u{34f}', '\u{115f}', '\u{180e}', '\u{2800}', '\u{3164}', '\u{ffa0}', '\u{1d173}']
        {
            assert_eq!(one_line(&format!("a{hidden}b"), 9), "a\u{fffd}b", "{hidden:?}");
        }
        for rare in ["葛\u{e0100}", "☂\u{fe0f}", "می\u{200c}خواهم", "e\u{301}", "한"] {
            assert_eq!(one_line(rare, 20), rare);
        }
    }

    #[test]
    fn a_time_says_that_it_is_utc() {
        let at = "2026-11-22T09:05:59Z".parse().unwrap();
        assert_eq!(when(at, &Zone::UTC), "Sun 22 Nov 2026, 09:05 UTC");
    }

    #[test]
    fn a_time_of_another_zone_is_told_there_and_in_utc() {
        let told = |at: &str, zone: &str| when(at.parse().unwrap(), &zone.parse().unwrap());
        assert_eq!(
            told("2026-11-22T09:05:59Z", "Europe/Berlin"),
            "Sun 22 Nov 2026, 10:05 in Europe/Berlin (09:05 UTC)"
        );
        assert_eq!(
            told("2026-07-31T22:30:00Z", "Europe/Berlin"),
            "Sat 1 Aug 2026, 00:30 in Europe/Berlin (Fri 31 Jul, 22:30 UTC)"
        );
    }
}
