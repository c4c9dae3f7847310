//! The time of day where people are: a zone by its IANA name, and the hours in which somebody works.
//!
//! Guards: what cannot be read is refused and never taken for always or never; a shift over midnight belongs to the day it
//! begins on. It must not know what follows from being outside of these hours: policies say that.

use crate::BadInput;
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::{fmt, str::FromStr};

const MINUTES_A_DAY: u16 = 24 * 60;
const NEVER: &str = "never";

/// A zone of the IANA database, which is built in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    pub const UTC: Self = Self(TimeZone::UTC);

    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    #[must_use]
    pub const fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    #[must_use]
    pub fn is_utc(&self) -> bool {
        *self == Self::UTC
    }

    /// The hour there, from 0 to 23, and the day of the week, from 1, a Monday.
    #[must_use]
    pub fn hour_and_weekday(&self, at: Timestamp) -> (i8, i8) {
        let there = at.to_zoned(self.0.clone());
        (there.hour(), there.weekday().to_monday_one_offset())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

/// Reads a name in the database's own spelling, such as `Europe/Berlin`, and no other.
impl FromStr for Zone {
    type Err = BadInput;
    fn from_str(text: &str) -> Result<Self, BadInput> {
        let found = TimeZone::get(text).ok().filter(|zone| zone.iana_name() == Some(text));
        found.map(Self).ok_or(BadInput::new("zone", "must be the name of a time zone such as Europe/Berlin"))
    }
}

impl TryFrom<String> for Zone {
    type Error = BadInput;
    fn try_from(text: String) -> Result<Self, BadInput> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

/// When somebody works, such as `mon-fri 08:00-18:00 Europe/Berlin`: days, from when until when, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkingHours {
    /// As it was written.
    text: String,
    /// Whose shifts begin then, by their offset from Monday.
    days: BTreeSet<i8>,
    /// Minutes after midnight.
    from: u16,
    /// Minutes after midnight, not included. Not after `from`: on the next day.
    until: u16,
    zone: Zone,
}

impl WorkingHours {
    #[must_use]
    pub fn contain(&self, at: Timestamp) -> bool {
        let there = at.to_zoned(self.zone.0.clone());
        let minute = u16::try_from(i16::from(there.hour()) * 60 + i16::from(there.minute())).unwrap_or(0);
        let today = there.weekday();
        let begun = |day: Weekday| self.days.contains(&day.to_monday_zero_offset());
        if self.from < self.until {
            begun(today) && (self.from..self.until).contains(&minute)
        } else {
            (begun(today) && minute >= self.from) || (begun(today.previous()) && minute < self.until)
        }
    }
}

impl WorkingHours {
    /// Of somebody whose hours are said, and cannot be read.
    #[must_use]
    pub fn never() -> Self {
        Self { text: NEVER.to_owned(), days: BTreeSet::new(), from: 0, until: MINUTES_A_DAY, zone: Zone::UTC }
    }
}

impl fmt::Display for WorkingHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for WorkingHours {
    type Err = BadInput;
    fn from_str(text: &str) -> Result<Self, BadInput> {
        const ADVICE: BadInput = BadInput::new(
            "working_hours",
            "must be days, times and a zone such as mon-fri 08:00-18:00 Europe/Berlin",
        );
        if text == NEVER {
            return Ok(Self::never());
        }
        let mut parts = text.split(' ');
        let (Some(days), Some(times), Some(zone), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ADVICE);
        };
        let (from, until) = times.split_once('-').ok_or(ADVICE)?;
        let (from, until) = (minutes(from).ok_or(ADVICE)?, minutes(until).ok_or(ADVICE)?);
        // Nothing begins at the end of a day, and what lasts no time could mean a whole day as well.
        if from == until || from == MINUTES_A_DAY {
            return Err(ADVICE);
        }
        let days = days.split(',').map(days_of).collect::<Option<Vec<_>>>().ok_or(ADVICE)?;
        let days = days.into_iter().flatten().collect();
        Ok(Self { text: text.to_owned(), days, from, until, zone: zone.parse()? })
    }
}

impl TryFrom<String> for WorkingHours {
    type Error = BadInput;
    fn try_from(text: String) -> Result<Self, BadInput> {
        text.parse()
    }
}

impl From<WorkingHours> for String {
    fn from(hours: WorkingHours) -> Self {
        hours.text
    }
}

/// `mon`, or `mon-fri`, which may go over a Sunday.
fn days_of(text: &str) -> Option<Vec<i8>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    let count = (last - first).rem_euclid(7);
    Some((0..=count).map(|offset| (first + offset) % 7).collect())
}

fn day(text: &str) -> Option<i8> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    (0..).zip(names).find(|(_, name)| *name == text).map(|(offset, _)| offset)
}

/// `08:00`, in minutes after midnight; `24:00` is the end of the day.
fn minutes(text: &str) -> Option<u16> {
    let digits = |part: &str| {
        let whole = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| whole)
    };
    let (hour, minute) = text.split_once(':')?;
    let minutes =
        digits(hour)?.checked_mul(60)?.checked_add(digits(minute).filter(|minute| *minute < 60)?)?;
    (minutes <= MINUTES_A_DAY).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> WorkingHours {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn hours_are_those_of_their_zone_in_summer_and_in_winter() {
        let office = hours("mon-fri 08:00-18:00 Europe/Berlin");
        // A Monday in winter and one in summer, an hour and two hours ahead of UTC.
        for (time, inside) in [
            ("2026-11-23T06:59:59Z", false),
            ("2026-11-23T07:00:00Z", true),
            ("2026-11-23T16:59:59Z", true),
            ("2026-11-23T17:00:00Z", false),
            ("2026-11-23T07:30:00Z", true),
            ("2026-11-23T17:30:00Z", false),
            ("2026-07-20T06:00:00Z", true),
            ("2026-07-20T05:59:59Z", false),
            ("2026-07-20T16:00:00Z", false),
            // A Saturday.
            ("2026-11-21T10:00:00Z", false),
        ] {
            assert_eq!(office.contain(at(time)), inside, "{time}");
        }
        assert_eq!(office.to_string(), "mon-fri 08:00-18:00 Europe/Berlin");
        assert!(Zone::UTC.is_utc() && !office.zone.is_utc());
    }

    #[test]
    fn a_shift_over_midnight_belongs_to_the_day_it_begins_on() {
        let night = hours("fri 22:00-06:00 UTC");
        for (time, inside) in [
            ("2026-11-27T21:59:59Z", false),
            ("2026-11-27T22:00:00Z", true),
            ("2026-11-28T05:59:59Z", true),
            ("2026-11-28T06:00:00Z", false),
            ("2026-11-27T05:00:00Z", false),
            ("2026-11-28T22:00:00Z", false),
        ] {
            assert_eq!(night.contain(at(time)), inside, "{time}");
        }
    }

    #[test]
    fn days_can_be_listed_and_go_over_a_sunday() {
        let days =
            |text: &str| hours(&format!("{text} 00:00-24:00 UTC")).days.into_iter().collect::<Vec<_>>();
        assert_eq!(days("mon"), [0]);
        assert_eq!(days("tue,thu-fri"), [1, 3, 4]);
        assert_eq!(days("sat-mon"), [0, 5, 6]);
        let always = hours("mon-sun 00:00-24:00 UTC");
        assert!(always.contain(at("2026-11-22T23:59:59Z")) && always.contain(at("2026-11-23T00:00:00Z")));
    }

    #[test]
    fn never_is_at_no_time() {
        let week =
            (0..7 * 24).map(|hours| at("2026-11-22T00:00:00Z") + jiff::SignedDuration::from_hours(hours));
        assert!(week.into_iter().all(|at| !WorkingHours::never().contain(at)));
    }

    #[test]
    fn what_could_be_meant_otherwise_is_not_taken() {
        for wrong in [
            "",
            "mon-fri 08:00-18:00",
            "mon-fri 08:00-18:00 Europe/Berlin ",
            "mon-fri  08:00-18:00 Europe/Berlin",
            "Mon-Fri 08:00-18:00 Europe/Berlin",
            "mon-fri 8:00-18:00 Europe/Berlin",
            "mon-fri 08:00-08:00 Europe/Berlin",
            "mon-fri 24:00-08:00 Europe/Berlin",
            "mon-fri 08:60-18:00 Europe/Berlin",
            "mon-fri 08:00-24:01 Europe/Berlin",
            "mon-fri +8:00-18:00 Europe/Berlin",
            "mon-fri 08:00-18:00 europe/berlin",
            "mon-fri 08:00-18:00 Europe/Nowhere",
            "mon-fri 08:00-18:00 +01:00",
            "mon-tue-wed 08:00-18:00 UTC",
            "mon, 08:00-18:00 UTC",
        ] {
            assert!(wrong.parse::<WorkingHours>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn both_are_written_as_they_were_read() {
        for text in ["mon-fri 08:00-18:00 Europe/Berlin", "sat-sun,wed 22:00-06:00 America/New_York", "never"]
        {
            assert_eq!(serde_json::to_string(&hours(text)).unwrap(), format!("\"{text}\""));
        }
        let berlin: Zone = serde_json::from_str("\"Europe/Berlin\"").unwrap();
        assert_eq!(
            (serde_json::to_string(&berlin).unwrap(), berlin.is_utc()),
            ("\"Europe/Berlin\"".to_owned(), false)
        );
        assert_eq!("UTC".parse(), Ok(Zone::UTC));
        assert_eq!(berlin.hour_and_weekday(at("2026-11-22T23:30:00Z")), (0, 1));
        assert_eq!(Zone::UTC.hour_and_weekday(at("2026-11-22T23:30:00Z")), (23, 7));
    }
}
