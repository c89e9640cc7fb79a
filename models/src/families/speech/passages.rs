//! Cuts long text where a speaker would breathe.

use unicode_segmentation::UnicodeSegmentation;

/// The longest passage in bytes: about four minutes of English or six of Chinese, spoken in a second.
const LONGEST: usize = 4_000;

/// The text in passages of at most [`LONGEST`] bytes, whole sentences where they are not longer than that.
pub(super) fn passages(text: &str) -> impl Iterator<Item = &str> {
    passages_of(text, LONGEST)
}

fn passages_of(text: &str, longest: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (passage, others) = rest.split_at(end_of_passage(rest, longest));
        rest = others;
        Some(passage)
    })
}

/// How many bytes the first passage takes: never none, so that cutting ends.
fn end_of_passage(text: &str, longest: usize) -> usize {
    if text.len() <= longest {
        return text.len();
    }
    // The pieces are looked for in what can be reached, so that each passage costs the same.
    let mut reach = longest;
    while !text.is_char_boundary(reach) {
        reach -= 1;
    }
    let reachable = &text[..reach];
    let last_start =
        |starts: &mut dyn Iterator<Item = usize>| starts.filter(|start| *start > 0).last();
    last_start(
        &mut reachable
            .split_sentence_bound_indices()
            .map(|(start, _)| start),
    )
    .or_else(|| last_start(&mut reachable.split_word_bound_indices().map(|(start, _)| start)))
    .unwrap_or(reach.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, longest: usize) -> Vec<&str> {
        passages_of(text, longest).collect()
    }

    #[test]
    fn a_short_text_stays_whole() {
        let text = "One. Two. Three.";
        assert_eq!(cut(text, 100), [text]);
        assert_eq!(cut(text, text.len()), [text]);
        assert!(cut("", 10).is_empty());
    }

    #[test]
    fn cuts_lie_between_sentences() {
        let text = "This is one. This is two! Is this three? Yes.";
        assert_eq!(
            cut(text, 30),
            ["This is one. This is two! ", "Is this three? Yes."]
        );
        assert_eq!(
            cut("今天天气很好。我们去公园。", 24),
            ["今天天气很好。", "我们去公园。"]
        );
    }

    #[test]
    fn a_long_sentence_is_cut_between_words_and_a_long_word_anywhere() {
        assert_eq!(cut("aaa bbb ccc ddd", 9), ["aaa bbb ", "ccc ddd"]);
        let word = "é".repeat(30);
        let parts = cut(&word, 7);
        assert_eq!(parts.concat(), word);
        assert!(parts.iter().all(|part| part.len() <= 7));
    }

    #[test]
    fn nothing_is_lost() {
        let text = "The fox jumps. 狐狸跳了。\n\nLe renard saute! ".repeat(400);
        let parts: Vec<&str> = passages(&text).collect();
        assert_eq!(parts.concat(), text);
        assert!(parts.len() > 3);
        assert!(parts.iter().all(|part| part.len() <= LONGEST));
    }
}
