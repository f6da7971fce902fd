//! What someone may have meant who wrote a name that does not exist.

/// ` (did you mean "x"?)`, or nothing when no known name is near: at most a third of its letters differ.
pub fn nearest(name: &str, known: &[&str]) -> String {
    let distances = known.iter().map(|known| (distance(name, known), *known));
    let near = distances.filter(|(distance, known)| distance * 3 <= known.chars().count());
    near.min().map_or(String::new(), |(_, known)| format!(" (did you mean {known:?}?)"))
}

/// Letters to insert, remove or replace (Levenshtein). A name longer than any setting is near to none.
fn distance(one: &str, other: &str) -> usize {
    const LONGEST: usize = 64;
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(LONGEST).collect(), other.chars().collect());
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, left) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
