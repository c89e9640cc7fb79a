//! What tests of planners share.

use async_trait::async_trait;
use medley_orchestrator::{
    Artifact, Attachment, CallContext, Capability, Determinism, Digest, Effects, Facts, Kind,
    Profile, Provider, Record, Registration, Registry, ToolError,
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

/// The tools that come with Medley, as they are described; none can be called.
pub(crate) fn registry() -> Registry {
    let capabilities: Vec<Capability> =
        serde_json::from_str(include_str!("../fixtures/capabilities.json")).unwrap();
    let mut registry = Registry::new();
    for capability in capabilities {
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
    registry
}

/// A file that a request comes with.
pub(crate) fn attachment(name: &str, kind: Kind) -> Attachment {
    Attachment {
        name: name.to_owned(),
        artifact: Artifact {
            id: Digest::of(name.as_bytes()),
            kind,
            mime: String::new(),
            facts: Facts::default(),
        },
    }
}
