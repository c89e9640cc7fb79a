//! The client against a server that says what the tests wrote down.

#[path = "../../tests/support/chat_server.rs"]
mod chat_server;
mod deviations;
mod endings;
mod failures;
mod requests;
mod secrets;
mod settings;
mod waiting;

use std::time::Duration;

use futures::StreamExt;
use medley_orchestrator::{
    ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, ChatSupport, Message,
};
use tokio_util::sync::CancellationToken;

use super::{Endpoint, EndpointSettings, SecretKey};
use chat_server::{ChatServer, Script};

/// Longer than anything here takes that is not about waiting.
const LONG: Duration = Duration::from_secs(20);

/// Settings for a server: all that a model can support, and each request sent once.
fn settings(server: &ChatServer) -> EndpointSettings {
    let mut settings = EndpointSettings::new("here", server.url(), "little");
    settings.supports = ChatSupport {
        vision: true,
        tools: true,
        schema: true,
        plans: false,
    };
    settings.max_retries = 0;
    settings.idle_timeout_s = LONG.as_secs();
    settings
}

fn request() -> ChatRequest {
    ChatRequest::new(vec![Message::user("Hello?")])
}

async fn ask(settings: EndpointSettings, key: Option<SecretKey>) -> Result<ChatReply, ChatError> {
    let endpoint = Endpoint::new(settings, key).unwrap();
    let stream = endpoint.chat(&request(), &CancellationToken::new()).await?;
    ChatReply::collect(stream).await
}

/// What comes of one script.
async fn reply_to(script: Script) -> Result<ChatReply, ChatError> {
    let server = ChatServer::start([script]).await;
    ask(settings(&server), None).await
}

/// What comes of one script, piece by piece, and the error at its end.
async fn deltas_of(script: Script) -> (Vec<ChatDelta>, Option<ChatError>) {
    let server = ChatServer::start([script]).await;
    let endpoint = Endpoint::new(settings(&server), None).unwrap();
    let cancel = CancellationToken::new();
    let mut stream = match endpoint.chat(&request(), &cancel).await {
        Ok(stream) => stream,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut deltas = Vec::new();
    while let Some(delta) = stream.next().await {
        match delta {
            Ok(delta) => deltas.push(delta),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error is the end");
                return (deltas, Some(error));
            }
        }
    }
    (deltas, None)
}

fn text(text: &str) -> String {
    format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#)
}

const FINISH: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

#[track_caller]
fn assert_kind(error: &ChatError, kind: ChatErrorKind) {
    assert_eq!(error.kind, kind, "{error}");
    let hint = error.hint.as_deref();
    assert!(hint.is_some_and(|hint| !hint.is_empty()), "{error}");
}
