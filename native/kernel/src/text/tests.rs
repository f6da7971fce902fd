//! Offsets are exact, nothing is lost, nothing is too long: for any text.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

const DEFAULT: [&str; 5] = ["\n\n", "\n", ". ", " ", ""];

fn cut(text: &str, spans: &[Span]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    spans.iter().map(|&(start, end)| chars[start..end].iter().collect()).collect()
}

fn characters(text: &str, size: usize, overlap: usize) -> Vec<String> {
    cut(text, &split_characters(text, size, overlap).unwrap())
}

fn recursive(text: &str, size: usize, overlap: usize) -> Vec<String> {
    cut(text, &split_recursive(text, size, overlap, &DEFAULT).unwrap())
}

fn said(text: &str) -> Vec<String> {
    cut(text, &sentences(text))
}

#[test]
fn windows_of_characters_overlap_exactly() {
    assert_eq!(characters("abcdefghij", 4, 1), ["abcd", "defg", "ghij"]);
    assert_eq!(characters("äöüßéàèùçê", 4, 1), ["äöüß", "ßéàè", "èùçê"]);
    assert_eq!(characters("abc", 9, 8), ["abc"]);
    assert!(characters("", 4, 1).is_empty());
}

#[test]
fn a_window_does_not_cut_what_a_reader_sees_as_one_character() {
    let family = "👨‍👩‍👧";
    assert_eq!(characters(&format!("ab{family}cd"), 6, 0), ["ab", &format!("{family}c"), "d"]);
    assert_eq!(characters("ab\r\ncd", 3, 0), ["ab", "\r\nc", "d"]);
    assert_eq!(characters("ab\r\ncd", 4, 1), ["ab\r\n", "cd"]);
}

#[test]
fn a_cluster_longer_than_a_window_is_cut() {
    let text = format!("a{}", "\u{301}".repeat(9));
    assert_eq!(split_characters(&text, 4, 1), Ok(vec![(0, 4), (3, 7), (6, 10)]));
    assert_eq!(split_recursive(&text, 4, 0, &DEFAULT), Ok(vec![(0, 4), (4, 8), (8, 10)]));
}

#[test]
fn wrong_sizes_are_named() {
    let error = |field, message: &str| Err(Error::validation(field, message));
    assert_eq!(split_characters("a", 0, 0), error("size", "must be at least 1, got 0"));
    let refused = split_recursive("a", 3, 5, &DEFAULT);
    assert_eq!(refused, error("overlap", "must be less than size, which is 3, got 5"));
}

#[test]
fn paragraphs_stay_whole_where_they_fit() {
    let text = "First one.\n\nSecond one. It is longer.\n\nThird.";
    assert_eq!(recursive(text, 30, 0), ["First one.", "Second one. It is longer.", "Third."]);
    assert_eq!(recursive(text, 20, 0), ["First one.", "Second one.", "It is longer.", "Third."]);
}

#[test]
fn pieces_are_merged_as_far_as_they_fit() {
    assert_eq!(recursive("aa bb cc dd ee", 8, 0), ["aa bb cc", "dd ee"]);
}

#[test]
fn a_separator_stays_with_what_is_left_of_it() {
    let spans = split_recursive("a|b|c", 2, 0, &["|"]).unwrap();
    assert_eq!(cut("a|b|c", &spans), ["a|", "b|", "c"]);
}

#[test]
fn a_chunk_starts_at_the_earliest_seam_within_the_overlap() {
    assert_eq!(recursive("aa bb cc dd ee ff", 8, 5), ["aa bb cc", "bb cc dd", "cc dd ee", "dd ee ff"]);
    assert_eq!(recursive("aa bb cc dd ee ff", 8, 4), ["aa bb cc", "cc dd ee", "ee ff"]);
}

#[test]
fn a_large_piece_is_overlapped_at_a_finer_seam() {
    let text = "one two three\n\nfour five";
    assert_eq!(recursive(text, 14, 6), ["one two three", "four five"]);
    assert_eq!(recursive(text, 17, 6), ["one two three", "three\n\nfour five"]);
    assert_eq!(recursive(text, 22, 9), ["one two three", "two three\n\nfour five"]);
    assert_eq!(recursive("東京大阪\n\n名古屋", 7, 3), ["東京大阪", "大阪\n\n名古屋"]);
}

#[test]
fn a_text_without_seams_is_cut_between_clusters() {
    assert_eq!(recursive("abcdefghij", 4, 1), ["abcd", "defg", "ghij"]);
    assert_eq!(cut("abcdef", &split_recursive("abcdef", 4, 0, &[]).unwrap()), ["abcd", "ef"]);
}

#[test]
fn white_space_alone_gives_nothing() {
    assert!(recursive(" \n\n \t \u{1c} \u{3000} ", 3, 1).is_empty());
    assert!(said(" \n\n \t ").is_empty());
}

#[test]
fn thousands_of_separators_need_no_deep_recursion() {
    let separators = vec!["|"; 20_000];
    assert_eq!(split_recursive("abc|def", 2, 0, &separators).unwrap().len(), 4);
    let text = "a|".repeat(50_000);
    assert_eq!(split_recursive(&text, 2, 0, &["|"]).unwrap().len(), 50_000);
}

#[test]
fn a_cluster_of_any_length_is_cut_in_linear_time() {
    let text = format!("a{}", "\u{301}".repeat(100_000));
    assert_eq!(split_recursive(&text, 10, 9, &DEFAULT).unwrap().len(), 10_001);
}

#[test]
fn sentences_end_at_terminators_but_not_inside_numbers() {
    assert_eq!(
        said("Pi is 3.14. Is it? Yes!  \"Good.\" Done"),
        ["Pi is 3.14.", "Is it?", "Yes!", "\"Good.\"", "Done"]
    );
    assert_eq!(said("これは文です。次の文です。"), ["これは文です。", "次の文です。"]);
}

#[test]
fn a_single_newline_does_not_end_a_sentence_and_an_empty_line_does() {
    assert_eq!(said("A line\nthat goes on.\r\nNext"), ["A line\nthat goes on.", "Next"]);
    assert_eq!(said("A title\n\nSome text\r\n \t\r\nMore\r\rEnd"), ["A title", "Some text", "More", "End"]);
}

#[test]
fn a_page_of_blanks_is_read_in_linear_time() {
    let text = format!("End. {}{}next", " ".repeat(300_000), ")".repeat(300_000));
    assert_eq!(said(&text)[0], "End.");
    assert!(sentences(&text).last().is_some_and(|last| last.1 == text.len()));
}

#[test]
fn words_are_what_holds_letters_or_digits() {
    let text = "Can't stop: 3.5 km, naïve 東!";
    assert_eq!(cut(text, &words(text)), ["Can't", "stop", "3.5", "km", "naïve", "東"]);
}

/// Any text, with plenty of what is hard: seams, marks, joiners, flags, line ends.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-zA-Z]{1,8}",
        4 => Just(" ".to_owned()),
        2 => prop::sample::select(vec![". ", "\n", "\n\n", "\r\n", "!", "? ", "\u{85}", "\u{1e}"]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["\u{301}", "👨‍👩‍👧", "🇩🇪", "é", "東京", "한국", "\u{200d}", "\u{fe0f}", "नि"]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

fn sizes() -> impl Strategy<Value = (usize, usize)> {
    (1..25usize).prop_flat_map(|size| (Just(size), 0..size))
}

fn assert_sound(text: &str, spans: &[Span], size: usize) {
    let chars: Vec<char> = text.chars().collect();
    let mut held = vec![false; chars.len()];
    for &(start, end) in spans {
        assert!(start < end && end <= chars.len(), "span {start}..{end}");
        assert!(end - start <= size, "span {start}..{end} is longer than {size}");
        held[start..end].fill(true);
    }
    for pair in spans.windows(2) {
        assert!(pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1, "{pair:?} do not go forward");
    }
    for (at, c) in chars.iter().enumerate() {
        assert!(held[at] || is_space(*c), "character {at} {c:?} is lost");
    }
}

fn assert_trimmed(text: &str, spans: &[Span]) {
    for chunk in cut(text, spans) {
        assert_eq!(chunk.trim_matches(is_space), chunk);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn windows_hold_all_and_overlap_as_asked_between_single_characters(
        text in text(),
        (size, overlap) in sizes(),
    ) {
        let spans = split_characters(&text, size, overlap).unwrap();
        assert_sound(&text, &spans, size);
        prop_assert_eq!(spans.last().map_or(0, |last| last.1), text.chars().count());
        let longest = text.graphemes(true).map(|one| one.chars().count()).max().unwrap_or(1);
        for pair in spans.windows(2) {
            let shared = pair[0].1.checked_sub(pair[1].0);
            prop_assert!(shared.is_some_and(|shared| shared <= overlap));
            prop_assert!(longest > 1 || shared == Some(overlap));
        }
    }

    #[test]
    fn windows_cut_no_cluster_that_fits(text in text(), (size, overlap) in sizes()) {
        let mut at = 0;
        let clusters: Vec<Span> = text.graphemes(true).map(|one| {
            at += one.chars().count();
            (at - one.chars().count(), at)
        }).collect();
        for (start, end) in split_characters(&text, size, overlap).unwrap() {
            for &(from, to) in clusters.iter().filter(|(from, to)| to - from <= size) {
                prop_assert!([start, end].iter().all(|&edge| edge <= from || to <= edge));
            }
        }
    }

    #[test]
    fn recursive_chunks_are_sound(text in text(), (size, overlap) in sizes()) {
        let spans = split_recursive(&text, size, overlap, &DEFAULT).unwrap();
        assert_sound(&text, &spans, size);
        assert_trimmed(&text, &spans);
        for pair in spans.windows(2) {
            prop_assert!(pair[0].1.saturating_sub(pair[1].0) <= overlap);
        }
    }

    #[test]
    fn an_overlap_is_there_whenever_a_seam_allows_it(
        words in prop::collection::vec(1..6usize, 1..40),
        (size, overlap) in (6..25usize).prop_flat_map(|size| (Just(size), 0..size)),
    ) {
        let text = words.iter().map(|length| "x".repeat(*length)).collect::<Vec<_>>().join(" ");
        let spans = split_recursive(&text, size, overlap, &[" "]).unwrap();
        let starts: Vec<usize> = words.iter().scan(0, |at, length| {
            *at += length + 1;
            Some(*at - length - 1)
        }).collect();
        for pair in spans.windows(2) {
            let end = pair[0].1;
            let next = starts.iter().position(|&start| start > end).unwrap();
            let next_end = starts[next] + words[next];
            let expected = starts.iter().copied().find(|&start| {
                start > pair[0].0 && (start > end || start + overlap >= end) && next_end - start <= size
            });
            prop_assert_eq!(Some(pair[1].0), expected);
        }
    }

    #[test]
    fn any_separators_keep_chunks_sound(
        text in text(),
        (size, overlap) in sizes(),
        separators in prop::collection::vec("[a-c .\n]{0,2}", 0..5),
    ) {
        let separators: Vec<&str> = separators.iter().map(String::as_str).collect();
        let spans = split_recursive(&text, size, overlap, &separators).unwrap();
        assert_sound(&text, &spans, size);
        assert_trimmed(&text, &spans);
    }

    #[test]
    fn sentences_and_words_are_in_order_and_lose_nothing(text in text()) {
        let spans = sentences(&text);
        assert_sound(&text, &spans, usize::MAX);
        assert_trimmed(&text, &spans);
        let found: Vec<String> = cut(&text, &words(&text));
        prop_assert_eq!(found, text.unicode_words().collect::<Vec<_>>());
        prop_assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    }
}
