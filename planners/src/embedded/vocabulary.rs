//! What the planner knows of English and Chinese: data files, read once. No word of them stands in the code.

use std::collections::{BTreeMap, BTreeSet};

use medley_orchestrator::Kind;
use serde::{Deserialize, de::DeserializeOwned};

use super::overview::OverviewSettings;

/// A data file that is not what the planner reads.
#[derive(Debug, thiserror::Error)]
#[error("the planner's data file {file} is not usable")]
pub(crate) struct VocabularyError {
    file: &'static str,
    #[source]
    source: toml::de::Error,
}

/// Everything that the data files say.
pub(crate) struct Vocabulary {
    pub settings: Settings,
    pub words: Words,
    pub arguments: Arguments,
    pub tasks: Tasks,
    pub chinese: Chinese,
    pub languages: Languages,
    pub overview: OverviewSettings,
}

impl Vocabulary {
    /// Reads the data files that the program was built with.
    pub(crate) fn built_in() -> Result<Self, VocabularyError> {
        macro_rules! data {
            ($file:literal) => {
                parse($file, include_str!(concat!("../../data/embedded/", $file)))?
            };
        }
        Ok(Self {
            settings: data!("settings.toml"),
            words: data!("words.toml"),
            arguments: data!("arguments.toml"),
            tasks: data!("tasks.toml"),
            chinese: data!("chinese.toml"),
            languages: data!("languages.toml"),
            overview: data!("overview.toml"),
        })
    }
}

fn parse<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<T, VocabularyError> {
    toml::from_str(text).map_err(|source| VocabularyError { file, source })
}

/// Thresholds and weights; scores are between 0 and 1.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The least score at which a clause is taken to ask for a capability.
    pub accept: f32,
    /// The least score at which words without a verb are taken to be a clause of their own.
    pub fragment: f32,
    /// How much worse than the best a capability may be that is taken because its inputs are at hand.
    pub margin: f32,
    /// How much better than every capability a task must fit that no tool does.
    pub task_lead: f32,
    /// The share of common words in the score; the rest is the cosine of the embeddings.
    pub word_weight: f32,
    /// The least score at which an invented name is taken to mean a capability.
    pub name_accept: f32,
    /// How much better than every other meaning it must fit.
    pub name_lead: f32,
    /// How many capabilities are named when a request is declined.
    pub suggestions: usize,
    /// The most tools in a row that are added to convert one type into another.
    pub bridge_length: usize,
    /// The share of the characters of a Chinese clause that may be unknown.
    pub unknown_characters: f32,
}

/// Words with a grammatical role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// Phrases that say that the next action works on the result of the last.
    pub then: Vec<String>,
    /// Phrases that only add an action.
    pub also: Vec<String>,
    /// Phrases with a connecting word that connects nothing.
    pub together: Vec<String>,
    /// Polite beginnings.
    pub lead_ins: Vec<String>,
    /// Words that begin an action.
    pub verbs: BTreeSet<String>,
    /// Words that stand for the last result.
    pub pronouns: BTreeSet<String>,
    /// Those of them that stand for one thing.
    pub singular: BTreeSet<String>,
    /// Words that stand for several things from before.
    pub plural: BTreeSet<String>,
    /// Words that ask for what was done last once more.
    pub again: BTreeSet<String>,
    /// Words that ask for the file as it was attached.
    pub original: BTreeSet<String>,
    /// Words that ask for a result beside the others.
    pub copy: BTreeSet<String>,
    /// Words that ask for each file.
    pub every: BTreeSet<String>,
    /// Words behind which a thing only tells which file is meant, as in "the photo of a car".
    pub describing: BTreeSet<String>,
    /// Words that say how something is to be said, rather than what.
    pub manner: BTreeSet<String>,
    /// Words before which a number counts files: "picture 2".
    pub numbered: BTreeSet<String>,
    /// Endings of the names of files.
    pub endings: BTreeSet<String>,
    /// How the name of what shall be made is introduced.
    pub naming: Naming,
    /// How people say that something shall not be done.
    pub denial: DenialWords,
    /// First, second and so on, counted from 1; -1 is the last.
    pub ordinals: BTreeMap<String, i64>,
    /// Words that carry no meaning for the choice of a tool.
    pub stop: BTreeSet<String>,
    /// Words for the kinds of files.
    pub kinds: BTreeMap<Kind, BTreeSet<String>>,
    /// Words for numbers.
    pub numbers: BTreeMap<String, f64>,
}

/// How the name of what shall be made is introduced.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Naming {
    /// Phrases behind which a name is always one of what shall be made.
    pub called: Vec<String>,
    /// Phrases behind which it is, unless the clause has a word of `towards`.
    pub into: Vec<String>,
    /// Words with which "to" only says which file is meant: "listen to".
    pub towards: BTreeSet<String>,
}

/// How people say that something shall not be done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DenialWords {
    /// Phrases at the beginning of what shall not be done.
    pub phrases: Vec<String>,
    /// Phrases that follow on them where it shall be done all the same.
    pub undone: Vec<String>,
    /// Phrases that deny a verb in -ing.
    pub participle: Vec<String>,
    /// Phrases that exclude a thing where another stands before.
    pub contrast: Vec<String>,
    /// Words with which those only say how much.
    pub degree: BTreeSet<String>,
    /// Words behind which what is said holds again.
    pub but: Vec<String>,
    /// Words that join what is denied too, whatever follows.
    pub or: BTreeSet<String>,
    /// Phrases that join what is denied too, unless a word of `instead` follows.
    pub and: Vec<String>,
    /// Words of what shall be done in its place.
    pub instead: BTreeSet<String>,
}

impl Words {
    /// The kind of file that `word` names.
    pub(crate) fn kind_of(&self, word: &str) -> Option<Kind> {
        self.kinds
            .iter()
            .find(|(_, names)| names.contains(word))
            .map(|(kind, _)| *kind)
    }
}

/// How arguments are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// Names of units, by unit.
    pub units: BTreeMap<String, BTreeSet<String>>,
    /// Numbers, by the names of the parameters that take them.
    pub number: Vec<NumberRule>,
    /// Words that stand for a value of a parameter with few values.
    pub choice: Vec<Choice>,
    /// Words that stand for a value of a parameter that takes any text.
    pub word: Vec<WordRule>,
    /// Names of parameters of which several values make several results rather than one after the other.
    pub alternatives: BTreeSet<String>,
    /// Names of parameters that take the words of the clause themselves, such as a question.
    pub clause: BTreeSet<String>,
    /// Languages.
    pub language: LanguageRule,
}

/// How a number finds its parameter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberRule {
    /// Names of the parameters.
    pub names: BTreeSet<String>,
    /// The capabilities that the rule is for; all if there is none.
    #[serde(default)]
    pub capabilities: BTreeSet<String>,
    /// Words near the number that name the parameter.
    #[serde(default)]
    pub cues: BTreeSet<String>,
    /// Units that are enough by themselves, and what their numbers are multiplied by.
    #[serde(default)]
    pub units: BTreeMap<String, f64>,
    /// Whether the capability alone is cue enough.
    #[serde(default)]
    pub without_cue: bool,
    /// Words that give a value without a number.
    #[serde(default)]
    pub values: BTreeMap<String, f64>,
    /// Words before which those values say a part of a thing, as in "the left half".
    #[serde(default)]
    pub not_behind: BTreeSet<String>,
    /// The value from which relative numbers ("20 percent brighter") count.
    #[serde(default)]
    pub base: Option<f64>,
    /// Words that make a relative number rise.
    #[serde(default)]
    pub more: BTreeSet<String>,
    /// Words that make a relative number, or with no base any number, fall.
    #[serde(default)]
    pub less: BTreeSet<String>,
    /// What `more` and `less` mean without a number.
    #[serde(default)]
    pub step: Option<f64>,
}

/// Words that stand for a value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// The value; used where a parameter allows it.
    pub value: String,
    /// Names of the parameters; any if there is none.
    #[serde(default)]
    pub names: BTreeSet<String>,
    /// The words.
    pub words: Vec<String>,
}

/// Words that stand for a value of a parameter that takes any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WordRule {
    /// Names of the parameters.
    pub names: BTreeSet<String>,
    /// Values, by word.
    pub values: BTreeMap<String, String>,
}

/// How languages are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LanguageRule {
    /// Names of the parameters.
    pub names: BTreeSet<String>,
    /// Words before the name of a language that make it the one to use.
    pub before: BTreeSet<String>,
    /// Words behind it.
    pub after: BTreeSet<String>,
    /// Names, by ISO 639-1 code.
    pub codes: BTreeMap<String, BTreeSet<String>>,
}

/// Tasks of the field: more ways to ask for those that are there, and what those that are not there look like.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tasks {
    /// The tasks.
    pub task: Vec<Task>,
    /// Sentences that ask for nothing.
    pub filler: Vec<String>,
}

/// A task of the field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    /// The capability's name.
    pub name: String,
    /// What it is called in a sentence.
    pub called: String,
    /// Ways to ask for it.
    pub phrases: Vec<String>,
    /// Verbs that name this task beyond doubt.
    #[serde(default)]
    pub verbs: BTreeSet<String>,
    /// Things that only this task can find in a picture.
    #[serde(default)]
    pub subjects: BTreeSet<String>,
}

/// Chinese as English.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chinese {
    /// English for phrases; the longest that fits is taken.
    pub phrases: BTreeMap<String, String>,
    /// Words before an object that stands before its verb.
    pub object_markers: BTreeSet<String>,
    /// Digits and powers of ten.
    pub digits: BTreeMap<char, u32>,
    /// Powers of ten.
    pub powers: BTreeMap<char, u32>,
}

/// Languages that are recognised in order to say that they are not understood.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Languages {
    /// Words of English that are frequent in requests.
    pub english: BTreeSet<String>,
    /// Frequent words of others, by the language's English name.
    pub others: BTreeMap<String, BTreeSet<String>>,
    /// Unicode ranges of scripts, by the English name of the languages written in them.
    pub scripts: BTreeMap<String, Vec<(char, char)>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_files_are_read() {
        let vocabulary = Vocabulary::built_in().unwrap();
        assert!(vocabulary.settings.accept > 0.0);
        assert!(vocabulary.chinese.phrases.len() > 100);
    }
}
