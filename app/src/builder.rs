//! Puts a [`Medley`] together.

use std::{fmt, sync::Arc};

use medley_models::{
    ModelError, Models, ModelsOptions,
    language::{LanguageError, LanguageModels, LanguageSettings, ModelRole, Tape, count_tokens},
};
use medley_orchestrator::{
    Agent, AsWritten, Bounds, Corrector, DiskStore, Executor, Ledger, Limits, LocalDispatcher,
    Permission, Planner, Policy, Refiner, Registration, Registry, RegistryError,
};
use medley_planners::{
    Controller, ControllerOptions, EmbeddedPlanner, Example, ExampleError, LanguageRefiner,
    TemplateRefiner,
};
use medley_tools::MediaProbe;
use medley_workflows::{ProgramAuthor, Review, ScriptLimits, ScriptRunner};

use crate::{Medley, records::Records};

/// Puts a [`Medley`] together; everything has a default.
#[derive(Default)]
#[must_use]
pub struct MedleyBuilder {
    models: Option<ModelsOptions>,
    providers: Vec<Registration>,
    planner: Option<Arc<dyn Planner>>,
    refiner: Option<Arc<dyn Refiner>>,
    correction: Correction,
    in_flight_limit: Option<usize>,
    policy: Option<Policy>,
    unrecorded: bool,
    cache_limit: Option<u64>,
    limits: Option<Limits>,
    language: LanguageSettings,
    tape: Tape,
    bounds: Bounds,
    controller: ControllerOptions,
    examples: Vec<Example>,
    script_limits: ScriptLimits,
    planning: Planning,
}

/// Who sees the sentences of an answer before they are shown.
#[derive(Default)]
enum Correction {
    /// They are shown as they were written.
    #[default]
    AsWritten,
    /// They are corrected.
    By(Arc<dyn Corrector>),
    /// Nobody waits for whole sentences.
    Off,
}

/// Who plans.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Planning {
    /// The language model of the role `planner`, or the embedded planner without one.
    #[default]
    Default,
    /// The embedded planner, which needs no language model.
    Embedded,
    /// The language model, as a controller that writes steps.
    Controller,
    /// The language model, as the author of programs, each of which may be looked at before it runs.
    Program(Option<Review>),
}

/// The most bytes that known results take, unless it is said otherwise.
const CACHE_LIMIT: u64 = 10 << 30;

/// Why a [`Medley`] cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A tool cannot be registered.
    #[error("a tool cannot be registered")]
    Registry(#[from] RegistryError),
    /// Models have no place to live.
    #[error("models cannot be opened")]
    Models(#[from] ModelError),
    /// The examples for the language model that plans cannot be used.
    #[error(transparent)]
    Examples(#[from] ExampleError),
    /// Planning is to be a language model's, and there is none.
    #[error("no language model is configured that could plan")]
    NoModel,
    /// The language models cannot be used as they are configured.
    #[error(transparent)]
    Language(#[from] LanguageError),
}

impl BuildError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Models(error) => error.hint(),
            Self::Language(error) => error.hint(),
            Self::Examples(error) => error.hint(),
            Self::NoModel => Some(
                "name one with `--model`, or in the configuration under [llm]; `--planner embedded` needs none"
                    .to_owned(),
            ),
            Self::Registry(_) => None,
        }
    }
}

impl MedleyBuilder {
    /// Adds a tool. For a capability that Medley has too, yours is preferred.
    pub fn provider(mut self, provider: impl Into<Registration>) -> Self {
        self.providers.push(provider.into());
        self
    }

    /// Sets where models and libraries live and whether the network may be used; by default the environment says.
    pub fn models(mut self, options: ModelsOptions) -> Self {
        self.models = Some(options);
        self
    }

    /// Sets who plans; by default the embedded planner, which needs no language model.
    pub fn planner(mut self, planner: impl Planner + 'static) -> Self {
        self.planner = Some(Arc::new(planner));
        self
    }

    /// Sets which of Medley's own planners plans.
    pub fn planning(mut self, planning: Planning) -> Self {
        self.planning = planning;
        self
    }

    /// Sets who puts answers together; by default the language model of the role `refiner`, or a template without one.
    pub fn refiner(mut self, refiner: impl Refiner + 'static) -> Self {
        self.refiner = Some(Arc::new(refiner));
        self
    }

    /// Sets who sees each sentence of an answer before it is shown; by default they are shown as they were written.
    pub fn corrector(mut self, corrector: impl Corrector + 'static) -> Self {
        self.correction = Correction::By(Arc::new(corrector));
        self
    }

    /// Corrects nothing: an answer that a language model writes is shown word by word.
    pub fn uncorrected(mut self) -> Self {
        self.correction = Correction::Off;
        self
    }

    /// Sets how many steps may be in flight at once.
    pub const fn in_flight_limit(mut self, limit: usize) -> Self {
        self.in_flight_limit = Some(limit);
        self
    }

    /// Sets what may be done without asking; by default all but changing the world.
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Sets how much of the machine may be taken at once; by default its processors and four fifths of its memory.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Keeps no history of runs and no results for later; such runs cannot be resumed.
    pub const fn unrecorded(mut self) -> Self {
        self.unrecorded = true;
        self
    }

    /// Sets how many bytes known results may take; by default 10 GiB.
    pub const fn cache_limit(mut self, bytes: u64) -> Self {
        self.cache_limit = Some(bytes);
        self
    }

    /// Sets which language models there are and what they are for, and whether exchanges with them are recorded or
    /// replayed; by default there are none. Keys are read from the environment.
    pub fn language_models(mut self, settings: LanguageSettings, tape: Tape) -> Self {
        self.language = settings;
        self.tape = tape;
        self
    }

    /// Sets how far a run may go before it ends with what is there.
    pub const fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Sets how much a script may take.
    pub const fn script_limits(mut self, limits: ScriptLimits) -> Self {
        self.script_limits = limits;
        self
    }

    /// Sets how a language model plans, and requests with their plans that it is shown before those of Medley.
    pub fn controller(mut self, options: ControllerOptions, examples: Vec<Example>) -> Self {
        self.controller = options;
        self.examples = examples;
        self
    }

    /// Builds it. Nothing is loaded and nothing is fetched before it is needed.
    ///
    /// # Errors
    /// When a tool cannot be registered or the home directory cannot be determined.
    pub fn build(self) -> Result<Medley, BuildError> {
        let options = match self.models {
            Some(options) => options,
            None => ModelsOptions::from_environment()?,
        };
        let mut policy = self.policy.unwrap_or_default();
        if options.offline {
            policy.network = Permission::Deny;
        }
        let limits = self.limits.unwrap_or_else(Limits::of_machine);
        let ledger = Ledger::new(limits.clone());
        let mut more = options.more.clone();
        more.extend(self.language.assets());
        let models = Models::open(ModelsOptions {
            ledger: Some(ledger.clone()),
            more,
            ..options
        })?;
        let mut registry = Registry::new();
        for provider in self.providers {
            registry.register(provider)?;
        }
        medley_tools::register(&mut registry, &models)?;
        medley_generators::register(&mut registry, &models)?;
        let key = |name: &str| std::env::var(name).ok().filter(|key| !key.is_empty());
        let budget = self.language.budget;
        let language = LanguageModels::new(
            self.language,
            &self.tape,
            policy,
            models.ledger(),
            models.assets(),
            key,
        )?;
        medley_tools::language::register(&mut registry, &language)?;
        registry.set_limits(limits);
        let registry = Arc::new(registry);
        let store = Arc::new(DiskStore::new(models.home().store()));
        let dispatcher = LocalDispatcher::new(Arc::clone(&registry), store.clone());
        let mut executor = Executor::new(Arc::new(dispatcher), store.clone())
            .with_ledger(ledger)
            .with_policy(policy);
        if let Some(limit) = self.in_flight_limit {
            executor = executor.with_in_flight_limit(limit);
        }
        let journal = (!self.unrecorded).then(|| models.home().journal());
        let limit = self.cache_limit.unwrap_or(CACHE_LIMIT);
        let records = Records::new(journal, models.home().locks(), limit, Arc::clone(&store));
        for example in &self.examples {
            example.check(&registry)?;
        }
        // What a program emits is the answer.
        let is_program = matches!(self.planning, Planning::Program(_));
        let planner = match self.planner {
            Some(planner) => planner,
            None => {
                let embedded = Arc::new(EmbeddedPlanner::new(&models));
                let model = language.of_role(ModelRole::Planner);
                let controller = |model| {
                    Controller::new(model, embedded.clone())
                        .with_retriever(embedded.retriever())
                        .with_options(self.controller)
                        .with_examples(self.examples)
                        .with_results_from(store.clone())
                };
                match (self.planning, model) {
                    (Planning::Embedded, _) | (Planning::Default, None) => embedded.clone(),
                    (Planning::Default | Planning::Controller, Some(model)) => {
                        Arc::new(controller(model)) as Arc<dyn Planner>
                    }
                    (Planning::Program(review), Some(model)) => {
                        let runner = ScriptRunner {
                            store: store.clone(),
                            limits: self.script_limits.clone(),
                        };
                        let fallback = Arc::new(controller(model.clone()));
                        let author = ProgramAuthor::new(model, runner, fallback);
                        Arc::new(match review {
                            Some(review) => author.reviewed_by(review),
                            None => author,
                        })
                    }
                    (Planning::Controller | Planning::Program(_), None) => {
                        return Err(BuildError::NoModel);
                    }
                }
            }
        };
        let refiner = match self.refiner {
            Some(refiner) => refiner,
            None if is_program => Arc::new(TemplateRefiner),
            None => default_refiner(&language, store.clone()),
        };
        let corrector = match self.correction {
            Correction::AsWritten => Some(Arc::new(AsWritten) as Arc<dyn Corrector>),
            Correction::By(corrector) => Some(corrector),
            Correction::Off => None,
        };
        let agent = Agent {
            bounds: self.bounds,
            budget,
            counter: Arc::new(count_tokens),
            corrector,
            ..Agent::new(registry, planner, executor, refiner)
        };
        Ok(Medley::assemble(
            agent,
            store,
            models,
            language,
            Arc::new(MediaProbe::default()),
            records,
            self.script_limits,
        ))
    }
}

/// The language model that writes answers, if there is one.
fn default_refiner(language: &LanguageModels, store: Arc<DiskStore>) -> Arc<dyn Refiner> {
    match language.of_role(ModelRole::Refiner) {
        Some(model) => Arc::new(LanguageRefiner::new(model).with_results_from(store)),
        None => Arc::new(TemplateRefiner),
    }
}

impl fmt::Debug for MedleyBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MedleyBuilder")
            .field("providers", &self.providers.len())
            .finish_non_exhaustive()
    }
}
