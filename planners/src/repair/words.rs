//! Words of names and of arguments, brought into one form.

use crate::embedded::matching::stem;

/// Words that describe an input without saying what it is: "the input image", "generated text".
const FILLERS: &str = include_str!("../../data/repair/filler_words.txt");

/// The words of a name or a text in lower case; `TextToSpeech`, `text-to-speech` and `text_to_speech` have the same.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    for each in text.chars() {
        let starts = (each.is_uppercase() && previous.is_lowercase())
            || (each.is_numeric() != previous.is_numeric());
        if !each.is_alphanumeric() || starts {
            words.push(String::new());
        }
        if let (true, Some(word)) = (each.is_alphanumeric(), words.last_mut()) {
            word.extend(each.to_lowercase());
        }
        previous = each;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A name without case and punctuation.
pub(super) fn fold(name: &str) -> String {
    words(name).concat()
}

/// A word without its ending, so that "extractor" and "extracts" are one.
pub(super) fn root(word: &str) -> String {
    let stem = stem(word);
    match stem.strip_suffix("or").filter(|rest| rest.len() >= 4) {
        Some(rest) => rest.to_owned(),
        None => stem,
    }
}

/// Whether a text only describes an input: there is nothing in it to work on.
pub(super) fn is_filler(text: &str) -> bool {
    let number = |word: &str| word.chars().all(char::is_numeric);
    words(text)
        .iter()
        .all(|word| number(word) || FILLERS.split_whitespace().any(|filler| filler == word))
}
