//! Waits are read by shape, whoever sent them and whatever they are called.

use std::time::Duration;

use graphbit_kernel::http::{retry_after, used_up};
use proptest::prelude::*;

/// 15 January 2027, 08:00 GMT.
const NOW: Duration = Duration::from_secs(1_800_000_000);

fn asked(headers: &[(&str, &str)]) -> Option<f64> {
    retry_after(headers.iter().copied(), NOW).map(|wait| wait.as_secs_f64())
}

fn left(headers: &[(&str, &str)]) -> Option<f64> {
    used_up(headers.iter().copied(), NOW).map(|wait| wait.as_secs_f64())
}

#[test]
fn a_reset_is_read_in_every_shape() {
    let shapes = [
        ("6m0s", Some(360.0)),
        ("12ms", Some(0.012)),
        ("2m59.56s", Some(179.56)),
        ("1h2m3s", Some(3723.0)),
        ("750us", Some(0.000_75)),
        ("7.66", Some(7.66)),
        ("30", Some(30.0)),
        ("0", Some(0.0)),
        ("1800000030", Some(30.0)),
        ("1800000030.25", Some(30.25)),
        ("1800000030250", Some(30.25)),
        ("1799999990", Some(0.0)),
        ("2027-01-15T08:00:30Z", Some(30.0)),
        ("2027-01-15T08:00:30.5Z", Some(30.5)),
        ("2027-01-15T10:00:30+02:00", Some(30.0)),
        ("2027-01-15T03:00:30-05:00", Some(30.0)),
        ("2027-01-15T07:00:00Z", Some(0.0)),
        ("Fri, 15 Jan 2027 08:00:30 GMT", Some(30.0)),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("6m0", None),
        ("5s5m", None),
        ("m", None),
        ("1e3", None),
        ("2027-13-15T08:00:30Z", None),
        ("2027-01-15T25:00:30Z", None),
        ("2027-01-15", None),
    ];
    for (value, wait) in shapes {
        for (reset, remaining) in [
            ("x-ratelimit-reset-requests", "x-ratelimit-remaining-requests"),
            ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining"),
            ("X-RateLimit-Reset", "X-RateLimit-Remaining"),
            ("x-rate-limit-reset", "x-rate-limit-remaining"),
            ("ratelimitbysize-reset", "ratelimitbysize-remaining"),
        ] {
            assert_eq!(asked(&[(reset, value), (remaining, "0")]), wait, "{reset}: {value}");
            assert_eq!(left(&[(remaining, "0"), (reset, value)]), wait, "{reset}: {value}");
        }
    }
}

#[test]
fn only_the_windows_of_which_nothing_is_left_count_and_the_longest_wins() {
    let headers = [
        ("x-ratelimit-remaining-requests", "12"),
        ("x-ratelimit-reset-requests", "6m0s"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "12ms"),
    ];
    assert_eq!((asked(&headers), left(&headers)), (Some(0.012), Some(0.012)));
    let headers = [headers[0], headers[1], ("x-ratelimit-remaining-tokens", "7"), headers[3]];
    assert_eq!((asked(&headers), left(&headers)), (None, None));
    let headers = [("x-ratelimit-remaining-requests", "0"), headers[1], headers[2], headers[3]];
    assert_eq!(asked(&headers), Some(360.0));
}

#[test]
fn a_window_that_does_not_say_what_is_left_counts_for_a_refusal_but_not_for_a_good_reply() {
    assert_eq!(asked(&[("x-ratelimit-reset", "20")]), Some(20.0));
    assert_eq!(left(&[("x-ratelimit-reset", "20")]), None);
}

#[test]
fn what_is_said_outright_wins_over_a_reset() {
    let reset = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "50")];
    assert_eq!(asked(&[reset[0], reset[1], ("retry-after", "3")]), Some(3.0));
    assert_eq!(asked(&[reset[0], reset[1], ("Retry-After-Ms", "250"), ("retry-after", "3")]), Some(0.25));
    assert_eq!(asked(&[reset[0], reset[1], ("retry-after", "soon")]), Some(50.0));
}

#[test]
fn a_date_is_counted_from_the_servers_own_clock() {
    let date = ("date", "Wed, 01 Jan 2020 00:00:00 GMT");
    assert_eq!(asked(&[date, ("retry-after", "Wed, 01 Jan 2020 00:00:07 GMT")]), Some(7.0));
    let window = [("ratelimit-remaining", "0"), ("ratelimit-reset", "1577836809")];
    assert_eq!(left(&[date, window[0], window[1]]), Some(9.0));
}

/// Texts that are nearly a wait.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        ".*",
        "[0-9.]{0,400}",
        "([0-9.]{0,5}(h|m|s|ms|us|µs|ns|d)){0,4}",
        "[0-9]{0,5}-[0-9]{0,3}-[0-9]{0,3}[Tt ][0-9:.]{0,12}(Z|[+-][0-9:]{0,6})",
        "(Fri)?,? [0-9]{0,3}[ -](Jan|Feb|Foo)[ -][0-9]{0,5} [0-9:]{0,9} (GMT|UTC|)",
        "(Fri) (Jan|Dec) [0-9]{1,2} [0-9:]{0,9} [0-9]{0,5}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "retry-after", "retry-after-ms", "date", "x-ratelimit-reset", "x-ratelimit-remaining",
            "x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens", "anthropic-ratelimit-input-reset",
            "anthropic-ratelimit-input-remaining",
        ]).prop_map(str::to_owned),
        1 => "x?-?rate-?limit[-a-zé]{0,20}",
        1 => ".*",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_header_makes_it_panic(
        headers in prop::collection::vec((name(), value()), 0..8), now in any::<u64>()
    ) {
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let now = Duration::from_nanos(now);
        if let Some(left) = used_up(pairs.clone(), now) {
            let asked = retry_after(pairs.filter(|(name, _)| !name.to_lowercase().starts_with("retry")), now);
            prop_assert!(asked >= Some(left));
        }
    }

    #[test]
    fn every_second_is_read_as_it_was_written(day in 0u64..47_000, second in 0u64..86_400) {
        let (year, month, date) = civil(day);
        let (hour, minute, second_of) = (second / 3600, second / 60 % 60, second % 60);
        let clock = format!("{hour:02}:{minute:02}:{second_of:02}");
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let written = [
            format!("Mon, {date:02} {} {year} {clock} GMT", names[month - 1]),
            format!("Mon {} {date:2} {clock} {year}", names[month - 1]),
            format!("{year}-{month:02}-{date:02}T{clock}Z"),
        ];
        for text in written {
            let headers = [("ratelimit-reset", text.as_str())];
            let wait = retry_after(headers.into_iter(), Duration::ZERO);
            prop_assert_eq!(wait, Some(Duration::from_secs(day * 86_400 + second)), "{}", text);
        }
    }
}

/// Year, month and day, counted up day by day.
fn civil(day: u64) -> (u64, usize, u64) {
    let (mut year, mut left) = (1970, day);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, length) in lengths.into_iter().enumerate() {
        if left < length {
            return (year, month + 1, left + 1);
        }
        left -= length;
    }
    unreachable!("a year has no such day")
}
