//! Which language a text is in, honest about how little a short one tells.
//!
//! The script decides first: it names some languages alone. Among those that share one, common words and the
//! statistics of letter triples (`whatlang`) vote; two words on a sign are too few for statistics. Where nothing
//! speaks for any language, it is the script's most widespread one, with next to no confidence.

use std::{collections::HashMap, sync::LazyLock};

use whatlang::{Detector, Lang, Script};

use super::{Language, language};

/// Only the start of a text is looked at, in characters: more does not change the answer.
const LOOKED_AT: usize = 4_000;
/// An ideograph or syllable stands for about this many letters.
const WEIGHT_OF_IDEOGRAPH: usize = 3;
/// From this many letters on, statistics outweigh words.
const MANY_LETTERS: usize = 120;
/// The statistics' own measure, below which they are noise.
const NOISE: f64 = 0.15;
/// The confidence in the script's most widespread language where nothing else is known.
const GUESS: f64 = 0.05;

/// The language that a text is probably in.
#[derive(Debug, Clone, PartialEq)]
pub struct Identification {
    /// The language.
    pub language: &'static Language,
    /// How sure that is, 0 to 1; low for short texts in a script that many languages share.
    pub confidence: f64,
    /// The script that most of the text is in, by its Unicode name.
    pub script: String,
}

/// The language of `text`; nothing if there are no letters in it.
#[must_use]
pub fn identify(text: &str) -> Option<Identification> {
    let sample: String = text.chars().take(LOOKED_AT).collect();
    if let Some(east_asian) = identify_east_asian(&sample) {
        return Some(east_asian);
    }
    let script = whatlang::detect_script(&sample)?;
    let letters = sample.chars().filter(|each| each.is_alphabetic()).count();
    let (code, confidence) = match script.langs() {
        [only] => (only.code(), certainty(letters)),
        _ => vote(&sample, script, letters),
    };
    Some(Identification {
        language: language(code)?,
        confidence,
        script: script_name(script),
    })
}

/// Chinese, Japanese and Korean, also where foreign names in Latin letters take more room than the text itself.
fn identify_east_asian(sample: &str) -> Option<Identification> {
    let [mut han, mut kana, mut hangul, mut others] = [0_usize; 4];
    for each in sample.chars() {
        match u32::from(each) {
            0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF => han += 1,
            0x3041..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9D => kana += 1,
            0x1100..=0x11FF | 0x3131..=0x318E | 0xAC00..=0xD7A3 => hangul += 1,
            _ if each.is_alphabetic() => others += 1,
            _ => {}
        }
    }
    let found = han + kana + hangul;
    if found == 0 || found * WEIGHT_OF_IDEOGRAPH < others {
        return None;
    }
    // Japanese prose is about half kana; one in ten tells a headline from Chinese.
    let (code, script, confidence) = if hangul >= han + kana {
        ("ko", "Hangul", 0.99)
    } else if kana * 10 >= found {
        ("ja", if kana >= han { "Hiragana" } else { "Han" }, 0.99)
    } else {
        // Few ideographs may as well be Japanese.
        let confidence = if han >= 8 { 0.97 } else { 0.8 };
        ("zh", "Han", confidence)
    };
    Some(Identification {
        language: language(code)?,
        confidence,
        script: script.to_owned(),
    })
}

/// Weighs words against statistics among the languages of a script.
fn vote(sample: &str, script: Script, letters: usize) -> (&'static str, f64) {
    let statistics = statistics(sample, script, letters);
    let limit = certainty(letters);
    match (vote_of_words(sample), statistics) {
        (Some((word, _)), Some((guess, confidence)))
            if word != guess && letters >= MANY_LETTERS && confidence > 0.5 =>
        {
            (guess, confidence.min(limit))
        }
        (Some((word, share)), Some((guess, confidence))) if word == guess => {
            (word, (0.5 + 0.5 * share).max(confidence).min(limit))
        }
        (Some((word, share)), _) => (word, (0.3 + 0.5 * share).min(limit)),
        (None, Some((guess, confidence))) if confidence >= NOISE => {
            (guess, (0.8 * confidence).min(limit))
        }
        _ => (most_widespread(script), GUESS),
    }
}

/// How sure one can be of so many letters: half at 10, nine tenths at 40.
fn certainty(letters: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most a few thousand")]
    let letters = letters as f64;
    0.99 * (1.0 - (-letters / 16.0).exp())
}

fn statistics(sample: &str, script: Script, letters: usize) -> Option<(&'static str, f64)> {
    let info = if letters < MANY_LETTERS && script == Script::Latin {
        COMMON.detect(sample)?
    } else {
        whatlang::detect(sample)?
    };
    let code = language(info.lang().code())?.code.as_str();
    Some((code, info.confidence()))
}

/// The language that most words speak for, with the share of the words that do; nothing where two are level.
fn vote_of_words(sample: &str) -> Option<(&'static str, f64)> {
    let lower = sample.to_lowercase();
    let mut votes: HashMap<&'static str, f64> = HashMap::new();
    let mut words = 0.0;
    for word in lower.split(|each: char| !is_part_of_word(each)) {
        if word.is_empty() {
            continue;
        }
        words += 1.0;
        if let Some(codes) = WORDS.get(word) {
            let share = 1.0 / f64::from(u32::try_from(codes.len()).unwrap_or(u32::MAX));
            for code in codes {
                *votes.entry(code).or_default() += share;
            }
        }
    }
    let best = votes.iter().max_by(|one, other| one.1.total_cmp(other.1))?;
    let level = votes
        .iter()
        .any(|(code, votes)| code != best.0 && best.1 - votes < 1e-9);
    (!level).then(|| (*best.0, best.1 / words))
}

/// Marks belong to words of Indic scripts.
fn is_part_of_word(each: char) -> bool {
    each.is_alphabetic() || matches!(u32::from(each), 0x0300..=0x036F | 0x0900..=0x0DFF)
}

/// The languages of each common word.
static WORDS: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut words: HashMap<&str, Vec<&str>> = HashMap::new();
    for (code, list) in word_lists() {
        for word in list.split_whitespace() {
            let codes = words.entry(word).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
    }
    words
});

/// Statistics over the languages with common words only: with seventy to choose from, a short text is often taken
/// for a rare one.
static COMMON: LazyLock<Detector> = LazyLock::new(|| {
    let known = |lang: &Lang| {
        language(lang.code())
            .is_some_and(|language| word_lists().any(|(code, _)| code == language.code))
    };
    Detector::with_allowlist(Lang::all().iter().copied().filter(known).collect())
});

fn word_lists() -> impl Iterator<Item = (&'static str, &'static str)> {
    // The tests read the embedded lists, so that they cannot be malformed here.
    static LISTS: LazyLock<HashMap<String, String>> =
        LazyLock::new(|| toml::from_str(include_str!("common_words.toml")).unwrap_or_default());
    LISTS
        .iter()
        .map(|(code, list)| (code.as_str(), list.as_str()))
}

/// The language with the most writers in a script.
const fn most_widespread(script: Script) -> &'static str {
    match script {
        Script::Cyrillic => "ru",
        Script::Arabic => "ar",
        Script::Devanagari => "hi",
        Script::Hebrew => "he",
        _ => "en",
    }
}

/// The name that Unicode gives the script.
fn script_name(script: Script) -> String {
    match script {
        Script::Mandarin => "Han".to_owned(),
        other => other.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        identify(text).map_or("none", |found| found.language.code.as_str())
    }

    #[test]
    fn short_texts_are_told_apart() {
        let samples = include_str!("samples.tsv");
        let mut wrong = Vec::new();
        for line in samples.lines() {
            let (expected, text) = line.split_once('\t').unwrap();
            if code(text) != expected {
                wrong.push(format!("{text} ({expected}): {:?}", identify(text)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn confidence_grows_with_the_text() {
        let confidence = |text| identify(text).unwrap().confidence;
        let sentence = "Das Wetter ist heute schön, und wir gehen mit den Kindern in den Park.";
        assert!(confidence(sentence) > 0.9);
        assert!(confidence("Das Wetter") < 0.6);
        assert!(confidence("Xqzt") <= GUESS);
        assert!(confidence("你好") < confidence("今天天气很好我们去公园吧"));
    }

    #[test]
    fn scripts_have_their_unicode_names() {
        let script = |text| identify(text).unwrap().script;
        assert_eq!(script("你好，世界"), "Han");
        assert_eq!(script("Привет"), "Cyrillic");
        assert_eq!(script("안녕하세요"), "Hangul");
        assert_eq!(script("hello"), "Latin");
        assert_eq!(script("مرحبا"), "Arabic");
    }

    #[test]
    fn without_letters_there_is_no_language() {
        assert_eq!(identify(""), None);
        assert_eq!(identify(" 12.50 !? \n"), None);
    }

    #[test]
    fn every_word_list_is_of_a_known_language() {
        assert!(word_lists().count() > 20);
        for (code, _) in word_lists() {
            assert!(language(code).is_some(), "{code}");
        }
    }

    #[test]
    fn every_language_of_the_statistics_has_a_name() {
        for lang in Lang::all() {
            assert!(language(lang.code()).is_some(), "{}", lang.code());
        }
    }
}
