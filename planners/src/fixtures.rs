//! What tests of planners share.

#[path = "../tests/support/described.rs"]
mod described;

use medley_orchestrator::{Artifact, Attachment, Digest, Facts, Kind};

pub(crate) use described::{capabilities, registry, registry_of};

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
