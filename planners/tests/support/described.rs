//! What tests of planning share: tools that are only described, and the planner with the real encoder.

use async_trait::async_trait;
use medley_models::{Models, ModelsOptions};
use medley_orchestrator::{
    CallContext, Capability, Determinism, Effects, Profile, Provider, Record, Registration,
    Registry, ToolError,
};
use medley_planners::EmbeddedPlanner;

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

/// The tools that come with Medley, as they are described.
pub(crate) fn registry() -> Registry {
    let capabilities: Vec<Capability> =
        serde_json::from_str(include_str!("../../fixtures/capabilities.json")).unwrap();
    let mut registry = Registry::new();
    for capability in capabilities {
        register(&mut registry, capability);
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

/// The planner with the real encoder.
pub(crate) fn planner() -> EmbeddedPlanner {
    let models = Models::open(ModelsOptions::from_environment().unwrap()).unwrap();
    EmbeddedPlanner::new(&models)
}
