//! Which capabilities there are, and who provides them; frozen for a run.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Capability, Health, Limits, Provider, SchemaError, Visibility};

/// A capability with one of its providers, on the way into the [`Registry`].
///
/// Every [`Tool`](crate::Tool) converts into one.
pub struct Registration {
    /// The capability, or why its description cannot be read.
    pub(crate) capability: Result<Capability, SchemaError>,
    /// The provider.
    pub(crate) provider: Arc<dyn Provider>,
}

impl Registration {
    /// A provider of `capability`.
    #[must_use]
    pub fn new(capability: Capability, provider: impl Provider + 'static) -> Self {
        Self {
            capability: Ok(capability),
            provider: Arc::new(provider),
        }
    }
}

/// Why a registration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name is not snake case.
    #[error("`{0}` is not a capability name: use lower-case letters, digits and underscores")]
    Name(String),
    /// The tool's structs do not describe a capability.
    #[error("the tool cannot be described")]
    Schema(#[from] SchemaError),
    /// The same name was registered with other parameters or outputs.
    #[error("`{0}` is registered twice with different parameters or outputs")]
    Conflict(String),
    /// The same provider was registered twice for one capability.
    #[error("`{capability}` has two providers named `{provider}`")]
    Duplicate {
        /// The capability.
        capability: String,
        /// The provider.
        provider: String,
    },
}

/// A capability and its providers, the preferred first.
#[derive(Clone)]
pub struct Entry {
    /// The capability.
    pub capability: Capability,
    /// Who provides it, in the order of preference.
    pub providers: Vec<Arc<dyn Provider>>,
}

impl Entry {
    /// The preferred provider that could run now.
    #[must_use]
    pub fn usable_provider(&self) -> Option<&Arc<dyn Provider>> {
        self.providers
            .iter()
            .find(|provider| provider.health().is_usable())
    }

    /// The provider with this id.
    #[must_use]
    pub fn provider(&self, id: &str) -> Option<&Arc<dyn Provider>> {
        self.providers
            .iter()
            .find(|provider| provider.profile().id == id)
    }
}

/// Capabilities by name. Share it in an [`Arc`]: nothing changes it while plans run.
#[derive(Clone, Default)]
pub struct Registry {
    entries: BTreeMap<String, Entry>,
    limits: Option<Limits>,
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider, after those that its capability already has.
    ///
    /// # Errors
    /// When the name is malformed, taken by a different capability, or the provider is there already.
    pub fn register(&mut self, registration: impl Into<Registration>) -> Result<(), RegistryError> {
        let registration = registration.into();
        let capability = registration.capability?;
        if !is_capability_name(&capability.name) {
            return Err(RegistryError::Name(capability.name));
        }
        match self.entries.get_mut(&capability.name) {
            None => {
                let entry = Entry {
                    providers: vec![registration.provider],
                    capability,
                };
                self.entries.insert(entry.capability.name.clone(), entry);
            }
            Some(entry) if !same_shape(&entry.capability, &capability) => {
                return Err(RegistryError::Conflict(capability.name));
            }
            Some(entry) => {
                let id = &registration.provider.profile().id;
                if entry.provider(id).is_some() {
                    return Err(RegistryError::Duplicate {
                        capability: capability.name,
                        provider: id.clone(),
                    });
                }
                entry.providers.push(registration.provider);
            }
        }
        Ok(())
    }

    /// Sets what there is of the machine: providers that need more count as unable.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = Some(limits);
    }

    /// What there is of the machine, where it is limited.
    #[must_use]
    pub const fn limits(&self) -> Option<&Limits> {
        self.limits.as_ref()
    }

    /// The capability with this name, and its providers.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Every capability with its providers, by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// What planners see: shown capabilities that have a provider which could run now.
    pub fn plannable(&self) -> impl Iterator<Item = &Capability> {
        self.entries
            .values()
            .filter(|entry| entry.capability.visibility == Visibility::Shown)
            .filter(|entry| entry.usable_provider().is_some())
            .map(|entry| &entry.capability)
    }

    /// Why a capability cannot run, if no provider of it could.
    #[must_use]
    pub fn unavailable(&self, name: &str) -> Option<(String, String)> {
        let entry = self.entries.get(name)?;
        if entry.usable_provider().is_some() {
            return None;
        }
        entry
            .providers
            .iter()
            .find_map(|provider| match provider.health() {
                Health::Unavailable { reason, hint } => Some((reason, hint)),
                Health::Healthy | Health::NeedsFetch { .. } => None,
            })
    }
}

fn is_capability_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_')
}

fn same_shape(one: &Capability, other: &Capability) -> bool {
    one.version == other.version
        && one.parameters == other.parameters
        && one.outputs == other.outputs
}
