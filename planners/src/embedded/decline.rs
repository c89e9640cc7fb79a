//! What the planner says when it cannot plan: which part of the request, why, and the way out.

use medley_orchestrator::{Attachment, Capability, Decline, Kind, Suggestion};

use super::{
    assembly::Obstacle, clauses::Clause, interpret::Reading, matching::Meaning,
    vocabulary::Vocabulary,
};

/// The most characters of a request that are repeated.
const QUOTED: usize = 120;

/// What declining needs to know.
pub(super) struct Decliner<'a> {
    pub capabilities: &'a [Capability],
    pub attachments: &'a [Attachment],
    pub vocabulary: &'a Vocabulary,
    pub request: &'a str,
    /// Whether files are attached as a session goes on.
    pub in_session: bool,
}

/// A request without words.
pub(super) fn empty() -> Decline {
    Decline {
        reason:
            "the request is empty; say what to do, such as \"read the sign and say it out loud\""
                .to_owned(),
        nearest: Vec::new(),
    }
}

/// A request in a language that the planner does not know.
pub(super) fn foreign(language: &str) -> Decline {
    Decline {
        reason: format!(
            "the request seems to be in {language}; without a language model only English and Chinese requests are \
             understood, so write it in one of them"
        ),
        nearest: Vec::new(),
    }
}

/// A request that asks for nothing.
pub(super) fn nothing_asked() -> Decline {
    Decline {
        reason: "the request does not say what to do; name an action, such as \"read the sign\""
            .to_owned(),
        nearest: Vec::new(),
    }
}

/// A request that says only what shall not be done.
pub(super) fn only_denied(parts: &[&str]) -> Decline {
    let parts: Vec<String> = parts.iter().map(|part| quoted(part)).collect();
    Decline {
        reason: format!(
            "nothing is asked for but what should not be done ({}); say what to do",
            parts.join(", ")
        ),
        nearest: Vec::new(),
    }
}

/// What is said of a part of a request that says what shall not be done.
pub(super) fn left_out(part: &str) -> String {
    format!("left out, as the request says: {}", quoted(part))
}

impl Decliner<'_> {
    /// A clause that names a file which is not there.
    pub(super) fn absent(&self, clause: &Clause, name: &str, known: &[&str]) -> Decline {
        let part = quoted(clause.source(self.request));
        let attached = match known {
            [] => "no file is attached".to_owned(),
            [only] => format!("the only file here is {only}"),
            several => format!("the files here are {}", several.join(", ")),
        };
        let add = self.add();
        Decline {
            reason: format!("{part} speaks of {name}, which is not there: {attached}; {add}"),
            nearest: Vec::new(),
        }
    }

    /// How a file is added.
    const fn add(&self) -> &'static str {
        if self.in_session {
            "add it with /attach FILE"
        } else {
            "add it with --attach FILE"
        }
    }

    /// A clause that no tool fits.
    pub(super) fn not_understood(&self, reading: &Reading) -> Decline {
        let part = self.part(reading);
        self.with_nearest(
            format!("no tool here does what {part} asks for; nothing was run"),
            reading,
        )
    }

    /// A clause that asks for a task which no tool does.
    pub(super) fn missing_task(&self, reading: &Reading, task: usize) -> Decline {
        let part = self.part(reading);
        let called = self
            .vocabulary
            .tasks
            .task
            .get(task)
            .map_or("something else", |task| task.called.as_str());
        self.with_nearest(
            format!("{part} asks for {called}, and no tool here does that; nothing was run"),
            reading,
        )
    }

    /// A clause whose tool cannot be called.
    pub(super) fn obstacle(
        &self,
        reading: &Reading,
        capability: usize,
        obstacle: &Obstacle,
    ) -> Decline {
        let part = self.part(reading);
        let tool = &self.capabilities[capability];
        let add = self.add();
        let reason = match obstacle {
            Obstacle::Input { parameter } => {
                let wanted = parameter
                    .value_type
                    .kinds()
                    .first()
                    .map_or("text", |kind| noun(*kind));
                if self.attachments.is_empty() {
                    format!("{part} needs {wanted}, and no file is attached; {add}")
                } else {
                    format!(
                        "{part} needs {wanted}, and what is attached does not give it ({}); {add}",
                        self.attached()
                    )
                }
            }
            Obstacle::Argument { parameter } => {
                let meaning = match parameter.description.trim().trim_end_matches('.') {
                    "" => parameter.value_type.to_string(),
                    description => description.to_owned(),
                };
                format!(
                    "{part} does not say the {} that {} needs ({meaning}); add it to the request",
                    parameter.name.replace('_', " "),
                    tool.name
                )
            }
            Obstacle::OutOfRange { parameter, given } => format!(
                "{part} gives {given} for the {} of {}, which must be {}; say another value",
                parameter.name.replace('_', " "),
                tool.name,
                parameter.value_type
            ),
            Obstacle::NoSuchFile { ordinal } => format!(
                "{part} speaks of file {ordinal}, and {} attached; {add}",
                match self.attachments.len() {
                    0 => "none is".to_owned(),
                    1 => "only one is".to_owned(),
                    several => format!("only {several} are"),
                }
            ),
            Obstacle::NoSuchName { name, known } => match known.as_slice() {
                [] => format!("{part} speaks of {name}, and there is no file yet; {add}"),
                known => format!(
                    "{part} speaks of {name}, which is none of what there is: {}",
                    known.join(", ")
                ),
            },
            Obstacle::NothingToSay => format!(
                "{part} says a language, and there is no text or voice yet that could be in it; say what shall be said or \
                 translated"
            ),
            // The person is asked instead.
            Obstacle::Ambiguous { .. } => format!("{part} can mean several files"),
        };
        Decline {
            reason,
            nearest: vec![suggestion(tool)],
        }
    }

    /// The clause in quotation marks, as far as a person wants to read it again.
    fn part(&self, reading: &Reading) -> String {
        quoted(reading.clause.source(self.request))
    }

    fn attached(&self) -> String {
        let list: Vec<String> = self
            .attachments
            .iter()
            .map(|attachment| format!("{} is {}", attachment.name, noun(attachment.artifact.kind)))
            .collect();
        list.join(", ")
    }

    fn with_nearest(&self, reason: String, reading: &Reading) -> Decline {
        let nearest = reading
            .matches
            .iter()
            .filter_map(|each| match each.meaning {
                Meaning::Capability(index) => self.capabilities.get(index).map(suggestion),
                Meaning::MissingTask(_) | Meaning::Filler => None,
            });
        Decline {
            reason,
            nearest: nearest.take(self.vocabulary.settings.suggestions).collect(),
        }
    }
}

/// Words of a request in quotation marks, as far as a person wants to read them again.
fn quoted(part: &str) -> String {
    match part.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("\u{201c}{}…\u{201d}", &part[..end]),
        None => format!("\u{201c}{part}\u{201d}"),
    }
}

fn suggestion(capability: &Capability) -> Suggestion {
    Suggestion {
        capability: capability.name.clone(),
        purpose: capability.purpose.clone(),
    }
}

/// A kind with its article.
const fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Image => "a picture",
        Kind::Audio => "sound",
        Kind::Video => "a video",
        Kind::Regions => "regions of a picture",
        Kind::Table => "a table",
        Kind::Json => "a JSON document",
        Kind::File => "a file",
    }
}
