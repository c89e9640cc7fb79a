//! Tools that are only described, for tests and benches of whatever makes plans; others take this in by its path.
#![allow(dead_code, reason = "not every test adds tools")]

use async_trait::async_trait;
use medley_orchestrator::{
    CallContext, Capability, Determinism, Effects, Profile, Provider, Record, Registration,
    Registry, ToolError,
};

/// A provider that is there and never called.
struct Described(Profile);

#[async_trait]
impl Provider for Described {
    fn profile(&self) -> &Profile {
        &self.0
    }

    async fn call(&self, _: Record, _: &CallContext) -> Result<Record, ToolError> {
        Err(ToolError::permanent("described", "it is only described"))
    }
}

/// What the tools that come with Medley are for.
pub(crate) fn capabilities() -> Vec<Capability> {
    serde_json::from_str(include_str!("../../fixtures/capabilities.json")).unwrap()
}

/// The tools that come with Medley, as they are described; none can be called.
pub(crate) fn registry() -> Registry {
    registry_of(&capabilities())
}

/// Tools that are there and never called.
pub(crate) fn registry_of(capabilities: &[Capability]) -> Registry {
    let mut registry = Registry::new();
    for capability in capabilities {
        register(&mut registry, capability.clone());
    }
    registry
}

/// Adds a tool that is there and never called.
pub(crate) fn register(registry: &mut Registry, capability: Capability) {
    let profile = Profile {
        id: "described".to_owned(),
        revision: "1".to_owned(),
        effects: Effects::Pure,
        determinism: Determinism::Deterministic,
        ..Profile::default()
    };
    registry
        .register(Registration::new(capability, Described(profile)))
        .unwrap();
}
