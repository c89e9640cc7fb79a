//! Breaks text into lines that fit.
//!
//! Lines may break at white space, and between characters of scripts that are written without it. Lengths are in ems.

use super::lettering::Typeface;
use crate::ocr::is_wide;

/// Stands for what was left out.
const ELLIPSIS: char = '…';

/// What may not begin a line in Chinese and Japanese.
const CLOSING: &str = "，。、；：！？）》」』】〉〕’”…";

/// The lines of `text`, each as long as fits into `width`. What cannot be broken may be longer.
pub(super) fn lines(typeface: &Typeface, text: &str, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0.0;
    for piece in pieces(text) {
        let needed = typeface.width(piece.trim_end());
        let whole = typeface.width(&piece);
        match lines.last_mut().filter(|_| used + needed <= width) {
            Some(line) => {
                line.push_str(&piece);
                used += whole;
            }
            None => {
                lines.push(piece);
                used = whole;
            }
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// At most `most` lines that are no longer than `width`; what does not fit is left out behind an ellipsis.
pub(super) fn shortened(typeface: &Typeface, text: &str, width: f32, most: usize) -> Vec<String> {
    let mut lines = lines(typeface, text, width);
    let cut = lines.len() > most;
    lines.truncate(most);
    let last = lines.len().saturating_sub(1);
    for (number, line) in lines.iter_mut().enumerate() {
        if typeface.width(line) > width || (cut && number == last) {
            shorten(typeface, line, width);
        }
    }
    lines
}

fn shorten(typeface: &Typeface, line: &mut String, width: f32) {
    let room = width - typeface.width(&ELLIPSIS.to_string());
    while typeface.width(line.trim_end()) > room && line.pop().is_some() {}
    line.truncate(line.trim_end().len());
    line.push(ELLIPSIS);
}

/// What stays together, each piece with the space behind it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let mut before = None;
        for character in word.chars() {
            let breaks = before.is_none_or(|before| {
                (is_wide(before) || is_wide(character)) && !CLOSING.contains(character)
            });
            match pieces.last_mut().filter(|_| !breaks) {
                Some(piece) => piece.push(character),
                None => pieces.push(character.to_string()),
            }
            before = Some(character);
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(' ');
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::lettering::Weight;

    fn typeface() -> Typeface {
        Typeface::new(Weight::Regular).unwrap()
    }

    #[test]
    fn lines_are_as_long_as_fits_and_lose_nothing() {
        let text = "Veuillez conduire  lentement,\nles enfants jouent";
        for width in [4.0, 6.0, 9.0, 100.0] {
            let found = lines(&typeface(), text, width);
            let words: Vec<_> = text.split_whitespace().collect();
            assert_eq!(found.join(" "), words.join(" "));
            for line in &found {
                assert!(
                    typeface().width(line) <= width || !line.contains(' '),
                    "{line}"
                );
            }
        }
        assert_eq!(lines(&typeface(), text, 100.0).len(), 1);
        assert!(lines(&typeface(), " \n", 5.0).is_empty());
    }

    #[test]
    fn chinese_breaks_anywhere_but_before_its_points() {
        assert_eq!(
            lines(&typeface(), "请慢行，注意儿童。", 4.0),
            ["请慢行，", "注意儿", "童。"]
        );
        assert_eq!(
            lines(&typeface(), "出口Exit出口", 3.0),
            ["出口", "Exit出", "口"]
        );
    }

    #[test]
    fn what_does_not_fit_is_shown_to_be_left_out() {
        let short = |text, width, most| shortened(&typeface(), text, width, most);
        assert_eq!(short("two words", 20.0, 1), ["two words"]);
        let cut = short("a caption of a good many words", 6.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].ends_with('…') && !cut[0].contains('…'), "{cut:?}");
        let long = short("IMG_20260912_174205_unbroken.jpg", 6.0, 2);
        assert_eq!(long.len(), 1);
        assert!(long[0].starts_with("IMG_") && long[0].ends_with('…'));
        for line in cut.iter().chain(&long) {
            assert!(typeface().width(line) <= 6.0, "{line}");
        }
    }
}
