//! What an answer may cite: files that came with the request, and what steps gave; and which of it a mark means.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use medley_orchestrator::{
    Artifact, Digest, Kind, Part, Refining, Registry, Request, StepReport, Value,
};

use super::places;
use crate::{
    excerpts::{Excerpt, Excerpts},
    template_refiner::{Names, answer_parts},
};

/// How alike a mark and a name must be for the one to mean the other, 0 to 1.
const NEAR: f64 = 0.8;

/// The most items of a list that have marks of their own.
const ITEMS: usize = 50;

/// Something that can be cited.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// How it is cited.
    pub mark: String,
    /// What it is.
    pub value: Cow<'a, Value>,
    /// The capability that gave it.
    pub tool: Option<&'a str>,
}

/// Everything that can be cited.
pub(super) struct Citable<'a> {
    items: Vec<Item<'a>>,
    by_mark: HashMap<String, usize>,
    /// The steps of each tool.
    by_tool: HashMap<&'a str, Vec<usize>>,
    /// What is called how in the answer.
    names: BTreeMap<(Digest, Kind), String>,
    /// The artifacts of the answer, in order.
    answer: Vec<Part>,
    /// The beginnings of texts that are files.
    texts: &'a Excerpts,
    /// All that is known in words, in lower case.
    evidence: String,
}

impl<'a> Citable<'a> {
    pub(super) fn of(refining: &Refining<'a>, texts: &'a Excerpts) -> Self {
        let mut this = Self {
            items: Vec::new(),
            by_mark: HashMap::new(),
            by_tool: HashMap::new(),
            names: BTreeMap::new(),
            answer: answer_parts(refining.request, refining.rounds),
            texts,
            evidence: refining.request.text.to_lowercase(),
        };
        for (index, file) in refining.request.attachments.iter().enumerate() {
            let value = Cow::Owned(file.artifact.clone().into());
            let item = this.add(Request::input_name(index), value, None);
            this.know(&file.name);
            let name = file.name.to_lowercase();
            this.by_mark.entry(name).or_insert(item);
        }
        for round in refining.rounds {
            for step in &round.steps {
                this.add_step(step, refining.registry);
            }
        }
        this.name_artifacts(refining.request);
        this
    }

    fn add_step(&mut self, step: &'a StepReport, registry: &Registry) {
        if let Some(error) = &step.error {
            self.know(&error.message);
            self.know(error.hint.as_deref().unwrap_or_default());
        }
        if !step.status.is_success() {
            return;
        }
        let mut first = None;
        for name in output_names(step, registry) {
            let Some(value) = step.outputs.get(name) else {
                continue;
            };
            let item = self.add(
                format!("{}.{name}", step.id),
                Cow::Borrowed(value),
                Some(&step.tool),
            );
            first = first.or(Some(item));
            if let Value::List(items) = value {
                for (index, each) in items.iter().enumerate().take(ITEMS) {
                    let mark = format!("{}.{name}[{index}]", step.id);
                    self.add(mark, Cow::Borrowed(each), Some(&step.tool));
                }
            }
        }
        if let Some(first) = first {
            self.by_mark.insert(step.id.to_lowercase(), first);
            self.by_tool.entry(&step.tool).or_default().push(first);
        }
    }

    fn add(&mut self, mark: String, value: Cow<'a, Value>, tool: Option<&'a str>) -> usize {
        self.know_value(&value);
        let index = self.items.len();
        self.by_mark.insert(mark.to_lowercase(), index);
        self.items.push(Item { mark, value, tool });
        index
    }

    fn know_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.know(text),
            Value::List(items) => items.iter().for_each(|item| self.know_value(item)),
            Value::Record(fields) => fields.values().for_each(|field| self.know_value(field)),
            Value::Artifact(artifact) => {
                if let Some(text) = self.texts.get(artifact) {
                    self.know(&text.text);
                }
            }
            _ => {}
        }
    }

    fn know(&mut self, text: &str) {
        self.evidence.push('\n');
        self.evidence.push_str(&text.to_lowercase());
    }

    /// Names the artifacts of the answer first, as the answer without a model does.
    fn name_artifacts(&mut self, request: &Request) {
        let mut names = Names::new(request);
        for part in &self.answer {
            if let Part::Artifact { artifact, name } = part {
                names.take(name);
                self.names
                    .insert((artifact.id, artifact.kind), name.clone());
            }
        }
        for item in &self.items {
            for artifact in item.value.artifacts() {
                let key = (artifact.id, artifact.kind);
                let name = || names.name(item.tool, artifact);
                self.names.entry(key).or_insert_with(name);
            }
        }
    }
}

impl<'a> Citable<'a> {
    /// All of it, in the order of the run.
    pub(super) fn items(&self) -> &[Item<'a>] {
        &self.items
    }

    /// The beginning of a text that is a file, where it could be read.
    pub(super) fn beginning_of(&self, artifact: &Artifact) -> Option<&'a Excerpt> {
        self.texts.get(artifact)
    }

    pub(super) fn item(&self, index: usize) -> Option<&Item<'a>> {
        self.items.get(index)
    }

    /// Whether something is shown as words.
    pub(super) fn is_text(&self, index: usize) -> bool {
        let item = self.items.get(index);
        item.is_some_and(|item| item.value.artifacts().is_empty())
    }

    /// The parts of the answer as it is without a model.
    pub(super) fn answer(&self) -> &[Part] {
        &self.answer
    }

    /// What an artifact is called in the answer.
    pub(super) fn name_of(&self, artifact: &Artifact) -> String {
        let known = self.names.get(&(artifact.id, artifact.kind));
        known.map_or_else(|| artifact.kind.name().to_owned(), String::clone)
    }

    /// Whether something that is known says this, in any case.
    pub(super) fn is_known(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        self.evidence.contains(words.trim_end_matches('/'))
    }

    /// What a mark names, as it is written.
    pub(super) fn exactly(&self, mark: &str) -> Option<usize> {
        let mark = mark.trim().trim_start_matches('$').to_lowercase();
        self.by_mark.get(&mark).copied()
    }

    /// What a mark certainly means, though it is not quite written so.
    pub(super) fn nearly(&self, mark: &str) -> Option<usize> {
        let mark = mark.trim().to_lowercase();
        // "image: s2.image", "artifact s2"
        let last = mark.rsplit([' ', ':', '/', '$']).next().unwrap_or(&mark);
        self.named(&mark)
            .or_else(|| self.exactly(last))
            .or_else(|| self.in_step(last))
            .or_else(|| self.of_tool(last))
            .or_else(|| self.of_kind(last))
            .or_else(|| self.named(last))
            .or_else(|| self.spelled_like(last))
    }

    /// `s2.picture`, where `s2` gave one artifact, or an output that is spelled almost so.
    fn in_step(&self, mark: &str) -> Option<usize> {
        let (step, field) = mark.split_once(['.', '['])?;
        let first = self.exactly(step)?;
        let prefix = format!("{step}.");
        let own = self.items.iter().enumerate().filter(|(_, item)| {
            let mark = item.mark.to_lowercase();
            mark.starts_with(&prefix) && !mark.contains('[')
        });
        let own: Vec<(usize, &Item<'_>)> = own.collect();
        let alike = own.iter().filter(|(_, item)| {
            let name = item.mark[prefix.len()..].to_lowercase();
            strsim::normalized_levenshtein(&name, field) >= NEAR
        });
        let files = own.iter().filter(|(_, item)| is_file(item));
        only(alike.map(|(index, _)| *index))
            .or_else(|| only(files.map(|(index, _)| *index)))
            .or_else(|| (own.len() == 1).then_some(first))
    }

    /// `grayscale_image`, which was called once.
    fn of_tool(&self, mark: &str) -> Option<usize> {
        match self.by_tool.get(mark)?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// `image`, where one was made; `image2`, where several were.
    fn of_kind(&self, mark: &str) -> Option<usize> {
        let word = mark.trim_end_matches(|each: char| each.is_ascii_digit());
        let number = mark[word.len()..].parse::<usize>().ok();
        let kind = match word.trim_end_matches(['_', '-', '#']) {
            "image" | "img" | "picture" | "photo" => Kind::Image,
            "audio" | "sound" | "voice" | "speech" => Kind::Audio,
            "video" | "clip" => Kind::Video,
            _ => return None,
        };
        let made: Vec<usize> = self.made(kind).collect();
        match number {
            Some(number) => made.get(number.checked_sub(1)?).copied(),
            None => only(made.into_iter()),
        }
    }

    /// A file's name as it is in the answer, with or without an ending.
    fn named(&self, mark: &str) -> Option<usize> {
        let kind = places::kind_of(mark);
        let stem = match kind {
            Some(_) => mark.rsplit_once('.').map_or(mark, |(stem, _)| stem),
            None => mark,
        };
        let called = |item: &Item<'_>| match item.value.as_artifact() {
            Some(artifact) => {
                let is_alike = kind.is_none_or(|kind| kind == artifact.kind);
                is_alike && self.name_of(artifact).to_lowercase() == stem
            }
            None => false,
        };
        self.items.iter().position(called)
    }

    /// The only mark that is spelled almost so. A wrong number is no slip of the pen.
    fn spelled_like(&self, mark: &str) -> Option<usize> {
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let alike = self.items.iter().enumerate().filter(|(_, item)| {
            let name = item.mark.to_lowercase();
            digits(&name) == digits(mark) && strsim::normalized_levenshtein(&name, mark) >= NEAR
        });
        only(alike.map(|(index, _)| index))
    }

    /// The file that is certainly meant by a name or an address that does not exist: the only one of its kind.
    pub(super) fn instead_of(&self, place: &str) -> Option<usize> {
        let name = place.rsplit(['/', '\\']).next().unwrap_or(place);
        let exact = self.named(&name.to_lowercase());
        exact.or_else(|| only(self.made(places::kind_of(place)?)))
    }

    /// What was made of a kind; the same bytes count once.
    pub(super) fn made(&self, kind: Kind) -> impl Iterator<Item = usize> {
        let mut seen: Vec<Digest> = Vec::new();
        let made = self.items.iter().enumerate().filter(move |(_, item)| {
            let file = item.value.as_artifact().filter(|file| file.kind == kind);
            let fresh = file.filter(|file| item.tool.is_some() && !seen.contains(&file.id));
            seen.extend(fresh.map(|file| file.id));
            fresh.is_some()
        });
        made.map(|(index, _)| index)
    }
}

fn is_file(item: &Item<'_>) -> bool {
    let shown = |file: &Artifact| {
        matches!(
            file.kind,
            Kind::Image | Kind::Audio | Kind::Video | Kind::File | Kind::Text
        )
    };
    item.value.as_artifact().is_some_and(shown)
}

fn only(mut of: impl Iterator<Item = usize>) -> Option<usize> {
    let first = of.next()?;
    of.next().is_none().then_some(first)
}

/// The names of what a step gave, the primary output first.
pub(super) fn output_names<'a>(step: &'a StepReport, registry: &Registry) -> Vec<&'a str> {
    let order = |name: &str| {
        let outputs = &registry.get(&step.tool)?.capability.outputs;
        outputs.iter().position(|output| output.name == name)
    };
    let mut names: Vec<&str> = step.outputs.keys().map(String::as_str).collect();
    names.sort_by_key(|name| order(name).unwrap_or(usize::MAX));
    names
}
