//! The date of a file.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// The day of the last change, as `2026-01-31` (UTC); `None` if the file system keeps none.
pub fn modified(file: &Metadata) -> Option<String> {
    let seconds = file
        .modified()
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?
        .as_secs();
    let (year, month, day) = date(seconds / 86_400);
    Some(format!("{year}-{month:02}-{day:02}"))
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar (Hinnant, “chrono-Compatible
/// Low-Level Date Algorithms”, `civil_from_days`). Years begin in March, so that the leap day is the last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = match month_from_march < 10 {
        true => month_from_march + 3,
        false => month_from_march - 9,
    };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_those_of_the_gregorian_calendar() {
        // From `date -u -d @$((days * 86400)) +%F`.
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_453, (2025, 12, 31)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(days), expected);
        }
    }
}
