//! Makes a provider of a typed tool.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value as Json;

use super::{
    Tool,
    schema::{SchemaError, outputs_of, parameters_of},
};
use crate::{
    CallContext, Capability, Health, Profile, Provider, Record, Registration, ToolError, Value,
};

struct Adapter<T> {
    tool: T,
    profile: Profile,
}

impl<T: Tool> From<T> for Registration {
    fn from(tool: T) -> Self {
        let about = tool.about();
        let capability = describe(&tool);
        let profile = Profile {
            id: about.provider.to_owned(),
            revision: about.revision,
            effects: about.effects,
            determinism: about.determinism,
            time_limit: about.time_limit,
            idle_limit: about.idle_limit,
            resources: about.resources,
        };
        Self {
            capability,
            provider: Arc::new(Adapter { tool, profile }),
        }
    }
}

fn describe<T: Tool>(tool: &T) -> Result<Capability, SchemaError> {
    let about = tool.about();
    Ok(Capability {
        name: about.name.to_owned(),
        version: about.version,
        purpose: about.purpose.to_owned(),
        phrases: about
            .phrases
            .iter()
            .map(|&phrase| phrase.to_owned())
            .collect(),
        parameters: parameters_of::<T::Input>()?,
        outputs: outputs_of::<T::Output>()?,
        visibility: about.visibility,
    })
}

#[async_trait]
impl<T: Tool> Provider for Adapter<T> {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn health(&self) -> Health {
        self.tool.health()
    }

    fn environment(&self) -> String {
        self.tool.environment()
    }

    async fn call(&self, inputs: Record, context: &CallContext) -> Result<Record, ToolError> {
        let input = serde_json::from_value(Value::Record(inputs).to_json())
            .map_err(|error| ToolError::permanent("bad_argument", error.to_string()))?;
        let output = self.tool.call(input, context).await?;
        let malformed = |cause: Box<dyn std::error::Error + Send + Sync>| {
            ToolError::permanent("bad_output", "the tool gave a result that is no value")
                .caused_by(cause)
        };
        let json = serde_json::to_value(output).map_err(|error| malformed(error.into()))?;
        match Value::from_json(match json {
            Json::Null => Json::Object(serde_json::Map::new()),
            other => other,
        }) {
            Ok(Value::Record(record)) => Ok(record),
            Ok(_) => Err(malformed("the result is not a struct".into())),
            Err(error) => Err(malformed(error.into())),
        }
    }
}
