//! Requests with their plans, to show a model what is wanted; those of Medley and those of the person.

use std::{fs, path::Path, sync::LazyLock};

use medley_orchestrator::{
    Addition, Artifact, Attachment, DefectCode, Defects, Digest, DraftPlan, Facts, Kind, Plan,
    Registry, Request, Scope,
};
use serde::Deserialize;
use serde_json::Value as Json;

/// The examples that come with Medley.
const BUILT_IN_TEXT: &str = include_str!("../../prompts/examples.json");

/// A request with its plan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The request.
    pub request: String,
    /// The kinds of its files, in their order.
    #[serde(default)]
    pub files: Vec<Kind>,
    /// The lines of the plan: its steps, and its answer.
    pub plan: Vec<Json>,
}

/// Examples cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleError {
    /// The file cannot be read.
    #[error("the examples in {path} cannot be read")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path} holds no examples: {problem}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// An example's plan would not run.
    #[error("the example {request:?} is no plan that can run")]
    Defective {
        /// Its request.
        request: String,
        /// What is wrong.
        #[source]
        source: Defects,
    },
}

impl ExampleError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => Some("correct `examples` in [agent]".to_owned()),
            Self::Malformed { .. } => Some(
                r#"an example looks like {"request":"Read the sign.","files":["image"],"plan":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}}]}"#
                    .to_owned(),
            ),
            Self::Defective { source, .. } => Some(source.to_string()),
        }
    }
}

/// The examples that come with Medley; a test holds that all of them are valid plans.
pub(super) static BUILT_IN: LazyLock<Vec<Example>> =
    LazyLock::new(|| serde_json::from_str(BUILT_IN_TEXT).unwrap_or_default());

impl Example {
    /// Reads a list of examples from a file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn read_all(path: &Path) -> Result<Vec<Self>, ExampleError> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|source| ExampleError::Unreadable {
            path: name.clone(),
            source,
        })?;
        serde_json::from_str(&text).map_err(|error| ExampleError::Malformed {
            path: name,
            problem: error.to_string(),
        })
    }

    /// Whether each of its tools is there.
    pub(super) fn fits(&self, has: &dyn Fn(&str) -> bool) -> bool {
        self.tools().all(has)
    }

    /// The tools that its plan calls.
    pub(super) fn tools(&self) -> impl Iterator<Item = &str> {
        self.plan.iter().filter_map(|line| line["tool"].as_str())
    }

    /// Its plan as a model is to write it.
    pub(super) fn lines(&self) -> String {
        let lines: Vec<String> = self.plan.iter().map(Json::to_string).collect();
        lines.join("\n")
    }

    /// Whether its plan would run over these tools; one whose tools are not all there is left out when it is needed.
    ///
    /// # Errors
    /// When its tools are there and the plan has defects all the same.
    pub fn check(&self, registry: &Registry) -> Result<(), ExampleError> {
        if !self.fits(&|tool| registry.get(tool).is_some()) {
            return Ok(());
        }
        let (draft, malformed) = self.draft();
        let validated = match malformed {
            Some(defects) => Err(defects),
            None => Plan::validate(&draft, registry, &Scope::of_request(&self.made_up())).map(drop),
        };
        match validated {
            Err(Defects(mut defects)) => {
                // A tool that cannot run here and now makes no example wrong.
                defects.retain(|defect| defect.code != DefectCode::UnavailableTool);
                if defects.is_empty() {
                    return Ok(());
                }
                Err(ExampleError::Defective {
                    request: self.request.clone(),
                    source: Defects(defects),
                })
            }
            Ok(()) => Ok(()),
        }
    }

    fn draft(&self) -> (DraftPlan, Option<Defects>) {
        let mut draft = DraftPlan::default();
        for line in &self.plan {
            match Addition::from_json_line(&line.to_string()) {
                Ok(Addition::Step(step)) => draft.steps.push(*step),
                Ok(Addition::Answer(answer)) => draft.answer = Some(answer),
                Ok(Addition::End) => {}
                Err(defect) => return (draft, Some(Defects(vec![defect]))),
            }
        }
        (draft, None)
    }

    /// The request, with files that are not there.
    fn made_up(&self) -> Request {
        let files = self.files.iter().enumerate().map(|(at, &kind)| {
            let name = format!("file{}", at + 1);
            Attachment {
                artifact: Artifact {
                    id: Digest::of(name.as_bytes()),
                    kind,
                    mime: String::new(),
                    facts: Facts::default(),
                },
                name,
            }
        });
        Request {
            text: self.request.clone(),
            attachments: files.collect(),
            ..Request::default()
        }
    }
}
