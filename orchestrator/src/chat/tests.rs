//! Chains, budgets and recordings, over models that say what they are told to.

use std::sync::{Arc, Mutex};

use futures::{StreamExt, stream};

use super::*;
use crate::{Permission, Policy};

/// What a model is to do when it is asked.
#[derive(Clone)]
enum Act {
    Say(Vec<ChatDelta>),
    /// Says something, and then fails.
    Break(Vec<ChatDelta>, ChatErrorKind),
    Fail(ChatErrorKind),
}

struct Scripted {
    profile: ChatProfile,
    act: Act,
    asked: Mutex<Vec<ChatRequest>>,
}

fn model(name: &str, remote: bool, act: Act) -> Arc<Scripted> {
    Arc::new(Scripted {
        profile: ChatProfile {
            name: name.to_owned(),
            model: format!("{name}-large"),
            remote,
            supports: ChatSupport::default(),
            context_tokens: None,
            price: Some(Price {
                input: 1.0,
                output: 10.0,
            }),
        },
        act,
        asked: Mutex::default(),
    })
}

impl Scripted {
    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl ChatModel for Scripted {
    fn profile(&self) -> &ChatProfile {
        &self.profile
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        _: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        self.asked.lock().unwrap().push(request.clone());
        let failure = |kind| ChatError::new(kind, format!("`{}` fails", self.profile.name));
        let said = |deltas: Vec<ChatDelta>| stream::iter(deltas.into_iter().map(Ok));
        match self.act.clone() {
            Act::Say(deltas) => Ok(Box::pin(said(deltas))),
            Act::Break(deltas, kind) => {
                let last = stream::iter([Err(failure(kind))]);
                Ok(Box::pin(said(deltas).chain(last)))
            }
            Act::Fail(kind) => Err(failure(kind)),
        }
    }
}

fn text(text: &str) -> ChatDelta {
    ChatDelta::Text {
        text: text.to_owned(),
    }
}

fn used(input_tokens: u64, output_tokens: u64) -> ChatDelta {
    let usage = Usage {
        input_tokens,
        output_tokens,
        estimated: false,
    };
    ChatDelta::Usage { usage }
}

fn says(words: &str) -> Act {
    Act::Say(vec![text(words), used(10, 2)])
}

fn hello() -> ChatRequest {
    ChatRequest::new(vec![Message::user("hello")])
}

async fn ask(model: &dyn ChatModel, request: &ChatRequest) -> Result<ChatReply, ChatError> {
    let stream = model.chat(request, &CancellationToken::new()).await?;
    ChatReply::collect(stream).await
}

fn chain(models: &[&Arc<Scripted>], policy: Policy) -> ModelChain {
    let others = models[1..].iter().map(|&model| Arc::clone(model) as _);
    ModelChain::new(Arc::clone(models[0]) as _, others.collect(), policy)
}

/// A word is a token.
fn spending(budget: Budget) -> Spending {
    Spending::new(
        budget,
        Arc::new(|text| text.split_whitespace().count() as u64),
    )
}

#[test]
fn pieces_of_calls_become_calls() {
    let piece =
        |index, id: Option<&str>, name: Option<&str>, arguments: &str| ChatDelta::ToolCall {
            index,
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            arguments: arguments.to_owned(),
        };
    let mut reply = ChatReply::default();
    for delta in [
        piece(0, Some("a"), Some("ocr"), "{\"im"),
        piece(1, Some("b"), Some("speak"), ""),
        piece(0, None, None, "age\":1}"),
        piece(1, None, None, "{}"),
    ] {
        reply.take(delta);
    }
    let calls: Vec<_> = reply
        .tool_calls
        .iter()
        .map(|call| (&*call.id, &*call.name, &*call.arguments))
        .collect();
    assert_eq!(calls, [("a", "ocr", "{\"image\":1}"), ("b", "speak", "{}")]);
}

#[tokio::test]
async fn the_next_model_steps_in_until_something_was_said() {
    let broken = model("broken", false, Act::Fail(ChatErrorKind::Transient));
    let silent = model(
        "silent",
        false,
        Act::Break(vec![], ChatErrorKind::Malformed),
    );
    let well = model("well", false, says("hi"));
    let models = chain(&[&broken, &silent, &well], Policy::default());
    let reply = ask(&models, &hello()).await.unwrap();
    assert_eq!(reply.text, "hi");

    let halfway = model(
        "halfway",
        false,
        Act::Break(vec![text("h")], ChatErrorKind::Transient),
    );
    let error = ask(&chain(&[&halfway, &well], Policy::default()), &hello()).await;
    assert_eq!(error.unwrap_err().kind, ChatErrorKind::Transient);
    assert_eq!(well.asked(), 1, "not after something was said");

    let error = ask(&chain(&[&broken, &silent], Policy::default()), &hello()).await;
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("broken") && message.contains("silent"),
        "{message}"
    );

    let stopped = model("stopped", false, Act::Fail(ChatErrorKind::Cancelled));
    let error = ask(&chain(&[&stopped, &well], Policy::default()), &hello()).await;
    assert_eq!(error.unwrap_err().kind, ChatErrorKind::Cancelled);
    assert_eq!(well.asked(), 1);
}

#[tokio::test]
async fn nothing_leaves_the_machine_without_leave() {
    let here = model("here", false, Act::Fail(ChatErrorKind::Transient));
    let there = model("there", true, says("hi"));
    let error = ask(&chain(&[&here, &there], Policy::default()), &hello()).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("may not step in"), "{error}");
    assert!(error.hint.unwrap().contains("network_fallback"));
    assert_eq!(there.asked(), 0);

    let allowing = Policy {
        network_fallback: true,
        ..Policy::default()
    };
    assert!(
        ask(&chain(&[&here, &there], allowing), &hello())
            .await
            .is_ok()
    );
    assert!(
        ask(&chain(&[&there], Policy::default()), &hello())
            .await
            .is_ok()
    );
    for network in [Permission::Ask, Permission::Deny] {
        let policy = Policy {
            network,
            ..allowing
        };
        let error = ask(&chain(&[&there], policy), &hello()).await.unwrap_err();
        assert_eq!(error.kind, ChatErrorKind::Denied);
    }
    assert_eq!(there.asked(), 2);
}

#[tokio::test]
async fn what_is_used_is_counted_and_a_spent_budget_ends_it() {
    let speaker = model("speaker", true, says("one two"));
    let spending = spending(Budget {
        tokens: Some(20),
        dollars: None,
    });
    let metered = spending.meter(Arc::clone(&speaker) as _);
    ask(&*metered, &hello()).await.unwrap();
    ask(&*metered, &hello()).await.unwrap();
    let wanted = |at: usize| speaker.asked.lock().unwrap()[at].max_tokens;
    assert_eq!((wanted(0), wanted(1)), (Some(20), Some(8)), "what is left");
    let error = ask(&*metered, &hello()).await.unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::BudgetSpent);
    assert!(error.to_string().contains("20 tokens"), "{error}");
    assert_eq!(speaker.asked(), 2, "it is not asked in vain");
    let spent = spending.spent();
    assert_eq!((spent.usage.total(), spent.exchanges), (24, 2));
    assert!((spent.dollars - 2.0 * (10.0 + 20.0) / 1e6).abs() < 1e-12);
}

#[tokio::test]
async fn money_is_a_limit_too() {
    let speaker = model("speaker", true, says("hi"));
    let spending = spending(Budget {
        tokens: None,
        dollars: Some(25e-6),
    });
    let metered = spending.meter(Arc::clone(&speaker) as _);
    ask(&*metered, &hello()).await.unwrap();
    let error = ask(&*metered, &hello()).await.unwrap_err();
    assert!(error.to_string().contains("US dollars"), "{error}");
}

#[tokio::test]
async fn what_nobody_counted_is_counted_here_also_when_it_is_cut() {
    let pieces = vec![text("one two "), text("three")];
    let speaker = model("speaker", false, Act::Say(pieces));
    let spending = spending(Budget::default());
    let metered = spending.meter(speaker);
    let request = ChatRequest::new(vec![Message::system("be brief"), Message::user("hello")]);
    ask(&*metered, &request).await.unwrap();
    let usage = spending.spent().usage;
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.estimated),
        (3, 3, true)
    );
    let mut stream = metered
        .chat(&request, &CancellationToken::new())
        .await
        .unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let usage = spending.spent().usage;
    assert_eq!((usage.input_tokens, usage.output_tokens), (6, 5));
}

#[tokio::test]
async fn what_is_recorded_is_replayed_word_for_word_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.jsonl");
    let secret = "very-secret-value";
    let scrubber = Scrubber::new([secret.to_owned(), "short".to_owned()]);
    let recorder = Recorder::append(&path, scrubber.clone()).unwrap();
    let words = Act::Say(vec![text("the key is "), text(secret), used(3, 4)]);
    let speaker = model("speaker", true, words);
    let broken = model(
        "speaker",
        true,
        Act::Break(vec![text("h")], ChatErrorKind::RateLimited),
    );
    let told = ChatRequest::new(vec![Message::user(format!("my short key is {secret}"))]);
    ask(&*recorder.record(Arc::clone(&speaker) as _), &told)
        .await
        .unwrap();
    ask(&*recorder.record(broken), &hello()).await.unwrap_err();
    drop(recorder);

    let file = fs_text(&path);
    assert!(!file.contains(secret), "{file}");
    assert!(file.contains("my short key is [secret]"));
    let replay = Replay::open(&path, scrubber).unwrap();
    let again = replay.replace(speaker.profile.clone());
    for _ in 0..2 {
        let reply = ask(&*again, &told).await.unwrap();
        assert_eq!(reply.text, "the key is [secret]");
        assert_eq!(reply.usage.unwrap().total(), 7);
    }
    let mut stream = again
        .chat(&hello(), &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), text("h"));
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::RateLimited);
    assert!(stream.next().await.is_none());
    let other = ChatRequest::new(vec![Message::user("something else")]);
    let error = ask(&*again, &other).await.unwrap_err();
    assert!(error.hint.unwrap().contains("--record"));
    assert_eq!(speaker.asked(), 1);
}

#[tokio::test]
async fn equal_requests_are_replayed_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.jsonl");
    let recorder = Recorder::append(&path, Scrubber::default()).unwrap();
    let mut profile = None;
    for words in ["first", "second"] {
        let speaker = model("speaker", false, says(words));
        profile = Some(speaker.profile.clone());
        ask(&*recorder.record(speaker), &hello()).await.unwrap();
    }
    let replay = Replay::open(&path, Scrubber::default()).unwrap();
    let again = replay.replace(profile.unwrap());
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(ask(&*again, &hello()).await.unwrap().text);
    }
    assert_eq!(heard, ["first", "second", "second"]);
}

#[test]
fn a_recording_that_is_none_is_said_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.jsonl");
    let missing = Replay::open(&path, Scrubber::default()).unwrap_err();
    assert!(
        missing.to_string().contains("cannot be opened"),
        "{missing}"
    );
    std::fs::write(&path, "\nnonsense\n").unwrap();
    let malformed = Replay::open(&path, Scrubber::default()).unwrap_err();
    assert!(
        malformed.to_string().starts_with("line 2 of"),
        "{malformed}"
    );
}

fn fs_text(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
