//! What the model is told of the session that a request belongs to.
//!
//! Names, kinds and what was asked, and never what tools read: a plan is made from what the person says.

use std::fmt::Write as _;

use medley_orchestrator::{Conversation, Question, Request, Situation};

/// How many of the newest files are told.
const FILES: usize = 40;

/// What was before this request; nothing outside of sessions.
pub(super) fn recount(request: &Request) -> Option<String> {
    let conversation = &request.conversation;
    let is_first = conversation.exchanges.is_empty() && conversation.artifacts.is_empty();
    if conversation.is_none() || is_first {
        return None;
    }
    let mut text = String::from("This goes on from earlier requests, the oldest first:\n");
    for exchange in &conversation.exchanges {
        let _ = writeln!(text, "- {}", exchange.asked);
    }
    files(conversation, &mut text);
    for (index, name) in conversation.attached_as.iter().enumerate() {
        let _ = writeln!(text, "${name} is ${}", Request::input_name(index));
    }
    let last = conversation.last_steps.iter();
    let steps: Vec<String> = last
        .filter_map(|step| serde_json::to_string(step).ok())
        .collect();
    if !steps.is_empty() {
        let _ = writeln!(text, "The last plan was:\n{}", steps.join("\n"));
    }
    text.push_str(
        "\"It\" and the like mean the newest of these that serves. To do the last thing again, write its steps again. \
         Where several are equally likely, write one line instead of a plan: \
         {\"ask\":\"which one is meant?\",\"choices\":[\"img1\",\"img2\"]}\n",
    );
    Some(text)
}

fn files(conversation: &Conversation, text: &mut String) {
    let known = &conversation.artifacts;
    if known.is_empty() {
        return;
    }
    text.push_str("These are there from before, the oldest first:\n");
    for file in &known[known.len().saturating_sub(FILES)..] {
        let kind = file.artifact.kind;
        let _ = match file.is_attached() {
            true => writeln!(text, "${}: {kind}, called {:?}", file.name, file.label),
            false => writeln!(text, "${}: {kind}, from {}", file.name, file.origin()),
        };
    }
}

/// What the person said when the model asked what is meant.
pub(super) fn answers(situation: &Situation<'_>) -> Option<String> {
    let answers: Vec<&str> = (1..)
        .map(Question::id_of_part)
        .map_while(|id| situation.answers.get(&id))
        .map(String::as_str)
        .collect();
    (!answers.is_empty()).then(|| {
        format!(
            "You asked what is meant, and the person answered: {}. Write the plan.",
            answers.join("; ")
        )
    })
}

/// The next question about a request.
pub(super) fn question(situation: &Situation<'_>, text: String, choices: Vec<String>) -> Question {
    let asked = (1..)
        .take_while(|part| situation.answers.contains_key(&Question::id_of_part(*part)))
        .count();
    Question::about_request(asked + 1, text, choices)
}
