//! The whole, as its callers use it.

use std::time::Duration;

use futures::StreamExt;
use medley_orchestrator::{
    ChatDelta, ChatErrorKind, ChatModel, ChatReply, ChatRequest, FinishReason, Ledger, Limits,
    Message, Picture, Resources, ToolChoice,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::families::gguf::{LocalChat, LocalChatSettings};

fn chat_with(ledger: &Ledger, context: Option<usize>) -> LocalChat {
    let settings = LocalChatSettings {
        name: "tiny".to_owned(),
        path: Some(file("qwen2-q8_0.gguf")),
        hub: None,
        revision: None,
        context_tokens: context,
    };
    LocalChat::new(settings, ledger)
}

fn chat() -> LocalChat {
    chat_with(&Ledger::new(Limits::unlimited()), None)
}

fn request(text: &str, most: u32) -> ChatRequest {
    ChatRequest {
        max_tokens: Some(most),
        ..ChatRequest::new(vec![Message::user(text)])
    }
}

async fn reply(chat: &LocalChat, request: &ChatRequest) -> ChatReply {
    let stream = chat.chat(request, &CancellationToken::new()).await.unwrap();
    ChatReply::collect(stream).await.unwrap()
}

#[tokio::test]
async fn a_reply_has_text_use_and_an_end() {
    let chat = chat();
    assert_eq!(chat.profile().context_tokens, None);
    let request = request("Read the sign", 12);
    let said = reply(&chat, &request).await;
    let usage = said.usage.unwrap();
    let prompt = "<|im_start|>user\nRead the sign<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(Some(usage.input_tokens), chat.count_tokens(prompt));
    assert_eq!(usage.output_tokens, 12);
    assert_eq!(said.finish, Some(FinishReason::Length));
    assert!(!said.text.is_empty());
    assert_eq!(chat.profile().context_tokens, Some(256));
    assert_eq!(chat.profile().model, "qwen2-q8_0.gguf");
    assert_eq!(reply(&chat, &request).await, said);
}

#[tokio::test]
async fn requests_at_the_same_time_are_answered_one_after_the_other() {
    let chat = chat();
    let (one, two) = (request("one", 8), request("two", 8));
    let alone = (reply(&chat, &one).await, reply(&chat, &two).await);
    let together = futures::join!(reply(&chat, &one), reply(&chat, &two));
    assert_eq!(together, alone);
}

#[tokio::test]
async fn a_request_that_is_too_long_is_told_with_counts() {
    let chat = chat_with(&Ledger::new(Limits::unlimited()), Some(40));
    let long = request(&"far too long ".repeat(20), 8);
    let error = chat
        .chat(&long, &CancellationToken::new())
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ChatErrorKind::ContextTooLong);
    assert!(error.message.contains("it may take 40"), "{error}");
    assert!(error.hint.unwrap().contains("256"));
    let short = request("Hi", 1000);
    let usage = reply(&chat, &short).await.usage.unwrap();
    assert_eq!(usage.total(), 40);
}

#[tokio::test]
async fn a_cancelled_reply_ends_with_that() {
    let chat = chat();
    let cancel = CancellationToken::new();
    let mut stream = chat.chat(&request("Hi", 200), &cancel).await.unwrap();
    assert!(matches!(
        stream.next().await,
        Some(Ok(ChatDelta::Text { .. }))
    ));
    cancel.cancel();
    let rest: Vec<_> = stream.collect().await;
    let error = rest.last().unwrap().as_ref().err().unwrap();
    assert_eq!(error.kind, ChatErrorKind::Cancelled);
    let error = chat.chat(&request("Hi", 1), &cancel).await.err().unwrap();
    assert_eq!(error.kind, ChatErrorKind::Cancelled);
    // Nobody waits for this one, so the next does not wait for it.
    drop(
        chat.chat(&request("Hi", 200), &CancellationToken::new())
            .await,
    );
    let said = tokio::time::timeout(Duration::from_secs(60), async {
        reply(&chat, &request("Hi", 2)).await
    });
    assert_eq!(said.await.unwrap().usage.unwrap().output_tokens, 2);
}

#[tokio::test]
async fn the_weights_are_let_go_when_their_memory_is_wanted() {
    let limit = 4 << 20;
    let ledger = Ledger::new(Limits {
        memory: limit,
        ..Limits::unlimited()
    });
    let all = Resources {
        memory: limit,
        ..Resources::default()
    };
    let chat = chat_with(&ledger, None);
    let before = reply(&chat, &request("Hi", 4)).await;
    assert!(ledger.try_lease(&all).is_none());
    let lease = ledger.admit(&all, 0).await.unwrap();
    let error = chat
        .chat(&request("Hi", 4), &CancellationToken::new())
        .await;
    assert_eq!(error.err().unwrap().kind, ChatErrorKind::Transient);
    drop(lease);
    assert_eq!(reply(&chat, &request("Hi", 4)).await, before);
    let small = Ledger::new(Limits {
        memory: 1000,
        ..Limits::unlimited()
    });
    let error = chat_with(&small, None);
    let error = error
        .chat(&request("Hi", 4), &CancellationToken::new())
        .await;
    assert_eq!(error.err().unwrap().kind, ChatErrorKind::Unsupported);
}

#[tokio::test]
async fn what_it_cannot_do_is_refused() {
    let chat = chat();
    let picture = Picture {
        mime: "image/png".to_owned(),
        base64: String::new(),
    };
    let pictured = ChatRequest::new(vec![Message::user("see").with_picture(picture)]);
    let forced = ChatRequest {
        tool_choice: ToolChoice::Required,
        ..request("Hi", 4)
    };
    for request in [pictured, forced] {
        let error = chat.chat(&request, &CancellationToken::new()).await;
        assert_eq!(error.err().unwrap().kind, ChatErrorKind::Unsupported);
    }
}

#[tokio::test]
async fn no_tokens_may_be_asked_for() {
    let said = reply(&chat(), &request("Hi", 0)).await;
    assert_eq!(said.finish, Some(FinishReason::Length));
    assert_eq!(said.usage.unwrap().output_tokens, 0);
    assert_eq!(said.text, "");
}
