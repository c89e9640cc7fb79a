//! Which language a request is in, as far as it decides whether the planner can read it.

use super::{
    chinese::is_han,
    tokens::{Token, TokenKind},
    vocabulary::Languages,
};

/// The language of a request that the planner cannot read, by its English name.
///
/// Quotations and file names do not count: they may be in any language.
pub(super) fn unreadable(text: &str, tokens: &[Token], languages: &Languages) -> Option<String> {
    let quoted = |at: usize| {
        tokens.iter().any(|token| {
            matches!(token.kind, TokenKind::Quoted | TokenKind::File(_))
                && token.source.contains(&at)
        })
    };
    let letters: Vec<char> = text
        .char_indices()
        .filter(|(at, each)| each.is_alphabetic() && !quoted(*at))
        .map(|(_, each)| each)
        .collect();
    let count = |range: &(char, char)| {
        letters
            .iter()
            .filter(|each| (range.0..=range.1).contains(*each))
            .count()
    };
    let (script, found) = languages
        .scripts
        .iter()
        .map(|(name, ranges)| (name, ranges.iter().map(count).sum::<usize>()))
        .max_by_key(|(_, found)| *found)?;
    let readable = letters
        .iter()
        .filter(|each| each.is_ascii_alphabetic() || is_han(**each))
        .count();
    // A few kana among characters are enough to be Japanese.
    if found * 4 > readable {
        return Some(script.clone());
    }
    foreign_words(tokens, languages)
}

/// The language that the frequent words tell, if it is not English.
fn foreign_words(tokens: &[Token], languages: &Languages) -> Option<String> {
    let words: Vec<&str> = tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Word)
        .map(|token| token.text.as_str())
        .collect();
    let known = |list: &std::collections::BTreeSet<String>| {
        words.iter().filter(|word| list.contains(**word)).count()
    };
    let english = known(&languages.english);
    let (name, found) = languages
        .others
        .iter()
        .map(|(name, list)| (name, known(list)))
        .max_by_key(|(_, found)| *found)?;
    let enough = found >= 2 || (found == 1 && english == 0 && words.len() <= 3);
    (enough && found > english).then(|| name.clone())
}

#[cfg(test)]
mod tests {
    use super::super::{tokens::tokenize, vocabulary::Vocabulary};

    fn unreadable(text: &str) -> Option<String> {
        let vocabulary = Vocabulary::built_in().unwrap();
        let tokens = tokenize(text, &["le chien.png"], &vocabulary);
        super::unreadable(text, &tokens, &vocabulary.languages)
    }

    #[test]
    fn other_languages_are_named() {
        for (text, language) in [
            ("Lis le panneau à haute voix", "French"),
            ("Lies das Schild laut vor", "German"),
            ("Lee el cartel en voz alta", "Spanish"),
            ("Leggi il testo ad alta voce", "Italian"),
            ("Leia o texto da imagem", "Portuguese"),
            ("Прочитай текст на картинке", "Russian"),
            ("看板の文字を読んでください", "Japanese"),
            ("표지판을 읽어 주세요", "Korean"),
            ("اقرأ النص", "Arabic"),
        ] {
            assert_eq!(unreadable(text).as_deref(), Some(language), "{text}");
        }
    }

    #[test]
    fn english_and_chinese_are_read_whatever_they_quote() {
        for text in [
            "Read the sign and say it out loud",
            "Say 'la vie est belle pour les chats'",
            "say \"Прочитай текст\"",
            "blur le chien.png",
            "把图片变成黑白",
            "OCR",
            "rotate 90",
            "",
        ] {
            assert_eq!(unreadable(text), None, "{text}");
        }
    }
}
