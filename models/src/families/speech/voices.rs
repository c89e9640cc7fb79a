//! From a language to one of the library's voices, and from a word to a variant.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::SpeechError;
use crate::{
    native::espeak::{Description, Voice},
    processing::language::LanguageTag,
};

/// What the library's own list of languages does not say; read from `voices.toml`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct VoiceTable {
    /// Voice codes by language tag in lower case.
    pub(super) languages: BTreeMap<String, String>,
    older: Vec<Older>,
    /// Variants by words for them.
    pub(super) variants: BTreeMap<String, String>,
}

/// A voice that libraries before a version do not speak well.
#[derive(Debug, Deserialize)]
struct Older {
    before: [u32; 2],
    voice: String,
    instead: String,
}

impl VoiceTable {
    pub(super) fn embedded() -> Self {
        // The tests read the embedded table, so that it cannot be malformed here.
        toml::from_str(include_str!("voices.toml")).unwrap_or_default()
    }
}

/// The voice that speaks a language best.
pub(super) fn voice_for<'a>(
    description: &'a Description,
    table: &VoiceTable,
    tag: &LanguageTag,
) -> Result<&'a Voice, SpeechError> {
    let whole = tag.to_string().to_lowercase();
    let language = tag.language();
    let candidates = [whole.as_str(), &language.code, &language.iso639_3];
    candidates
        .into_iter()
        .find_map(|code| {
            let code = table.languages.get(code).map_or(code, String::as_str);
            let older = table.older.iter().find(|older| {
                older.voice == code && version(&description.version) < Some(older.before)
            });
            speaker(description, older.map_or(code, |older| &older.instead))
        })
        .ok_or_else(|| SpeechError::NoVoice {
            name: language.english.clone(),
            tag: tag.to_string(),
            speakable: codes(description).into_iter().map(str::to_owned).collect(),
        })
}

/// The voice that lists a code with the highest priority, which is the lowest number.
fn speaker<'a>(description: &'a Description, code: &str) -> Option<&'a Voice> {
    let priority = |voice: &Voice| {
        let languages = voice.languages.iter();
        languages
            .filter(|(_, each)| each.eq_ignore_ascii_case(code))
            .map(|(priority, _)| *priority)
            .min()
    };
    description
        .voices
        .iter()
        .filter_map(|voice| Some((priority(voice)?, voice)))
        .min_by_key(|(priority, _)| *priority)
        .map(|(_, voice)| voice)
}

/// The variant of a name, whatever its case, or of a word such as `female`.
pub(super) fn variant_for<'a>(
    description: &'a Description,
    table: &VoiceTable,
    given: &str,
) -> Result<&'a Voice, SpeechError> {
    let name = given.trim().trim_start_matches('+').to_lowercase();
    let name = table.variants.get(&name).unwrap_or(&name).as_str();
    let known = || description.variants.iter();
    known()
        .find(|variant| variant.variant_name().eq_ignore_ascii_case(name))
        .or_else(|| known().find(|variant| variant.name.eq_ignore_ascii_case(name)))
        .ok_or_else(|| SpeechError::UnknownVariant {
            given: given.to_owned(),
            near: known()
                .map(Voice::variant_name)
                .filter(|each| strsim::jaro_winkler(name, &each.to_lowercase()) > 0.85)
                .take(3)
                .map(str::to_owned)
                .collect(),
            known: table
                .variants
                .keys()
                .map(String::as_str)
                .chain(variants(description))
                .map(str::to_owned)
                .collect(),
        })
}

/// The first code of every voice, sorted.
pub(super) fn codes(description: &Description) -> Vec<&str> {
    let voices = description.voices.iter();
    let mut codes: Vec<&str> = voices
        .filter_map(|voice| Some(voice.languages.first()?.1.as_str()))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

pub(super) fn variants(description: &Description) -> Vec<&str> {
    let variants = description.variants.iter();
    let mut names: Vec<&str> = variants.map(Voice::variant_name).collect();
    names.sort_unstable();
    names
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<[u32; 2]> {
    let mut numbers = text.split('.').map(str::parse);
    Some([numbers.next()?.ok()?, numbers.next()?.ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(languages: &[(u8, &str)], identifier: &str) -> Voice {
        Voice {
            name: identifier.to_uppercase(),
            languages: languages
                .iter()
                .map(|(priority, code)| (*priority, (*code).to_owned()))
                .collect(),
            identifier: identifier.to_owned(),
        }
    }

    fn description(version: &str) -> Description {
        Description {
            version: version.to_owned(),
            sample_rate: 22_050,
            voices: vec![
                voice(&[(5, "cmn"), (5, "zh")], "sit/cmn"),
                voice(&[(5, "cmn-latn-pinyin"), (5, "zh")], "sit/pinyin"),
                voice(&[(5, "en-029"), (10, "en")], "en-029"),
                voice(&[(2, "en-gb"), (2, "en")], "en"),
                voice(&[(2, "en-us"), (3, "en")], "en-US"),
                voice(&[(5, "pt-br"), (6, "pt")], "pt-BR"),
                voice(&[(5, "pt"), (5, "pt-pt")], "pt"),
                voice(&[(5, "yue"), (8, "zh")], "sit/yue"),
            ],
            variants: vec![
                voice(&[(5, "variant")], "!v/f2"),
                voice(&[(5, "variant")], "!v/Andrea"),
            ],
        }
    }

    fn chosen(version: &str, language: &str) -> String {
        let description = description(version);
        let tag = language.parse().unwrap();
        voice_for(&description, &VoiceTable::embedded(), &tag)
            .unwrap()
            .identifier
            .clone()
    }

    #[test]
    fn languages_find_their_voices() {
        let expected = [
            ("en", "en-US"),
            ("en-GB", "en"),
            ("en-AU", "en"),
            ("pt", "pt"),
            ("pt-BR", "pt-BR"),
            ("zh", "sit/cmn"),
            ("zh-TW", "sit/cmn"),
            ("zh-HK", "sit/yue"),
            ("Cantonese", "sit/yue"),
        ];
        for (language, voice) in expected {
            assert_eq!(chosen("1.52.0", language), voice, "{language}");
        }
    }

    #[test]
    fn an_old_library_reads_chinese_with_the_voice_that_does_not_spell_it() {
        assert_eq!(chosen("1.51", "zh"), "sit/pinyin");
        assert_eq!(chosen("1.53-dev", "zh"), "sit/cmn");
    }

    #[test]
    fn a_language_without_voice_is_refused_with_those_that_have_one() {
        let tag = "Khmer".parse().unwrap();
        let error = voice_for(&description("1.52.0"), &VoiceTable::embedded(), &tag).unwrap_err();
        assert_eq!(error.to_string(), "no voice speaks Khmer (`km`)");
        assert!(error.hint().unwrap().contains("pt-br"));
    }

    #[test]
    fn variants_go_by_name_and_by_word() {
        let description = description("1.52.0");
        let name = |given| {
            variant_for(&description, &VoiceTable::embedded(), given)
                .map(|variant| variant.variant_name().to_owned())
        };
        assert_eq!(name("f2").unwrap(), "f2");
        assert_eq!(name("Female").unwrap(), "f2");
        assert_eq!(name("andrea").unwrap(), "Andrea");
        let error = name("andrew").unwrap_err();
        assert!(error.to_string().contains("Andrea"), "{error}");
        assert!(error.hint().unwrap().contains("female"));
    }
}
