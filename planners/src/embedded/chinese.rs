//! Chinese requests as English words, phrase by phrase, with the little grammar that the order of words needs.

use super::{
    tokens::{Token, TokenKind},
    vocabulary::{Chinese, Words},
};

/// Stands in the phrase table for words before an object that stands before its verb.
const OBJECT_MARKER: &str = "<object>";

/// Whether `character` is a Chinese character.
pub(super) const fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// The longest phrase of the table at the start of `text`: its length in bytes, and its English.
pub(super) fn longest_phrase<'a>(text: &str, chinese: &'a Chinese) -> Option<(usize, &'a str)> {
    let ends: Vec<usize> = text
        .char_indices()
        .map(|(at, each)| at + each.len_utf8())
        .take(MAX_PHRASE)
        .collect();
    ends.into_iter().rev().find_map(|end| {
        let phrase = text.get(..end)?;
        if chinese.object_markers.contains(phrase) {
            return Some((end, OBJECT_MARKER));
        }
        Some((end, chinese.phrases.get(phrase)?.as_str()))
    })
}

/// The most characters of a phrase.
const MAX_PHRASE: usize = 12;

/// A number in Chinese digits at the start of `text`, unless a phrase of the table begins there too.
pub(super) fn number(text: &str, chinese: &Chinese) -> Option<(f64, usize)> {
    let mut length = 0;
    let (mut total, mut digit, mut any_digit) = (0_u32, 0_u32, false);
    for each in text.chars() {
        if let Some(&value) = chinese.digits.get(&each) {
            digit = digit.checked_mul(10)?.checked_add(value)?;
            any_digit = true;
        } else if let Some(&power) = chinese.powers.get(&each) {
            let count = if any_digit { digit } else { 1 };
            total = total.checked_add(count.checked_mul(power)?)?;
            (digit, any_digit) = (0, false);
        } else {
            break;
        }
        length += each.len_utf8();
    }
    if length == 0 || longest_phrase(text, chinese).is_some_and(|(end, _)| end >= length) {
        return None;
    }
    Some((f64::from(total.checked_add(digit)?), length))
}

/// Puts objects behind their verbs and "percent" behind its number.
pub(super) fn reorder(tokens: &mut Vec<Token>, words: &Words) {
    let mut at = 0;
    while at < tokens.len() {
        let percent = tokens[at].kind == TokenKind::Translated && tokens[at].text == "percent";
        let number_behind = tokens
            .get(at + 1)
            .is_some_and(|next| next.number().is_some());
        let number_before = at > 0 && tokens[at - 1].number().is_some();
        if percent && number_behind && !number_before {
            tokens.swap(at, at + 1);
        }
        if tokens[at].text == OBJECT_MARKER {
            let object = at + 1;
            let verb = tokens[object..]
                .iter()
                .take_while(|token| !matches!(token.kind, TokenKind::Break(_)))
                .position(|token| token.is_word() && words.verbs.contains(&token.text));
            let start = tokens[at].source.start;
            if let Some(first) = tokens.get_mut(object) {
                first.source.start = first.source.start.min(start);
            }
            if let Some(distance) = verb {
                tokens[object..=object + distance].rotate_right(1);
            }
            tokens.remove(at);
            continue;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{tokens::tokenize, vocabulary::Vocabulary};
    use super::*;

    #[test]
    fn numbers_are_read() {
        let chinese = Vocabulary::built_in().unwrap().chinese;
        for (text, value) in [
            ("九十度", 90.0),
            ("三百像素", 300.0),
            ("一百二十", 120.0),
            ("四五〇", 450.0),
            ("十五", 15.0),
        ] {
            assert_eq!(number(text, &chinese).unwrap().0, value, "{text}");
        }
        assert_eq!(number("一半", &chinese), None, "it is a phrase");
        assert_eq!(number("图", &chinese), None);
    }

    #[test]
    fn an_object_goes_behind_its_verb() {
        let vocabulary = Vocabulary::built_in().unwrap();
        let words: Vec<String> = tokenize("把图片旋转90度", &[], &vocabulary)
            .into_iter()
            .map(|token| token.text)
            .collect();
        assert_eq!(words.join(" "), "rotate the picture 90 degrees");
    }
}
