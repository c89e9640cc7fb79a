//! `medley llm`: which language models there are, and whether they answer.

use std::time::{Duration, Instant};

use futures::StreamExt;
use medley::{
    BuildError, ChatDelta, ChatError, ChatModel, ChatProfile, ChatReply, ChatRequest, MedleyError,
    Message,
};
use serde::Serialize;

use super::{
    arguments::{LanguageArguments, LlmAction},
    cancelled_by_interrupt,
    output::{Exit, Unusable, print, print_json},
    settings::Settings,
};

/// What a model is asked to see whether it answers.
const QUESTION: &str = "Say hello in one short sentence.";

pub(super) async fn run(settings: &Settings, action: LlmAction) -> anyhow::Result<Exit> {
    match action {
        LlmAction::List { json } => list(settings, json),
        LlmAction::Test {
            names,
            json,
            language,
        } => test(settings, &language, names, json).await,
    }
}

/// A model, and what it is for.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    profile: &'a ChatProfile,
    roles: Vec<&'static str>,
}

fn list(settings: &Settings, json: bool) -> anyhow::Result<Exit> {
    let medley = super::open_with(settings, &LanguageArguments::default())?;
    let models = medley.language_models();
    let listed: Vec<_> = models
        .profiles()
        .map(|profile| Listed {
            profile,
            roles: models
                .roles_of(&profile.name)
                .into_iter()
                .map(medley::ModelRole::name)
                .collect(),
        })
        .collect();
    if json {
        print_json(&listed)?;
    } else if listed.is_empty() {
        aside!("no language model is configured; Medley plans without one");
        aside!(
            "  hint: add a table [llm.NAME] with `base_url` and `model`, or with `path`, to the configuration"
        );
    }
    if !json {
        for Listed { profile, roles } in &listed {
            let place = if profile.remote { "remote" } else { "here" };
            let roles = match roles.as_slice() {
                [] => "no role".to_owned(),
                roles => roles.join(", "),
            };
            print(&format!(
                "{:16}  {}  {place}  {}  ({roles})",
                profile.name,
                profile.model,
                supported(profile)
            ))?;
        }
    }
    Ok(Exit::Succeeded)
}

fn supported(profile: &ChatProfile) -> String {
    let supports = profile.supports;
    let known = [
        (supports.vision, "vision"),
        (supports.tools, "tools"),
        (supports.schema, "schema"),
        (supports.plans, "plans"),
    ];
    let mut words: Vec<String> = known
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, word)| word.to_owned())
        .collect();
    words.extend(
        profile
            .context_tokens
            .map(|tokens| format!("{tokens} tokens of context")),
    );
    if words.is_empty() {
        return "text alone".to_owned();
    }
    words.join(", ")
}

/// What came of asking a model.
#[derive(Serialize)]
struct Tested {
    name: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<ChatReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

async fn test(
    settings: &Settings,
    language: &LanguageArguments,
    mut names: Vec<String>,
    json: bool,
) -> anyhow::Result<Exit> {
    let medley = super::open_with(settings, language)?;
    let models = medley.language_models();
    if names.is_empty() {
        names = models.profiles().map(|model| model.name.clone()).collect();
    }
    if names.is_empty() {
        return Err(Unusable("no language model is configured".to_owned()).into());
    }
    let cancel = cancelled_by_interrupt();
    let mut all = Vec::new();
    for name in names {
        let model = models
            .named(&name)
            .map_err(|error| MedleyError::from(BuildError::from(error)))?;
        let tested = match ask(&*model, &cancel).await {
            Ok(answer) => answered(&name, answer),
            Err(error) => failed(&name, &error),
        };
        if !json {
            show(&tested, model.profile())?;
        }
        all.push(tested);
    }
    if json {
        print_json(&all)?;
    }
    let well = all.iter().filter(|tested| tested.ok).count();
    Ok(match well {
        _ if cancel.is_cancelled() => Exit::Cancelled,
        0 => Exit::Failed,
        _ if well < all.len() => Exit::Partial,
        _ => Exit::Succeeded,
    })
}

/// What a model said, and when.
struct Answer {
    reply: ChatReply,
    first: Duration,
    whole: Duration,
}

async fn ask(
    model: &dyn ChatModel,
    cancel: &tokio_util::sync::CancellationToken,
) -> Result<Answer, ChatError> {
    let request = ChatRequest {
        max_tokens: Some(32),
        ..ChatRequest::new(vec![Message::user(QUESTION)])
    };
    let began = Instant::now();
    let mut stream = model.chat(&request, cancel).await?;
    let mut reply = ChatReply::default();
    let mut first = None;
    while let Some(delta) = stream.next().await {
        let delta = delta?;
        if !matches!(delta, ChatDelta::Model { .. }) {
            first.get_or_insert_with(|| began.elapsed());
        }
        reply.take(delta);
    }
    let whole = began.elapsed();
    Ok(Answer {
        reply,
        first: first.unwrap_or(whole),
        whole,
    })
}

fn answered(name: &str, answer: Answer) -> Tested {
    let Answer {
        reply,
        first,
        whole,
    } = answer;
    let written = reply.usage.map_or_else(
        || medley::count_tokens(&reply.text),
        |usage| usage.output_tokens,
    );
    let seconds = whole.saturating_sub(first).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a reply has few tokens")]
    let speed = (written > 1 && seconds > 0.0).then(|| (written - 1) as f64 / seconds);
    Tested {
        name: name.to_owned(),
        ok: true,
        first_token_ms: Some(first.as_secs_f64() * 1e3),
        tokens_per_second: speed,
        reply: Some(reply),
        error: None,
        hint: None,
    }
}

fn failed(name: &str, error: &ChatError) -> Tested {
    Tested {
        name: name.to_owned(),
        ok: false,
        first_token_ms: None,
        tokens_per_second: None,
        reply: None,
        error: Some(error.to_string()),
        hint: error.hint.clone(),
    }
}

fn show(tested: &Tested, profile: &ChatProfile) -> anyhow::Result<()> {
    if let Some(error) = &tested.error {
        let name = &tested.name;
        super::output::report_failure(&format!("{name}: {error}"), tested.hint.as_deref());
        return Ok(());
    }
    let first = tested.first_token_ms.unwrap_or_default();
    let speed = tested
        .tokens_per_second
        .map_or_else(String::new, |speed| format!(", {speed:.1} tokens a second"));
    let said = tested.reply.as_ref().map(|reply| reply.text.trim());
    print(&format!(
        "{}: first token after {first:.0} ms{speed}; {}\n  {}",
        tested.name,
        supported(profile),
        said.unwrap_or_default()
    ))
}
