//! Artifacts of one kind as field types, so that a tool's signature says which kind it takes.

use std::{borrow::Cow, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{Artifact, Kind};

/// The schema keyword that marks an artifact and names its kind.
pub(super) const KIND_KEYWORD: &str = "x-medley-kind";

macro_rules! artifact_of_kind {
    ($($name:ident: $kind:expr, $article:literal;)*) => {$(
        #[doc = concat!("An artifact that is ", $article, ".")]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Artifact);

        impl Deref for $name {
            type Target = Artifact;

            fn deref(&self) -> &Artifact {
                &self.0
            }
        }

        impl From<Artifact> for $name {
            fn from(artifact: Artifact) -> Self {
                Self(artifact)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let kind: Kind = $kind;
                json_schema!({ "type": "object", (KIND_KEYWORD): kind.name() })
            }
        }
    )*};
}

artifact_of_kind! {
    TextArtifact: Kind::Text, "text";
    ImageArtifact: Kind::Image, "a still picture";
    AudioArtifact: Kind::Audio, "sound";
    VideoArtifact: Kind::Video, "moving pictures";
    RegionsArtifact: Kind::Regions, "regions of a picture";
    TableArtifact: Kind::Table, "a table";
    JsonArtifact: Kind::Json, "a JSON document";
    FileArtifact: Kind::File, "any file";
}
