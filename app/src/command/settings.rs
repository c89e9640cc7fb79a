//! What is configured: flags over environment over file over defaults.

use std::{collections::BTreeMap, env, path::PathBuf, time::Duration};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use medley::{
    Bounds, Budget, ControllerOptions, Example, ExampleError, LanguageSettings, Limits, ModelRole,
    ModelSettings, ModelsOptions, Names, PlanForm, Policy, ScriptLimits,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{
    Arguments,
    arguments::{PlanningArguments, Verbosity},
};

/// The settings of one invocation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Where models, libraries and artifacts are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<PathBuf>,
    /// Never use the network.
    #[serde(default)]
    pub offline: bool,
    /// Where answers' files go, in place of `medley-out/RUN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// How many steps may be in flight at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_in_flight: Option<usize>,
    /// How many bytes the results that may be used again take at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_limit: Option<u64>,
    /// How much of the machine may be taken at once.
    #[serde(default)]
    pub limits: LimitSettings,
    /// What may be done without asking.
    #[serde(default)]
    pub policy: Policy,
    /// The language models, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub llm: BTreeMap<String, ModelSettings>,
    /// Which of them do what, the preferred first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<ModelRole, Names>,
    /// What a run may spend on them.
    #[serde(default)]
    pub budget: Budget,
    /// How a language model plans, and how far a run may go.
    #[serde(default)]
    pub agent: AgentSettings,
    /// How much a workflow may take.
    #[serde(default)]
    pub workflow: ScriptLimits,
    /// Paths of models and libraries, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub assets: BTreeMap<String, PathBuf>,
    /// Where the paths in `assets` were read from.
    #[serde(skip)]
    source: String,
    /// Whether the file says what may be done over the network, rather than nobody.
    #[serde(skip)]
    pub network_is_decided: bool,
    /// How much is said beside the answer.
    #[serde(skip)]
    pub verbosity: Verbosity,
}

/// How much of the machine may be taken at once; what is absent is what there is.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitSettings {
    /// Threads that compute.
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<u32>,
    /// Bytes of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<u64>,
    /// Network calls in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<u32>,
}

impl LimitSettings {
    pub(super) fn limits(self) -> Limits {
        let machine = Limits::of_machine();
        Limits {
            threads: self.threads.unwrap_or(machine.threads),
            memory: self.memory.unwrap_or(machine.memory),
            network: self.network.unwrap_or(machine.network),
            devices: machine.devices,
        }
    }
}

/// How a language model plans, and how far a run may go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AgentSettings {
    /// How often the planner may look and add more.
    rounds: u32,
    /// How many steps a run may have.
    steps: usize,
    /// How many seconds its steps may take together.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "seconds")]
    time_s: Option<f64>,
    /// How many examples the model is shown.
    shots: usize,
    /// Whether it looks at what came of its steps each time.
    looks: bool,
    /// How it writes its plan.
    form: PlanForm,
    /// A file with more examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    examples: Option<PathBuf>,
}

/// A time that can pass.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?;
    let is_time = |seconds: &f64| *seconds > 0.0 && Duration::try_from_secs_f64(*seconds).is_ok();
    match seconds.filter(|seconds| !is_time(seconds)) {
        Some(seconds) => Err(D::Error::custom(format!(
            "{seconds} is no number of seconds above 0"
        ))),
        None => Ok(seconds),
    }
}

impl Default for AgentSettings {
    fn default() -> Self {
        let bounds = Bounds::default();
        let controller = ControllerOptions::default();
        Self {
            rounds: bounds.rounds,
            steps: bounds.steps,
            time_s: bounds.time_s,
            shots: controller.shots,
            looks: controller.looks,
            form: controller.form,
            examples: None,
        }
    }
}

impl AgentSettings {
    pub(super) const fn bounds(&self) -> Bounds {
        Bounds {
            rounds: self.rounds,
            steps: self.steps,
            time_s: self.time_s,
        }
    }

    /// How the model plans; what the command line says goes first.
    pub(super) fn controller(&self, arguments: &PlanningArguments) -> ControllerOptions {
        ControllerOptions {
            shots: arguments.shots.unwrap_or(self.shots),
            looks: self.looks || arguments.look,
            form: self.form,
        }
    }

    /// The examples of the person.
    pub(super) fn examples(&self) -> Result<Vec<Example>, ExampleError> {
        match &self.examples {
            Some(path) => Example::read_all(path),
            None => Ok(Vec::new()),
        }
    }
}

/// The settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    /// The file that was named is not there.
    #[error("there is no configuration file {}", .0.display())]
    Missing(PathBuf),
    /// A setting is malformed or unknown.
    #[error("the configuration is not usable: {0}")]
    Malformed(#[from] Box<figment::Error>),
    /// The environment is not usable.
    #[error("models cannot be configured")]
    Models(#[from] medley_models::ModelError),
}

impl Settings {
    pub(super) fn load(arguments: &Arguments) -> Result<Self, SettingsError> {
        let named = arguments
            .config
            .clone()
            .or_else(|| variable("MEDLEY_CONFIG"));
        if let Some(missing) = named.as_ref().filter(|file| !file.is_file()) {
            return Err(SettingsError::Missing(missing.clone()));
        }
        let file = named.or_else(default_file);
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = &file {
            figment = figment.merge(Toml::file(file));
        }
        figment = figment.merge(Env::prefixed("MEDLEY_").only(&["steps_in_flight", "cache_limit"]));
        let mut settings: Self = figment.extract().map_err(Box::new)?;
        let own = file.as_ref().map(|file| Figment::from(Toml::file(file)));
        settings.network_is_decided = own.is_some_and(|own| own.contains("policy.network"));
        // Paths are taken as they are: figment would read one such as `2026` as a number. The switch takes more than
        // `true` and `false`, so the models read it.
        if variable("MEDLEY_OFFLINE").is_some() {
            settings.offline = ModelsOptions::from_environment()?.offline;
        }
        settings.offline |= arguments.offline;
        let home = arguments.home.clone();
        settings.home = home.or_else(|| variable("MEDLEY_HOME")).or(settings.home);
        settings.output = variable("MEDLEY_OUTPUT").or(settings.output);
        settings.verbosity = arguments.verbosity();
        settings.source = file
            .map(|file| file.display().to_string())
            .unwrap_or_default();
        Ok(settings)
    }

    /// The language models: those of the file and that of the environment, one of which may be chosen for everything.
    pub(super) fn language(&self, chosen: Option<String>) -> LanguageSettings {
        let settings = LanguageSettings {
            llm: self.llm.clone(),
            roles: self.roles.clone(),
            budget: self.budget,
            chosen,
        };
        settings.with_environment(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// What the models are to know; who watches their fetching is added by the command.
    pub(super) fn models_options(&self) -> ModelsOptions {
        let mut options = ModelsOptions::from_environment().unwrap_or_default();
        options.home.clone_from(&self.home);
        options.offline = self.offline;
        for (name, path) in &self.assets {
            options.name_path(name, path, format!("assets.{name} in {}", self.source));
        }
        options.more = self.language(None).assets();
        options.observer = Some(super::progress::asset_observer(self.verbosity));
        options
    }
}

/// A variable of the environment; an empty one counts as absent.
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn default_file() -> Option<PathBuf> {
    let folder = env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".config")))?;
    Some(folder.join("medley").join("config.toml")).filter(|file| file.is_file())
}
