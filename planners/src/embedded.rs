//! The planner without a language model: clauses, matching, arguments, graph.
//!
//! A request is split into clauses; each is matched to a capability by sentence embeddings and words; numbers, choices,
//! languages and quotations become arguments; and the steps are connected by what the words refer to and what the types
//! allow, with tools put in between where a type is missing. What cannot be planned is declined as a whole.

pub(crate) mod arguments;
mod assembly;
pub(crate) mod bridge;
mod chinese;
mod clauses;
mod decline;
mod denial;
mod encoder;
mod files;
pub(crate) mod holdings;
mod interpret;
mod language;
pub(crate) mod matching;
mod names;
mod ordinals;
mod overview;
mod retriever;
mod tokens;
mod vector_cache;
pub(crate) mod vocabulary;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use async_trait::async_trait;
use medley_models::{ModelError, Models, families::minilm::Embedding};
use medley_orchestrator::{
    Capability, Decision, Decline, Planner, PlannerError, Question, Request, Situation,
};
use tokio_util::sync::CancellationToken;

pub use encoder::{Encoder, LazyEncoder};
pub use retriever::{RetrievalError, Retriever};

use self::{
    assembly::{Assembly, Obstacle},
    clauses::Clause,
    decline::Decliner,
    files::Files,
    interpret::{Interpreter, Reading},
    matching::{Index, Meaning},
    overview::{Overview, Tools},
    tokens::TokenKind,
    vocabulary::{Vocabulary, VocabularyError},
};

/// Plans requests in English and Chinese without a language model.
///
/// It plans once, from the request alone; what the steps give is not looked at.
pub struct EmbeddedPlanner(Arc<Shared>);

struct Shared {
    vocabulary: OnceLock<Result<Vocabulary, VocabularyError>>,
    encoder: Box<dyn Encoder>,
    cache: PathBuf,
    /// The index of the registry that was planned for last.
    index: Mutex<Option<(Vec<Capability>, Arc<Index>)>>,
    /// The same for tools that are only described.
    described: Mutex<Option<(Vec<Capability>, Arc<Tools>)>>,
}

impl EmbeddedPlanner {
    /// A planner with the encoder of these models, which keeps the embeddings of tools in their home. Loads nothing yet.
    #[must_use]
    pub fn new(models: &Models) -> Self {
        Self::with_encoder(LazyEncoder::new(models.clone()), models.home().cache())
    }

    /// A planner with another encoder, which keeps the embeddings of tools in the directory `cache`.
    #[must_use]
    pub fn with_encoder(encoder: impl Encoder + 'static, cache: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Shared {
            vocabulary: OnceLock::new(),
            encoder: Box::new(encoder),
            cache: cache.into(),
            index: Mutex::default(),
            described: Mutex::default(),
        }))
    }
}

/// Why planning cannot go on.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the model that reads requests cannot be used")]
    Model(#[from] ModelError),
    #[error("a data file of the planner is not usable: {0}")]
    Vocabulary(String),
}

#[async_trait]
impl Planner for EmbeddedPlanner {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !situation.rounds.is_empty() {
            return Ok(Decision::Finish);
        }
        let shared = Arc::clone(&self.0);
        let request = situation.request.clone();
        let capabilities: Vec<Capability> = situation.registry.plannable().cloned().collect();
        let cancel = situation.cancel.clone();
        let answers = situation.answers.clone();
        tokio::task::spawn_blocking(move || shared.plan(&request, &capabilities, &answers, &cancel))
            .await
            .map_err(|failure| PlannerError {
                code: "planner_stopped",
                message: "the planner stopped on a defect of its own".to_owned(),
                hint: Some("report it, with the request".to_owned()),
                source: Some(failure.into()),
            })?
            .map_err(planner_error)
    }
}

fn planner_error(failure: Failure) -> PlannerError {
    let message = failure.to_string();
    match failure {
        Failure::Model(error) => PlannerError {
            code: "planner_model",
            message,
            hint: error.hint(),
            source: Some(error.into()),
        },
        Failure::Vocabulary(_) => PlannerError {
            code: "planner_data",
            message,
            hint: Some("report it: the file is part of the program".to_owned()),
            source: None,
        },
    }
}

impl Shared {
    fn plan(
        &self,
        request: &Request,
        capabilities: &[Capability],
        answers: &BTreeMap<String, String>,
        cancel: &CancellationToken,
    ) -> Result<Decision, Failure> {
        let vocabulary = self.vocabulary()?;
        let files = Files::of(request);
        let (names, lanes) = files.names();
        let mut tokens = tokens::tokenize(&request.text, &names, vocabulary);
        for token in &mut tokens {
            if let TokenKind::File(index) = &mut token.kind {
                *index = lanes[*index];
            }
        }
        if request.text.trim().is_empty() {
            return Ok(Decision::Decline(decline::empty()));
        }
        if let Some(language) = language::unreadable(&request.text, &tokens, &vocabulary.languages)
        {
            return Ok(Decision::Decline(decline::foreign(&language)));
        }
        if overview::is_for(capabilities, vocabulary) {
            let overview = Overview {
                vocabulary,
                capabilities,
                tools: &*self.described(capabilities, vocabulary, cancel)?,
                encoder: &*self.encoder,
            };
            return Ok(overview.plan(request, &tokens, cancel)?);
        }
        let index = self.index(capabilities, vocabulary, cancel)?;
        let starts_action =
            |word: &str| vocabulary.words.verbs.contains(word) || index.is_action_word(word);
        names::mark(&mut tokens, &request.text, &vocabulary.words);
        ordinals::mark(&mut tokens, vocabulary);
        let clauses = clauses::split(&tokens, &vocabulary.words, &starts_action);
        let (denied, clauses) = set_aside_denied(clauses);
        let left_out: Vec<&str> = denied
            .iter()
            .map(|clause| clause.source(&request.text))
            .collect();
        if clauses.is_empty() && !denied.is_empty() {
            return Ok(Decision::Decline(decline::only_denied(&left_out)));
        }
        let decliner = Decliner {
            capabilities,
            attachments: &request.attachments,
            vocabulary,
            request: &request.text,
            in_session: !request.conversation.is_none(),
        };
        for clause in &clauses {
            if let Some(name) = names::absent(&clause.tokens) {
                let known: Vec<&str> = files.labels().collect();
                let decline = decliner.absent(clause, name, &known);
                return Ok(Decision::Decline(decline));
            }
        }
        let interpreter = Interpreter {
            vocabulary,
            index: &index,
            encoder: &*self.encoder,
            capabilities,
            files: &files,
            cancel,
        };
        let readings = interpreter.read(clauses)?;
        if readings.is_empty() && !denied.is_empty() {
            return Ok(Decision::Decline(decline::only_denied(&left_out)));
        }
        Ok(match assemble(&decliner, request, answers, &readings) {
            Ok(Decision::Add { draft, mut notes }) => {
                notes.extend(left_out.iter().map(|part| decline::left_out(part)));
                Decision::Add { draft, notes }
            }
            Ok(decision) => decision,
            Err(Refusal::Decline(decline)) => Decision::Decline(decline),
            Err(Refusal::Clarify(question)) => Decision::Clarify(question),
        })
    }

    fn vocabulary(&self) -> Result<&Vocabulary, Failure> {
        let read = self.vocabulary.get_or_init(Vocabulary::built_in);
        read.as_ref().map_err(|error| {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            Failure::Vocabulary(format!("{error}: {}", cause.unwrap_or_default()))
        })
    }

    /// The vectors of `texts`, kept on disk.
    fn embedded(
        &self,
        texts: &[&str],
        cancel: &CancellationToken,
    ) -> Result<Vec<Embedding>, ModelError> {
        vector_cache::through(&self.cache, &*self.encoder, texts, cancel)
    }

    /// The index of these capabilities; the last one is kept.
    fn index(
        &self,
        capabilities: &[Capability],
        vocabulary: &Vocabulary,
        cancel: &CancellationToken,
    ) -> Result<Arc<Index>, ModelError> {
        let mut kept = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, index)) = &*kept
            && of == capabilities
        {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(Index::build(
            capabilities,
            vocabulary,
            &*self.encoder,
            &self.cache,
            cancel,
        )?);
        *kept = Some((capabilities.to_vec(), Arc::clone(&index)));
        Ok(index)
    }

    /// These capabilities, described; the last ones are kept.
    fn described(
        &self,
        capabilities: &[Capability],
        vocabulary: &Vocabulary,
        cancel: &CancellationToken,
    ) -> Result<Arc<Tools>, ModelError> {
        let mut kept = self
            .described
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((of, tools)) = &*kept
            && of == capabilities
        {
            return Ok(Arc::clone(tools));
        }
        let tools = overview::describe(
            capabilities,
            vocabulary,
            &*self.encoder,
            &self.cache,
            cancel,
        )?;
        let tools = Arc::new(tools);
        *kept = Some((capabilities.to_vec(), Arc::clone(&tools)));
        Ok(tools)
    }
}

/// The clauses that say what shall not be done, and the others. A file that is named only where it is denied is still what
/// "it" means behind.
fn set_aside_denied(clauses: Vec<Clause>) -> (Vec<Clause>, Vec<Clause>) {
    let (mut denied, mut others): (Vec<Clause>, Vec<Clause>) = (Vec::new(), Vec::new());
    for mut clause in clauses {
        if clause.denied {
            denied.push(clause);
            continue;
        }
        let is_file = |token: &&tokens::Token| {
            matches!(token.kind, TokenKind::File(_) | TokenKind::Ordinal(_))
        };
        if others.is_empty() && !clause.tokens.iter().any(|token| is_file(&token)) {
            let named = denied.iter().flat_map(|clause| &clause.tokens);
            let named: Vec<tokens::Token> = named.filter(is_file).cloned().collect();
            clause.tokens.splice(0..0, named);
        }
        others.push(clause);
    }
    (denied, others)
}

/// Why there is no plan.
enum Refusal {
    /// It cannot be done.
    Decline(Decline),
    /// It can be meant in several ways.
    Clarify(Question),
}

impl From<Decline> for Refusal {
    fn from(decline: Decline) -> Self {
        Self::Decline(decline)
    }
}

/// The plan, or why there is none.
fn assemble(
    decliner: &Decliner<'_>,
    request: &Request,
    answers: &BTreeMap<String, String>,
    readings: &[Reading],
) -> Result<Decision, Refusal> {
    if readings.is_empty() {
        return Err(decline::nothing_asked().into());
    }
    let (vocabulary, capabilities) = (decliner.vocabulary, decliner.capabilities);
    let mut assembly = Assembly::new(capabilities, request, vocabulary, answers);
    let mut notes = Vec::new();
    for (place, reading) in readings.iter().enumerate() {
        assembly.begin_part(place + 1);
        let chosen = choose(vocabulary, reading, &assembly, decliner);
        let again = assembly.again(reading, chosen.as_ref().ok().copied());
        if !again.is_empty() {
            assembly.add_again(&again, &reading.clause);
            continue;
        }
        let capability = chosen?;
        match assembly.add(reading, capability) {
            Ok(()) => {}
            Err(Obstacle::Ambiguous { lanes }) => {
                return Err(Refusal::Clarify(assembly.question(&reading.clause, &lanes)));
            }
            Err(obstacle) => return Err(decliner.obstacle(reading, capability, &obstacle).into()),
        }
        notes.extend(unknown_words(reading));
    }
    Ok(Decision::Add {
        draft: assembly.finish(),
        notes,
    })
}

/// The capability that a clause asks for; one whose inputs are at hand goes before one that is hardly nearer.
fn choose(
    vocabulary: &Vocabulary,
    reading: &Reading,
    assembly: &Assembly<'_>,
    decliner: &Decliner<'_>,
) -> Result<usize, Decline> {
    let settings = &vocabulary.settings;
    let best = reading.matches.first();
    let (Some(best), false) = (best, unknown_share(reading) > settings.unknown_characters) else {
        return Err(decliner.not_understood(reading));
    };
    if best.score < settings.accept {
        return Err(decliner.not_understood(reading));
    }
    // A task that no tool does must fit clearly better than a tool that is there.
    let least = match best.meaning {
        Meaning::Capability(_) => best.score,
        Meaning::MissingTask(_) | Meaning::Filler => {
            settings.accept.max(best.score - settings.task_lead)
        }
    };
    let Some(capability) = reading.capabilities(least).next() else {
        return Err(match best.meaning {
            Meaning::MissingTask(task) => decliner.missing_task(reading, task),
            _ => decliner.not_understood(reading),
        });
    };
    // To cover "the faces" takes more than a tool that covers what another finds.
    let transforms = assembly.is_transform(&decliner.capabilities[capability]);
    if let Some(task) =
        missing_finder(vocabulary, reading, decliner.capabilities).filter(|_| transforms)
    {
        return Err(decliner.missing_task(reading, task));
    }
    let lacks_argument = match assembly.try_add(reading, capability) {
        Ok(()) | Err(Obstacle::Ambiguous { .. }) => return Ok(capability),
        Err(obstacle) => matches!(obstacle, Obstacle::Argument { .. }),
    };
    let least = settings.accept.max(best.score - settings.margin);
    let other = reading
        .capabilities(least)
        // A clause that does not say how a tool is to work means another only if it says how that one is.
        .filter(|index| !lacks_argument || assembly.says_how(reading, *index))
        .find(|index| assembly.try_add(reading, *index).is_ok());
    Ok(other.unwrap_or(capability))
}

/// The task, which no tool does, that finds a thing which the clause speaks of.
fn missing_finder(
    vocabulary: &Vocabulary,
    reading: &Reading,
    capabilities: &[Capability],
) -> Option<usize> {
    let words: Vec<&str> = reading.clause.words().collect();
    let describes = |at: usize| {
        let before = &words[at.saturating_sub(2)..at];
        before
            .iter()
            .any(|word| vocabulary.words.describing.contains(*word))
    };
    vocabulary.tasks.task.iter().position(|task| {
        capabilities.iter().all(|each| each.name != task.name)
            && (0..words.len()).any(|at| task.subjects.contains(words[at]) && !describes(at))
    })
}

/// The share of characters that the phrase table does not know.
#[expect(
    clippy::cast_precision_loss,
    reason = "a request has fewer than 2^23 characters"
)]
fn unknown_share(reading: &Reading) -> f32 {
    let tokens = &reading.clause.tokens;
    let unknown = tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Unknown)
        .count();
    let mut places: Vec<_> = tokens.iter().map(|token| token.source.start).collect();
    places.dedup();
    unknown as f32 / places.len().max(1) as f32
}

/// A note of the characters in a clause that were passed over.
fn unknown_words(reading: &Reading) -> Option<String> {
    let unknown: String = reading
        .clause
        .tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Unknown)
        .map(|token| token.text.as_str())
        .collect();
    (!unknown.is_empty())
        .then(|| format!("these characters were not understood and passed over: {unknown}"))
}

#[cfg(test)]
mod tests;
