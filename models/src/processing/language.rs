//! Natural languages: their codes and names, and which one a text is in.
//!
//! Whatever a person may call a language ("pt-BR", "ger", "Deutsch", "日语", "British English") becomes one
//! [`LanguageTag`]. Knows nothing of voices, translators or any other model.

mod identify;

use std::{fmt, str::FromStr, sync::LazyLock};

use serde::Deserialize;

pub use identify::{Identification, identify};

/// A language that has a name here.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// ISO 639-1 where the language has such a code, else ISO 639-3.
    pub code: String,
    /// ISO 639-3.
    pub iso639_3: String,
    /// Its name in English.
    pub english: String,
    /// Its name in itself.
    pub native: String,
    /// Its name in Chinese.
    pub chinese: String,
    /// Other codes and names.
    #[serde(default)]
    also: Vec<String>,
}

impl Language {
    /// Every code and name that the language is known by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [
            &self.code,
            &self.iso639_3,
            &self.english,
            &self.native,
            &self.chinese,
        ]
        .into_iter()
        .chain(&self.also)
        .map(String::as_str)
    }
}

#[derive(Default, Deserialize)]
struct Table {
    languages: Vec<Language>,
    regional: Vec<Regional>,
}

/// A name for what a language is in one place.
#[derive(Deserialize)]
struct Regional {
    tag: String,
    names: Vec<String>,
}

// The tests read the embedded table, so that it cannot be malformed here.
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("language/languages.toml")).unwrap_or_default());

/// Every language that has a name here, by code.
#[must_use]
pub fn languages() -> &'static [Language] {
    &TABLE.languages
}

/// The language that a name or a code stands for, without region; case does not matter.
#[must_use]
pub fn language(name: &str) -> Option<&'static Language> {
    let name = name.trim().to_lowercase();
    let named = |language: &&Language| language.names().any(|each| each.to_lowercase() == name);
    TABLE.languages.iter().find(named)
}

/// A language, with region or script where it was told: `de`, `pt-BR`, `zh-TW`.
///
/// Reading one accepts codes of ISO 639-1, -2 and -3, BCP 47 tags in any case and with `_`, and names in English,
/// Chinese and the language itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageTag {
    language: &'static Language,
    /// What follows the language, in the usual case: `BR`, `Hant-TW`; may be empty.
    rest: String,
}

impl LanguageTag {
    /// The language.
    #[must_use]
    pub const fn language(&self) -> &'static Language {
        self.language
    }

    /// The script, region and variant, as in `BR` or `Hant-TW`, if there is any.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        Some(self.rest.as_str()).filter(|rest| !rest.is_empty())
    }
}

impl From<&'static Language> for LanguageTag {
    fn from(language: &'static Language) -> Self {
        Self {
            language,
            rest: String::new(),
        }
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.language.code)?;
        match self.region() {
            Some(region) => write!(formatter, "-{region}"),
            None => Ok(()),
        }
    }
}

/// No language is known by that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no language is known as `{given}`{}", nearest(.near))]
pub struct UnknownLanguage {
    /// The name as given.
    pub given: String,
    /// Names that look like it, the nearest first.
    pub near: Vec<&'static str>,
}

fn nearest(near: &[&str]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; near it are {}", near.join(", "))
    }
}

impl FromStr for LanguageTag {
    type Err = UnknownLanguage;

    fn from_str(given: &str) -> Result<Self, UnknownLanguage> {
        let name = given.trim();
        if let Some(language) = language(name) {
            return Ok(language.into());
        }
        let lower = name.to_lowercase();
        let regional = TABLE.regional.iter();
        let mut regional = regional.filter(|each| {
            each.names
                .iter()
                .any(|regional| regional.to_lowercase() == lower)
        });
        let tag = regional.next().map_or(name, |regional| &regional.tag);
        read_tag(tag).ok_or_else(|| UnknownLanguage {
            given: given.to_owned(),
            near: near(&lower),
        })
    }
}

/// Reads a BCP 47 tag: a language, then script, region and variants of one to eight letters or digits.
fn read_tag(tag: &str) -> Option<LanguageTag> {
    let mut parts = tag.split(['-', '_']);
    let language = language(
        parts
            .next()
            .filter(|first| (2..=3).contains(&first.len()))?,
    )?;
    let mut rest = Vec::new();
    for part in parts {
        let legal =
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !legal {
            return None;
        }
        rest.push(match part.len() {
            2 => part.to_ascii_uppercase(),
            4 => {
                let (first, others) = part.split_at(1);
                first.to_ascii_uppercase() + &others.to_ascii_lowercase()
            }
            _ => part.to_ascii_lowercase(),
        });
    }
    Some(LanguageTag {
        language,
        rest: rest.join("-"),
    })
}

/// Up to three names that a person may have meant.
fn near(name: &str) -> Vec<&'static str> {
    const ALIKE: f64 = 0.8;
    let mut near: Vec<(f64, &str)> = TABLE
        .languages
        .iter()
        .flat_map(|language| [&language.english, &language.native])
        .map(|each| {
            (
                strsim::jaro_winkler(name, &each.to_lowercase()),
                each.as_str(),
            )
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    near.dedup_by_key(|(_, name)| *name);
    near.truncate(3);
    near.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn tag(name: &str) -> String {
        name.parse::<LanguageTag>().unwrap().to_string()
    }

    #[test]
    fn a_language_has_many_names() {
        for name in ["de", "DEU", "ger", "German", "deutsch", "德语", " Deutsch "] {
            assert_eq!(tag(name), "de", "{name}");
        }
        for name in ["zh", "cmn", "Mandarin", "中文", "汉语", "普通话", "Chinese"] {
            assert_eq!(tag(name), "zh", "{name}");
        }
        assert_eq!(tag("no"), "nb");
        assert_eq!(tag("Cantonese"), "yue");
        assert_eq!(tag("zh-yue"), "yue");
    }

    #[test]
    fn regions_are_kept_and_written_in_the_usual_case() {
        assert_eq!(tag("PT_br"), "pt-BR");
        assert_eq!(tag("zh-hant-tw"), "zh-Hant-TW");
        assert_eq!(tag("cmn-CN"), "zh-CN");
        assert_eq!(tag("British English"), "en-GB");
        assert_eq!(tag("巴西葡萄牙语"), "pt-BR");
        assert_eq!(tag("es-419"), "es-419");
    }

    #[test]
    fn what_is_no_language_is_refused_with_what_it_may_have_been() {
        let error = "Germna".parse::<LanguageTag>().unwrap_err();
        assert!(error.near.contains(&"German"), "{error}");
        assert!(error.to_string().contains("near it are"));
        for wrong in [
            "",
            "x",
            "qq",
            "xyzzy",
            "de-",
            "en-waytoolongvariant",
            "english-US",
        ] {
            assert!(wrong.parse::<LanguageTag>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_table_is_whole_and_no_name_means_two_languages() {
        assert!(languages().len() > 100);
        let mut owners: HashMap<String, &str> = HashMap::new();
        for language in languages() {
            assert!((2..=3).contains(&language.code.len()), "{language:?}");
            assert_eq!(language.iso639_3.len(), 3, "{language:?}");
            for name in language.names() {
                let owner = owners.insert(name.to_lowercase(), &language.code);
                assert!(
                    owner.is_none_or(|owner| owner == language.code),
                    "{name} means {owner:?} and {}",
                    language.code
                );
            }
        }
        for regional in &TABLE.regional {
            assert!(read_tag(&regional.tag).is_some(), "{}", regional.tag);
        }
    }
}
