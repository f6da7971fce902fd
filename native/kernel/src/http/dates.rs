//! Points in time as HTTP and RFC 3339 write them, in seconds since the epoch.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS_IN_MONTH: [i64; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// `Fri, 15 Jan 2027 08:00:10 GMT` and the two older forms that RFC 9110 names; all of them are GMT.
pub(super) fn http_date(text: &str) -> Option<f64> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, clock) = match words[..] {
        [_, day, month, year, clock, "GMT" | "UTC" | "+0000"] => (day, month, year, clock),
        [_, month, day, clock, year] => (day, month, year, clock),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))?;
    let year = match (year.len(), number(year)?) {
        (2, year) => year + if year < 70 { 2000 } else { 1900 },
        (_, year) => year,
    };
    let days = days(year, month as i64 + 1, number(day)?)?;
    Some(days as f64 * 86_400.0 + time_of_day(clock)?)
}

/// `2027-01-15T08:00:10.5Z`, also with an offset.
pub(super) fn rfc3339(text: &str) -> Option<f64> {
    let (date, time) = text.split_at_checked(10)?;
    let mut parts = date.split('-').map(number);
    let days = days(parts.next()??, parts.next()??, parts.next()??)?;
    if parts.next().is_some() {
        return None;
    }
    let time = time.strip_prefix(['T', 't', ' '])?;
    let at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(at);
    Some(days as f64 * 86_400.0 + time_of_day(clock)? - offset(zone)?)
}

fn offset(zone: &str) -> Option<f64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0.0);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let seconds = (hours * 3600 + minutes * 60) as f64;
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -seconds } else { seconds })
}

/// Seconds of `08:00:10` or `08:00:10.5`; a leap second counts as the first of the next minute.
fn time_of_day(clock: &str) -> Option<f64> {
    let mut parts = clock.splitn(3, ':');
    let (hours, minutes, seconds) = (number(parts.next()?)?, number(parts.next()?)?, parts.next()?);
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: f64 = digits.then(|| format!("0.{fraction}").parse().ok()).flatten()?;
    let seconds = number(whole)?;
    (hours < 24 && minutes < 60 && seconds < 61)
        .then(|| (hours * 3600 + minutes * 60 + seconds) as f64 + fraction)
}

/// Up to four digits, nothing else.
fn number(text: &str) -> Option<i64> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Days from the epoch to a date of the Gregorian calendar, by Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let longest = *DAYS_IN_MONTH.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    if !(1..=longest).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}
