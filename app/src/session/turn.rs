//! What a turn adds to its session: names for what it brought along and made, and what it took.

use std::collections::{BTreeMap, BTreeSet};

use medley_orchestrator::{
    Answer, ArtifactStore, DraftStep, Exchange, Facts, Kind, NamedArtifact, Outcome, Part, Request,
    Response, RunHistory, SessionTurn, StoreError, Value,
};

/// The most characters of an answer that later turns are told.
const ANSWERED: usize = 200;

/// What a turn added, and the names of the answer's parts.
pub(super) async fn added(
    history: &RunHistory,
    outcome: &Outcome,
    store: &dyn ArtifactStore,
) -> Result<(SessionTurn, Vec<Option<String>>), StoreError> {
    let request = &history.run.request;
    let steps = steps(history);
    let sources = Sources::of(&steps, request);
    let mut turn = without_answer(request, &answered(outcome));
    let mut names = Vec::new();
    for part in &outcome.response.parts {
        let (answer, artifact, label) = match part {
            Part::Artifact { artifact, name } => {
                let answer = answer(outcome, |value| {
                    value.artifacts().iter().any(|made| made.id == artifact.id)
                });
                (answer, artifact.clone(), name.clone())
            }
            Part::Text { text } => {
                let answer = answer(outcome, |value| value.to_string() == *text);
                if !is_result(text, answer, outcome) {
                    names.push(None);
                    continue;
                }
                let written = store.write(
                    Kind::Text,
                    "text/plain",
                    Facts::default(),
                    text.clone().into_bytes(),
                );
                (answer, written.await?, String::new())
            }
        };
        let made_by = answer.and_then(|answer| answer.tool.clone());
        let step = answer.and_then(|answer| answer.step.as_deref());
        let conversation = &request.conversation;
        let name = conversation.name_for(&artifact, made_by.as_deref(), &turn.artifacts);
        if !turn.artifacts.iter().any(|known| known.name == name) {
            turn.artifacts.push(NamedArtifact {
                label: if label.is_empty() {
                    name.clone()
                } else {
                    label
                },
                name: name.clone(),
                artifact,
                // Words that no single step gave were put together from several.
                made_by: Some(made_by.unwrap_or_else(|| "the answer".to_owned())),
                made_from: step.map(|step| sources.of_step(step)).unwrap_or_default(),
                shown_in: 0,
                used_in: 0,
            });
        }
        names.push(Some(name));
    }
    turn.used = sources.all();
    turn.steps = steps;
    Ok((turn, names))
}

/// A turn that brought its files along and gave nothing.
pub(super) fn without_answer(request: &Request, answered: &str) -> SessionTurn {
    let names = request.conversation.attached_as.iter();
    let mut artifacts: Vec<NamedArtifact> = Vec::new();
    for (name, file) in names.zip(&request.attachments) {
        if artifacts.iter().all(|known| known.name != *name) {
            artifacts.push(NamedArtifact {
                name: name.clone(),
                artifact: file.artifact.clone(),
                label: file.name.clone(),
                made_by: None,
                made_from: Vec::new(),
                shown_in: 0,
                used_in: 0,
            });
        }
    }
    SessionTurn {
        exchange: Exchange {
            asked: request.text.clone(),
            answered: answered.to_owned(),
        },
        artifacts,
        ..SessionTurn::default()
    }
}

/// Puts the names of the session before those of the answer's files.
pub(super) fn call_by_names(response: &mut Response, names: &[Option<String>]) {
    for (part, name) in response.parts.iter_mut().zip(names) {
        if let (Part::Artifact { name: file, .. }, Some(name)) = (part, name) {
            *file = format!("{name}-{file}");
        }
    }
}

/// Everything that was planned, with attachments by their names in the session.
fn steps(history: &RunHistory) -> Vec<DraftStep> {
    let request = &history.run.request;
    let names: BTreeMap<String, &String> = (0..)
        .map(Request::input_name)
        .zip(&request.conversation.attached_as)
        .collect();
    let drafts = history.turns.iter().filter_map(|turn| turn.draft());
    let mut steps: Vec<DraftStep> = drafts.flat_map(|draft| draft.steps).collect();
    for step in &mut steps {
        step.rename_references(&|root| names.get(root).map(|name| (*name).clone()));
    }
    steps
}

/// Which files of the session steps take, also through other steps.
struct Sources {
    files: BTreeSet<String>,
    /// What each step refers to, by its id.
    roots: BTreeMap<String, BTreeSet<String>>,
}

impl Sources {
    fn of(steps: &[DraftStep], request: &Request) -> Self {
        let conversation = &request.conversation;
        let earlier = conversation
            .artifacts
            .iter()
            .map(|known| known.name.clone());
        let roots = steps
            .iter()
            .map(|step| (step.id.clone(), step.references()));
        Self {
            files: earlier
                .chain(conversation.attached_as.iter().cloned())
                .collect(),
            roots: roots.collect(),
        }
    }

    fn of_step(&self, step: &str) -> Vec<String> {
        let mut seen = BTreeSet::from([step.to_owned()]);
        let mut open = vec![step.to_owned()];
        while let Some(next) = open.pop() {
            let roots = self.roots.get(&next).into_iter().flatten();
            open.extend(roots.filter(|root| seen.insert((*root).clone())).cloned());
        }
        seen.retain(|name| self.files.contains(name));
        seen.into_iter().collect()
    }

    fn all(&self) -> Vec<String> {
        let taken: BTreeSet<&String> = self.roots.values().flatten().collect();
        let files = self.files.iter().filter(|name| taken.contains(name));
        files.cloned().collect()
    }
}

/// The answer whose value fits.
fn answer(outcome: &Outcome, fits: impl Fn(&Value) -> bool) -> Option<&Answer> {
    let answers = outcome.rounds.iter().flat_map(|round| &round.answer);
    answers.filter(|answer| fits(&answer.value)).last()
}

/// Whether words are a result, rather than what is said where there is none.
fn is_result(text: &str, answer: Option<&Answer>, outcome: &Outcome) -> bool {
    let mut answers = outcome.rounds.iter().flat_map(|round| &round.answer);
    let mut found = || answers.any(|answer| !answer.value.to_string().trim().is_empty());
    !text.trim().is_empty() && (answer.is_some() || found())
}

/// The beginning of what was answered.
fn answered(outcome: &Outcome) -> String {
    let parts = outcome.response.parts.iter();
    let words = parts.map(|part| match part {
        Part::Text { text } => text.clone(),
        Part::Artifact { artifact, name } => format!("[{}: {name}]", artifact.kind),
    });
    let declined = outcome
        .response
        .declined
        .iter()
        .map(|decline| decline.reason.clone());
    let all: Vec<String> = words.chain(declined).collect();
    all.join(" ").chars().take(ANSWERED).collect()
}

#[cfg(test)]
mod tests {
    use medley_orchestrator::{
        Artifact, Attachment, Conversation, Digest, DiskStore, RunKind, RunRecord, RunReport,
        RunStatus, Spent, TurnRecord,
    };
    use serde_json::json;

    use super::*;

    fn artifact(content: &str, kind: Kind) -> Artifact {
        Artifact {
            id: Digest::of(content.as_bytes()),
            kind,
            mime: String::new(),
            facts: Facts::default(),
        }
    }

    fn history(request: Request, steps: serde_json::Value) -> RunHistory {
        let draft = json!({"decision": "add", "draft": {"steps": steps}, "notes": []});
        RunHistory {
            run: RunRecord {
                id: "r".to_owned(),
                kind: RunKind::Ask,
                session: Some("s".to_owned()),
                request,
                began_at: 1,
            },
            status: Some(RunStatus::Succeeded),
            ended_at: None,
            turns: vec![TurnRecord {
                index: 0,
                request_digest: Digest::of(b""),
                decision: draft,
                usage: json!(null),
            }],
            steps: Vec::new(),
            answers: BTreeMap::new(),
        }
    }

    fn outcome(answers: Vec<(&str, &str, Value)>, parts: Vec<Part>) -> Outcome {
        let answer = answers.into_iter().map(|(step, tool, value)| Answer {
            step: Some(step.to_owned()),
            tool: Some(tool.to_owned()),
            value,
        });
        Outcome {
            run: "r".to_owned(),
            status: RunStatus::Succeeded,
            response: Response {
                parts,
                ..Response::default()
            },
            rounds: vec![RunReport {
                run: "r".to_owned(),
                status: RunStatus::Succeeded,
                steps: Vec::new(),
                answer: answer.collect(),
                unanswered: Vec::new(),
                defects: Vec::new(),
                ms: 0.0,
            }],
            spent: Spent::default(),
        }
    }

    #[tokio::test]
    async fn what_a_turn_made_is_named_with_where_it_came_from() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::new(folder.path());
        let request = Request {
            text: "read it and say it".to_owned(),
            attachments: vec![Attachment {
                name: "sign.png".to_owned(),
                artifact: artifact("sign", Kind::Image),
            }],
            conversation: Conversation {
                turn: 1,
                attached_as: vec!["img1".to_owned()],
                ..Conversation::default()
            },
        };
        let history = history(
            request,
            json!([{"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
                {"id": "s2", "tool": "text_to_speech", "args": {"text": "It says ${s1.text}"}}]),
        );
        let wave = artifact("wave", Kind::Audio);
        let text = |text: &str| Part::Text {
            text: text.to_owned(),
        };
        let outcome = outcome(
            vec![
                ("s1", "ocr", Value::from("OPEN")),
                ("s2", "text_to_speech", Value::from(wave.clone())),
            ],
            vec![
                text("OPEN"),
                Part::Artifact {
                    artifact: wave,
                    name: "speech".to_owned(),
                },
                text("It is open, I would say."),
            ],
        );
        let (turn, names) = added(&history, &outcome, &store).await.unwrap();
        let names: Vec<_> = names.iter().flatten().map(String::as_str).collect();
        assert_eq!(names, ["text1", "voice1", "text2"]);
        let origins: Vec<_> = turn.artifacts.iter().map(NamedArtifact::origin).collect();
        assert_eq!(
            origins,
            [
                "sign.png",
                "ocr of img1",
                "text_to_speech of img1",
                "the answer"
            ]
        );
        assert_eq!(turn.used, ["img1"]);
        assert_eq!(turn.steps[0].args["image"], "$img1");
        assert_eq!(turn.steps[1].args["text"], "It says ${s1.text}");
        let mut response = outcome.response;
        call_by_names(
            &mut response,
            &["text1", "voice1", "text2"].map(|name| Some(name.to_owned())),
        );
        assert!(
            matches!(&response.parts[1], Part::Artifact { name, .. } if name == "voice1-speech")
        );
    }

    #[tokio::test]
    async fn what_is_said_where_nothing_was_found_is_no_text_to_go_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::new(folder.path());
        let history = history(Request::default(), json!([{"id": "s1", "tool": "ocr"}]));
        let parts = vec![Part::Text {
            text: "No text was found.".to_owned(),
        }];
        let outcome = outcome(vec![("s1", "ocr", Value::from(""))], parts);
        let (turn, names) = added(&history, &outcome, &store).await.unwrap();
        assert_eq!((turn.artifacts.len(), names), (0, vec![None]));
    }
}
