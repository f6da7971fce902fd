//! How long a server asks to be left alone, read from headers by their shape. One reader for all providers:
//! their names and formats differ, their shapes do not.

use std::time::Duration;

use super::dates::{http_date, rfc3339};

/// A plain number above this is a point in time: thirty years are no wait.
const EPOCH_SECONDS: f64 = 1e9;
/// And above this one in milliseconds.
const EPOCH_MILLIS: f64 = 1e11;

/// How long to wait after a reply that failed: by `retry-after-ms`, `retry-after` (seconds or a date), else until
/// the reset of every rate-limit window that has nothing left, or does not say what it has. Past is zero, and
/// what cannot be read is absent. `now`: wall time, for replies without a `date`.
pub fn retry_after<'a>(
    headers: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    now: Duration,
) -> Option<Duration> {
    let value = |name| header(headers.clone(), name);
    if let Some(millis) = value("retry-after-ms").and_then(decimal) {
        return duration(millis / 1000.0);
    }
    if let Some(value) = value("retry-after") {
        let wait = decimal(value).or_else(|| Some(http_date(value)? - server_time(headers.clone(), now)));
        if let Some(wait) = wait {
            return duration(wait);
        }
    }
    longest_reset(headers, now, |remaining| remaining.is_none_or(|left| left <= 0.0))
}

/// How long nothing more should be sent after a reply that is good: until the reset of every rate-limit window
/// that says it has nothing left.
pub fn used_up<'a>(
    headers: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    now: Duration,
) -> Option<Duration> {
    longest_reset(headers, now, |remaining| remaining.is_some_and(|left| left <= 0.0))
}

/// The longest reset of the windows whose `remaining` is `wanted`.
fn longest_reset<'a>(
    headers: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    now: Duration,
    wanted: impl Fn(Option<f64>) -> bool,
) -> Option<Duration> {
    let mut longest = None;
    for (name, value) in headers.clone() {
        if !part_of_window(name, "reset") {
            continue;
        }
        let mut found = headers.clone().filter(|(other, _)| same_window(name, other));
        let remaining = found.find_map(|(_, left)| decimal(left));
        if wanted(remaining)
            && let Some(wait) = reset(value, || server_time(headers.clone(), now))
        {
            longest = longest.max(duration(wait));
        }
    }
    longest
}

/// Whether a header is the `part` (`reset`, `remaining`) of a window such as `x-ratelimit-reset-tokens`,
/// `anthropic-ratelimit-tokens-reset`, `ratelimit-reset` or `x-rate-limit-reset`.
fn part_of_window(name: &str, part: &str) -> bool {
    let of_limits = |text: &str| {
        let text = text.as_bytes();
        [&b"ratelimit"[..], b"rate-limit"]
            .iter()
            .any(|word| text.windows(word.len()).any(|found| found.eq_ignore_ascii_case(word)))
    };
    of_limits(name) && name.split('-').any(|word| word.eq_ignore_ascii_case(part))
}

/// Whether `other` says what remains in the window whose reset is `name`.
fn same_window(name: &str, other: &str) -> bool {
    let without = |word: &'static str| move |text: &&str| !text.eq_ignore_ascii_case(word);
    let (mut left, mut right) =
        (name.split('-').filter(without("reset")), other.split('-').filter(without("remaining")));
    part_of_window(other, "remaining")
        && loop {
            match (left.next(), right.next()) {
                (None, None) => break true,
                (Some(left), Some(right)) if left.eq_ignore_ascii_case(right) => {}
                _ => break false,
            }
        }
}

/// Seconds until a reset, negative for one that is past. Without a unit a small number is seconds, a large one a
/// point in time.
fn reset(text: &str, now: impl Fn() -> f64) -> Option<f64> {
    let text = text.trim();
    if let Some(number) = decimal(text) {
        return Some(match number {
            _ if number >= EPOCH_MILLIS => number / 1000.0 - now(),
            _ if number >= EPOCH_SECONDS => number - now(),
            _ => number,
        });
    }
    go_duration(text).or_else(|| Some(rfc3339(text).or_else(|| http_date(text))? - now()))
}

/// `6m0s`, `12ms`, `1h2m3.5s`: numbers with units, the largest first.
fn go_duration(text: &str) -> Option<f64> {
    let (mut rest, mut seconds, mut largest) = (text, 0.0, f64::INFINITY);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, more) = rest.split_at(digits);
        let end = more.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(more.len());
        let (unit, more) = more.split_at(end);
        let unit = match unit {
            "d" => 86_400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        if unit >= largest {
            return None;
        }
        (rest, seconds, largest) = (more, seconds + decimal(number)? * unit, unit);
    }
    (largest < f64::INFINITY).then_some(seconds)
}

/// A number without sign or exponent, white space around it aside.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let sensible = whole.len() <= 15 && whole.len() + fraction.len() > 0 && digits(whole) && digits(fraction);
    sensible.then(|| text.parse().ok()).flatten()
}

/// The server's own clock, if it says what it shows: the two may differ.
fn server_time<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>, now: Duration) -> f64 {
    header(headers, "date").and_then(|date| http_date(date.trim())).unwrap_or(now.as_secs_f64())
}

fn header<'a>(mut headers: impl Iterator<Item = (&'a str, &'a str)>, name: &str) -> Option<&'a str> {
    headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}
