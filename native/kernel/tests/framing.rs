//! SSE and NDJSON, whole and cut anywhere.

use graphbit_kernel::framing::{Frame, Framer, Framing, FramingError};
use proptest::prelude::*;

const LIMIT: usize = 64;

/// What a body gave: its frames, how reading ended, and whether a frame was left unfinished.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    frames: Vec<(String, String)>,
    end: Result<(), FramingError>,
    partial: bool,
}

fn read<'a>(framing: Framing, pieces: impl IntoIterator<Item = &'a [u8]>) -> Reading {
    let mut framer = Framer::new(framing, LIMIT);
    let mut out: Vec<Frame> = Vec::new();
    let mut end = pieces.into_iter().try_for_each(|piece| framer.push(piece, &mut out));
    if end.is_ok() {
        end = framer.finish(&mut out);
    }
    let partial = end.is_ok() && framer.has_partial();
    Reading { frames: out.into_iter().map(|frame| (frame.event, frame.data)).collect(), end, partial }
}

fn sse(body: &str) -> Vec<(String, String)> {
    let reading = read(Framing::Sse, [body.as_bytes()]);
    assert_eq!(reading.end, Ok(()));
    reading.frames
}

fn ndjson(body: &str) -> Vec<(String, String)> {
    let reading = read(Framing::Ndjson, [body.as_bytes()]);
    assert_eq!(reading.end, Ok(()));
    reading.frames
}

fn frames(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(event, data)| (event.to_string(), data.to_string())).collect()
}

fn partial(framing: Framing, body: &[u8]) -> bool {
    read(framing, [body]).partial
}

#[test]
fn an_empty_line_ends_an_event() {
    assert_eq!(sse("data: a\n\ndata: b\n\n"), frames(&[("", "a"), ("", "b")]));
}

#[test]
fn lines_end_with_lf_or_cr_or_both() {
    let expected = frames(&[("x", "a\nb"), ("", "c")]);
    for end in ["\n", "\r", "\r\n"] {
        assert_eq!(sse(&"event: x|data: a|data: b||data: c||".replace('|', end)), expected, "{end:?}");
    }
    assert_eq!(sse("event: x\rdata: a\r\ndata: b\n\rdata: c\n\r\n"), expected, "mixed");
}

#[test]
fn the_event_name_belongs_to_one_event() {
    assert_eq!(sse("event: ping\ndata: 1\n\ndata: 2\n\n"), frames(&[("ping", "1"), ("", "2")]));
    assert_eq!(sse("event: a\nevent: b\ndata: 1\n\n"), frames(&[("b", "1")]), "the last name counts");
}

#[test]
fn several_data_lines_are_joined_by_newlines() {
    assert_eq!(sse("data: a\ndata:\ndata: b\n\n"), frames(&[("", "a\n\nb")]));
    assert_eq!(
        sse("data\n\ndata\ndata\n\n"),
        frames(&[("", ""), ("", "\n")]),
        "as in the standard's example"
    );
}

#[test]
fn one_space_after_the_colon_is_not_data() {
    assert_eq!(sse("data:a\n\ndata:  b\n\ndata: c \n\n"), frames(&[("", "a"), ("", " b"), ("", "c ")]));
}

#[test]
fn an_event_without_data_is_not_dispatched() {
    assert_eq!(sse("event: ping\n\nid: 1\n\n\n\ndata: a\n\n"), frames(&[("", "a")]));
}

#[test]
fn comments_and_other_fields_make_no_frame() {
    let body = ": keep-alive\n\nid: 7\nretry: 10\nsomething: else\nDATA: no\n data: no\ndata: yes\n:\n\n";
    assert_eq!(sse(body), frames(&[("", "yes")]));
}

#[test]
fn a_colon_in_the_data_is_data() {
    assert_eq!(sse("data: {\"a\": \"b:c\"}\n\n"), frames(&[("", "{\"a\": \"b:c\"}")]));
}

#[test]
fn one_byte_order_mark_is_left_out_at_the_start_only() {
    assert_eq!(sse("\u{feff}data: a\n\n"), frames(&[("", "a")]));
    assert_eq!(sse("\u{feff}\u{feff}data: a\n\n"), frames(&[]));
    assert_eq!(sse("data: a\n\n\u{feff}data: b\n\n"), frames(&[("", "a")]));
}

#[test]
fn an_event_that_nothing_ended_is_not_dispatched_but_can_be_seen() {
    for body in ["data: a\n", "data: a", "event: x\n", "data: a\n\ndata: b\n", "d"] {
        assert!(partial(Framing::Sse, body.as_bytes()), "{body:?}");
    }
    for body in
        ["", "data: a\n\n", "\n", ": keep-alive", ": keep-alive\n", "id: 1\n", "\u{feff}", "\u{feff}:"]
    {
        assert!(!partial(Framing::Sse, body.as_bytes()), "{body:?}");
    }
    assert_eq!(sse("data: a\n\ndata: b\n"), frames(&[("", "a")]));
}

#[test]
fn each_line_is_one_frame_and_empty_lines_are_none() {
    assert_eq!(ndjson("{\"a\":1}\n\n  \r\n{\"b\":2}\r\n"), frames(&[("", "{\"a\":1}"), ("", "{\"b\":2}")]));
}

#[test]
fn the_last_line_needs_no_newline() {
    assert_eq!(ndjson("1\n2"), frames(&[("", "1"), ("", "2")]));
    assert!(!partial(Framing::Ndjson, b"1\n2"), "the end of the body completed it");
}

#[test]
fn a_line_that_waits_for_its_end_can_be_seen() {
    let mut framer = Framer::new(Framing::Ndjson, LIMIT);
    framer.push(b"1\n{\"a\"", &mut Vec::new()).expect("valid");
    assert!(framer.has_partial());
}

#[test]
fn bytes_that_are_not_utf8_are_a_typed_error_after_the_frames_before_them() {
    let reading = read(Framing::Sse, [&b"data: a\n\ndata: \xff\n\n"[..]]);
    assert_eq!((reading.frames, reading.end), (frames(&[("", "a")]), Err(FramingError::InvalidUtf8)));
    let reading = read(Framing::Ndjson, [&b"1\n\xc3"[..]]);
    assert_eq!((reading.frames, reading.end), (frames(&[("", "1")]), Err(FramingError::InvalidUtf8)));
}

#[test]
fn a_frame_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let too_large = Err(FramingError::TooLarge { limit: LIMIT });
    let line = |length: usize| format!("data: {}\n\n", "x".repeat(length - 6));
    assert_eq!(read(Framing::Sse, [line(LIMIT).as_bytes()]).end, Ok(()));
    assert_eq!(read(Framing::Sse, [line(LIMIT + 1).as_bytes()]).end, too_large);
    assert_eq!(read(Framing::Ndjson, ["x".repeat(LIMIT).as_bytes()]).end, Ok(()));
    assert_eq!(read(Framing::Ndjson, ["x".repeat(LIMIT + 1).as_bytes()]).end, too_large);
}

#[test]
fn many_short_lines_cannot_make_an_endless_frame() {
    let body = "data: abc\n".repeat(50);
    assert_eq!(read(Framing::Sse, [body.as_bytes()]).end, Err(FramingError::TooLarge { limit: LIMIT }));
}

#[test]
fn many_small_frames_and_comments_are_no_large_frame() {
    let body = "data: abc\n\n: ping\n".repeat(1000);
    assert_eq!(sse(&body).len(), 1000);
    assert_eq!(sse(&": ping\n".repeat(1000)), frames(&[]));
}

#[test]
fn every_cut_in_two_and_every_byte_alone_give_the_same_frames() {
    let sse =
        "\u{feff}event: é\r\ndata: 日本 😀\r\rdata: a\ndata: b\n\n: c\r\n\r\ndata: last\r\n\r\n".as_bytes();
    let ndjson = "{\"é\":\"日本\"}\r\n\n{\"x\":\"😀\"}\n  \nlast 😀".as_bytes();
    for (framing, body) in [(Framing::Sse, sse), (Framing::Ndjson, ndjson)] {
        let whole = read(framing, [body]);
        assert_eq!((whole.frames.len(), whole.end), (3, Ok(())));
        assert_eq!(read(framing, body.chunks(1)), whole);
        for cut in 0..=body.len() {
            assert_eq!(read(framing, [&body[..cut], &body[cut..]]), whole, "cut at {cut}");
        }
    }
}

/// The standard's text read literally, on a whole body that is known to be UTF-8 and small enough.
fn by_the_standard(body: &str) -> Vec<(String, String)> {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body).replace("\r\n", "\n").replace('\r', "\n");
    let (mut frames, mut event, mut data) = (Vec::new(), String::new(), String::new());
    let mut lines: Vec<&str> = body.split('\n').collect();
    lines.pop();
    for line in lines {
        if line.is_empty() {
            if !data.is_empty() {
                data.pop();
                frames.push((event.clone(), data.clone()));
            }
            event.clear();
            data.clear();
        } else if let Some((name, value)) = line.split_once(':').or(Some((line, ""))) {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "event" => event = value.to_owned(),
                "data" => data += &format!("{value}\n"),
                _ => {}
            }
        }
    }
    frames
}

/// Pieces that make trouble when put side by side; the last two are broken.
const WORDS: [&[u8]; 20] = [
    b"data: ",
    b"data:",
    b"data",
    b"event: ",
    b"id: 1",
    b": ping",
    b":",
    b" ",
    b"a",
    b"{\"x\":1}",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\n",
    b"\r\n\r\n",
    "\u{feff}".as_bytes(),
    "é".as_bytes(),
    "😀".as_bytes(),
    b"\xf0\x9f",
    b"\xff",
];

/// Broken pieces are rare, so that most bodies are read to their end.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![99 => 0..18usize, 1 => 18..20usize].prop_map(|index| WORDS[index]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

fn pieces<'a>(body: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    at.extend([0, body.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_cut_of_any_body_gives_the_same_frames(
        body in body(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)
    ) {
        for framing in [Framing::Sse, Framing::Ndjson] {
            let whole = read(framing, [&body[..]]);
            prop_assert_eq!(&read(framing, pieces(&body, &cuts)), &whole);
            prop_assert_eq!(&read(framing, body.chunks(1)), &whole);
        }
    }

    #[test]
    fn frames_are_those_of_the_standard(body in body()) {
        let reading = read(Framing::Sse, [&body[..]]);
        if let (Ok(text), Ok(())) = (std::str::from_utf8(&body), reading.end) {
            prop_assert_eq!(reading.frames, by_the_standard(text));
        }
    }
}
