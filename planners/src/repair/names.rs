//! Which of several names another name was meant to be.

use super::words::fold;

/// The least likeness in spelling, 0 to 1, at which one name counts as another.
const ALIKE: f64 = 0.8;

/// How much liker than every other name it must be.
const MARGIN: f64 = 0.08;

/// The name that `wanted` equals but for case and punctuation, else the only one that is spelt nearly the same.
pub(super) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(wanted);
    let scored = names.map(|name| {
        let likeness = strsim::normalized_damerau_levenshtein(&folded, &fold(name));
        (likeness, name)
    });
    clear_best(scored.collect(), ALIKE, MARGIN)
}

/// The best of several, if it is good enough and clearly better than the next.
pub(super) fn clear_best<T>(mut scored: Vec<(f64, T)>, least: f64, margin: f64) -> Option<T> {
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut scored = scored.into_iter();
    let (best, name) = scored.next().filter(|(score, _)| *score >= least)?;
    let next = scored.next().map_or(0.0, |(score, _)| score);
    (best - next >= margin).then_some(name)
}
