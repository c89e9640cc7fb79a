//! A long text in passages that a model can read, cut where paragraphs end, else sentences, else words.

use unicode_segmentation::UnicodeSegmentation;

/// The most bytes whose tokens are counted at once: what counts them takes long for long texts without spaces.
const COUNTED: usize = 4096;

/// How finely a text is cut.
#[derive(Debug, Clone, Copy)]
enum Grain {
    Paragraph,
    Sentence,
    Word,
    /// Pieces of this many bytes.
    Bytes(usize),
}

/// Counts the tokens of texts, and cuts them by that.
pub(super) struct Cutter<'a> {
    /// How many tokens a text takes.
    pub count: &'a dyn Fn(&str) -> u64,
    /// The most tokens of a passage.
    pub most: u64,
}

impl Cutter<'_> {
    /// The passages of a text, in order; together they are the text.
    pub(super) fn passages<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut passages: Vec<&str> = Vec::new();
        let mut start = 0;
        let mut end = 0;
        let mut held = 0;
        for (piece, tokens) in self.pieces(text, Grain::Paragraph) {
            if held > 0 && held + tokens > self.most {
                passages.push(&text[start..end]);
                (start, held) = (end, 0);
            }
            end += piece.len();
            held += tokens;
        }
        passages.push(&text[start..]);
        passages
    }

    /// How many tokens a text takes.
    pub(super) fn tokens(&self, text: &str) -> u64 {
        chunks(text, COUNTED)
            .into_iter()
            .map(|chunk| (self.count)(chunk))
            .sum()
    }

    /// Pieces that fit a passage each, with their tokens.
    fn pieces<'t>(&self, text: &'t str, grain: Grain) -> Vec<(&'t str, u64)> {
        let mut pieces = Vec::new();
        for unit in grain.units(text) {
            let tokens = self.tokens(unit);
            match grain.finer(self.most) {
                Some(finer) if tokens > self.most => pieces.extend(self.pieces(unit, finer)),
                _ => pieces.push((unit, tokens)),
            }
        }
        pieces
    }
}

impl Grain {
    fn units(self, text: &str) -> Vec<&str> {
        match self {
            Self::Paragraph => paragraphs(text),
            Self::Sentence => text.split_sentence_bounds().collect(),
            Self::Word => text.split_word_bounds().collect(),
            Self::Bytes(most) => chunks(text, most),
        }
    }

    fn finer(self, most: u64) -> Option<Self> {
        match self {
            Self::Paragraph => Some(Self::Sentence),
            Self::Sentence => Some(Self::Word),
            // A token is a byte at least.
            Self::Word => Some(Self::Bytes(usize::try_from(most).unwrap_or(usize::MAX))),
            Self::Bytes(_) => None,
        }
    }
}

/// Paragraphs with the empty lines behind them.
fn paragraphs(text: &str) -> Vec<&str> {
    let mut paragraphs = Vec::new();
    let mut start = 0;
    let mut end = 0;
    let mut is_over = false;
    for line in text.split_inclusive('\n') {
        let is_empty = line.trim().is_empty();
        if is_over && !is_empty {
            paragraphs.push(&text[start..end]);
            start = end;
        }
        is_over = is_empty;
        end += line.len();
    }
    paragraphs.push(&text[start..]);
    paragraphs
}

/// Pieces of at most so many bytes, or of one character.
fn chunks(text: &str, most: usize) -> Vec<&str> {
    let mut chunks = Vec::new();
    let mut rest = text;
    while rest.len() > most {
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let (chunk, behind) = rest.split_at(rest.floor_char_boundary(most).max(first));
        chunks.push(chunk);
        rest = behind;
    }
    chunks.push(rest);
    chunks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> u64 {
        text.split_whitespace().count() as u64
    }

    fn cut(text: &str, most: u64) -> Vec<&str> {
        let count = &words;
        Cutter { count, most }.passages(text)
    }

    #[test]
    fn a_text_that_fits_is_one_passage() {
        assert_eq!(cut("One two.\n\nThree.", 3), ["One two.\n\nThree."]);
        assert_eq!(cut("", 3), [""]);
    }

    #[test]
    fn cuts_are_where_paragraphs_end_else_sentences_else_words() {
        assert_eq!(
            cut("One two.\n \r\nThree four. Five.\n\nSix.", 4),
            ["One two.\n \r\n", "Three four. Five.\n\nSix."]
        );
        assert_eq!(
            cut("One two. Three four! 五。Six.", 2),
            ["One two. ", "Three four! ", "五。Six."]
        );
        assert_eq!(cut("one two three", 1), ["one ", "two ", "three"]);
    }

    #[test]
    fn a_word_without_an_end_is_cut_by_its_length() {
        let count = |text: &str| text.len() as u64;
        let cutter = Cutter {
            count: &count,
            most: 7,
        };
        assert_eq!(cutter.passages(&"ä".repeat(9)), ["äää", "äää", "äää"]);
        let long = "x".repeat(100_000);
        assert_eq!(cutter.tokens(&long), 100_000);
    }

    proptest! {
        #[test]
        fn passages_are_the_text_and_fit(text in "[a-c .!\n。ä]{0,200}", most in 1_u64..40) {
            let count = |text: &str| text.len() as u64;
            let cutter = Cutter { count: &count, most: most.max(4) };
            let passages = cutter.passages(&text);
            prop_assert_eq!(passages.concat(), text.as_str());
            prop_assert!(passages.iter().all(|passage| passage.len() as u64 <= most.max(4)));
        }
    }
}
