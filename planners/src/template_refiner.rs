//! The answer without any model: what was asked for, in the order of the request.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use async_trait::async_trait;
use medley_orchestrator::{
    Artifact, Kind, Part, Refined, Refiner, Refining, Request, Response, RunReport, Value,
};

/// Orders the results of a run; adds no words of its own to what was found. Why a step gave nothing is in its report.
#[derive(Debug, Clone, Copy, Default)]
pub struct TemplateRefiner;

#[async_trait]
impl Refiner for TemplateRefiner {
    async fn refine(&self, refining: &Refining<'_>) -> Refined {
        let response = Response {
            parts: answer_parts(refining.request, refining.rounds),
            ..Response::default()
        };
        response.into()
    }
}

/// What was asked for, part by part.
pub(crate) fn answer_parts(request: &Request, rounds: &[RunReport]) -> Vec<Part> {
    let mut names = Names::new(request);
    let mut shown = BTreeSet::new();
    let mut parts = Vec::new();
    for answer in rounds.iter().flat_map(|round| &round.answer) {
        let artifacts = answer.value.artifacts();
        if artifacts.is_empty() {
            let text = words(&answer.value, answer.tool.as_deref());
            parts.push(Part::Text { text });
        }
        for artifact in artifacts {
            // Two steps may give the same bytes; they are shown once.
            if shown.insert((artifact.id, artifact.kind)) {
                parts.push(Part::Artifact {
                    name: names.name(answer.tool.as_deref(), artifact),
                    artifact: artifact.clone(),
                });
            }
        }
    }
    parts
}

/// A value in words; to find nothing is an answer too.
pub(crate) fn words(value: &Value, tool: Option<&str>) -> String {
    let text = value.to_string();
    if !text.trim().is_empty() {
        return text;
    }
    match tool {
        Some("ocr") => "No text was found.".to_owned(),
        Some(tool) => format!("Nothing came of {}.", tool.replace('_', " ")),
        // A cell of a table, or what a script gives, is empty where it is.
        None => text,
    }
}

/// Names for parts: the attachment's, where there is only one, and what was done. Whoever writes files makes them safe.
pub(crate) struct Names {
    stem: Option<String>,
    taken: BTreeMap<String, usize>,
}

impl Names {
    pub(crate) fn new(request: &Request) -> Self {
        let stem = match request.attachments.as_slice() {
            [only] => Path::new(&only.name)
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned()),
            _ => None,
        };
        Self {
            stem: stem.filter(|stem| !stem.is_empty()),
            taken: BTreeMap::new(),
        }
    }

    /// A name that no other part has; an answer without a tool is an attachment.
    pub(crate) fn name(&mut self, tool: Option<&str>, artifact: &Artifact) -> String {
        let action = tool.map(|tool| action(tool, artifact.kind));
        let name = match (&self.stem, action) {
            (Some(stem), Some(action)) => format!("{stem}-{action}"),
            (Some(stem), None) => stem.clone(),
            (None, Some(action)) => action,
            (None, None) => artifact.kind.name().to_owned(),
        };
        let count = self.taken.entry(name.clone()).or_default();
        *count += 1;
        match *count {
            1 => name,
            several => format!("{name}-{several}"),
        }
    }

    /// Gives a name to no other part.
    pub(crate) fn take(&mut self, name: &str) {
        *self.taken.entry(name.to_owned()).or_default() += 1;
    }
}

/// What a tool did, without the kind that the file shows anyway: `grayscale` for `grayscale_image`.
fn action(tool: &str, kind: Kind) -> String {
    let words: Vec<&str> = tool.split('_').collect();
    let kept: Vec<&str> = match words.as_slice() {
        [rest @ .., last]
            if *last == kind.name() && !rest.is_empty() && rest.last() != Some(&"to") =>
        {
            rest.to_vec()
        }
        _ => words,
    };
    kept.join("-")
}

#[cfg(test)]
mod tests {
    use medley_orchestrator::{
        Answer, Attachment, Digest, EventSink, Facts, Registry, RunStatus, StepReport,
    };
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn artifact(content: &str, kind: Kind) -> Artifact {
        Artifact {
            id: Digest::of(content.as_bytes()),
            kind,
            mime: String::new(),
            facts: Facts::default(),
        }
    }

    fn answer(tool: &str, value: impl Into<Value>) -> Answer {
        Answer {
            step: Some("s1".to_owned()),
            tool: Some(tool.to_owned()),
            value: value.into(),
        }
    }

    fn report(answer: Vec<Answer>, steps: Vec<StepReport>) -> RunReport {
        RunReport {
            run: "r".to_owned(),
            status: RunStatus::Succeeded,
            steps,
            answer,
            unanswered: Vec::new(),
            defects: Vec::new(),
            ms: 0.0,
        }
    }

    fn request(names: &[&str]) -> Request {
        Request {
            text: String::new(),
            attachments: names
                .iter()
                .map(|name| Attachment {
                    name: (*name).to_owned(),
                    artifact: artifact(name, Kind::Image),
                })
                .collect(),
            ..Request::default()
        }
    }

    async fn refine(request: &Request, rounds: &[RunReport]) -> Response {
        let (registry, events) = (Registry::new(), EventSink::ignored());
        let cancel = CancellationToken::new();
        let refining = Refining::new(request, &registry, rounds, &events, &cancel);
        TemplateRefiner.refine(&refining).await.response
    }

    #[tokio::test]
    async fn parts_come_in_order_with_names_of_their_own() {
        let picture = Value::from(artifact("grey", Kind::Image));
        let other = Value::from(artifact("grey too", Kind::Image));
        let sound = Value::from(artifact("wave", Kind::Audio));
        let rounds = [report(
            vec![
                answer("ocr", "OPEN"),
                answer("text_to_speech", sound),
                answer("grayscale_image", picture.clone()),
                answer("grayscale_image", picture),
                answer("grayscale_image", other),
            ],
            vec![],
        )];
        let response = refine(&request(&["my sign!.png"]), &rounds).await;
        let shown: Vec<String> = response
            .parts
            .into_iter()
            .map(|part| match part {
                Part::Text { text } => text,
                Part::Artifact { name, .. } => format!("<{name}>"),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "OPEN",
                "<my sign!-text-to-speech>",
                "<my sign!-grayscale>",
                "<my sign!-grayscale-2>"
            ]
        );
    }

    #[tokio::test]
    async fn nothing_found_is_an_answer() {
        for (tool, said) in [
            ("ocr", "No text was found."),
            ("image_captioning", "Nothing came of image captioning."),
        ] {
            let rounds = [report(vec![answer(tool, "")], Vec::new())];
            let response = refine(&request(&[]), &rounds).await;
            let text = said.to_owned();
            assert_eq!(response.parts, [Part::Text { text }]);
        }
    }
}
