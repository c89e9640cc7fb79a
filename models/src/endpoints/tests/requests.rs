//! What is sent.

use medley_orchestrator::{
    ChatTool, Content, Picture, PlanShape, ResponseFormat, Role, ToolCall, ToolChoice,
};
use serde_json::{Value, json};

use super::*;
use crate::endpoints::LengthField;

/// The body that a request becomes.
async fn sent(request: ChatRequest, adapt: impl FnOnce(&mut EndpointSettings)) -> Value {
    let server = ChatServer::start([Script::events(&[&text("so")])]).await;
    let mut settings = settings(&server);
    adapt(&mut settings);
    let endpoint = Endpoint::new(settings, None).unwrap();
    let stream = endpoint.chat(&request, &CancellationToken::new()).await;
    ChatReply::collect(stream.unwrap()).await.unwrap();
    serde_json::from_str(&server.received()[0].body).unwrap()
}

fn tool() -> ChatTool {
    ChatTool {
        name: "ocr".to_owned(),
        description: "reads".to_owned(),
        parameters: json!({"type": "object"}),
    }
}

#[tokio::test]
async fn a_small_request_is_no_more_than_it_says() {
    let expected = json!({
        "model": "little",
        "messages": [{"role": "user", "content": "Hello?"}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    assert_eq!(sent(request(), |_| {}).await, expected);
}

#[tokio::test]
async fn a_conversation_with_everything_in_it() {
    let picture = Picture {
        mime: "image/png".to_owned(),
        base64: "AAEC".to_owned(),
    };
    let mut calling = Message::assistant("");
    calling.content.clear();
    calling.tool_calls = [("a", r#"{"x":1}"#), ("b", "")]
        .map(|(id, arguments)| ToolCall {
            id: id.to_owned(),
            name: "ocr".to_owned(),
            arguments: arguments.to_owned(),
        })
        .into();
    let mut twofold = Message::system("Be ");
    twofold.content.push(Content::Text {
        text: "brief.".to_owned(),
    });
    assert_eq!(twofold.role, Role::System);
    let request = ChatRequest {
        messages: vec![
            twofold,
            Message::user("What is this?").with_picture(picture),
            calling,
            Message::tool("a", "STOP"),
        ],
        tools: vec![tool()],
        tool_choice: ToolChoice::Named("ocr".to_owned()),
        max_tokens: Some(9),
        temperature: Some(0.0),
        top_p: Some(0.5),
        seed: Some(u64::MAX),
        stop: vec!["\n".to_owned()],
        ..ChatRequest::default()
    };
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "ocr", "arguments": arguments}});
    let expected = json!({
        "model": "little",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC"}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [call("a", r#"{"x":1}"#), call("b", "{}")]},
            {"role": "tool", "content": "STOP", "tool_call_id": "a"},
        ],
        "tools": [{"type": "function", "function": {
            "name": "ocr", "description": "reads", "parameters": {"type": "object"},
        }}],
        "tool_choice": {"type": "function", "function": {"name": "ocr"}},
        "max_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "seed": u64::MAX,
        "stop": ["\n"],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    assert_eq!(sent(request, |_| {}).await, expected);
}

#[tokio::test]
async fn tool_choices_have_their_words() {
    for (choice, expected) in [
        (ToolChoice::Auto, Value::Null),
        (ToolChoice::None, json!("none")),
        (ToolChoice::Required, json!("required")),
    ] {
        let with_tools = ChatRequest {
            tools: vec![tool()],
            tool_choice: choice.clone(),
            ..request()
        };
        assert_eq!(sent(with_tools, |_| {}).await["tool_choice"], expected);
        let without = ChatRequest {
            tool_choice: choice,
            ..request()
        };
        assert_eq!(sent(without, |_| {}).await["tool_choice"], Value::Null);
    }
}

#[tokio::test]
async fn formats_have_their_words() {
    let schema = ResponseFormat::Schema {
        name: "answer".to_owned(),
        schema: json!({"type": "object"}),
    };
    let plan = PlanShape {
        capabilities: Vec::new(),
        inputs: Vec::new(),
        earlier: Vec::new(),
        may_be_done: false,
        max_steps: 1,
        max_string: 1,
    };
    for (format, expected) in [
        (ResponseFormat::Text, Value::Null),
        (ResponseFormat::Plan(Box::new(plan)), Value::Null),
        (ResponseFormat::Json, json!({"type": "json_object"})),
        (
            schema,
            json!({"type": "json_schema", "json_schema": {
                "name": "answer", "strict": true, "schema": {"type": "object"},
            }}),
        ),
    ] {
        let request = ChatRequest {
            format,
            ..request()
        };
        assert_eq!(sent(request, |_| {}).await["response_format"], expected);
    }
}

// OpenAI, "Reasoning models": `max_tokens` is refused.
#[tokio::test]
async fn the_length_goes_where_the_settings_say() {
    let request = ChatRequest {
        max_tokens: Some(9),
        ..request()
    };
    let body = sent(request, |settings| {
        settings.length_field = LengthField::MaxCompletionTokens;
    })
    .await;
    assert_eq!(body["max_completion_tokens"], 9);
    assert_eq!(body["max_tokens"], Value::Null);
}

#[tokio::test]
async fn key_and_headers_go_with_it() {
    let server = ChatServer::start([Script::events(&[&text("so")])]).await;
    let mut settings = settings(&server);
    settings.headers = [("X-Title".to_owned(), "Medley".to_owned())].into();
    ask(settings, Some(SecretKey::new(" a-key\n").unwrap()))
        .await
        .unwrap();
    let received = &server.received()[0];
    assert!(received.head.starts_with("POST /v1/chat/completions "));
    assert_eq!(received.header("authorization"), Some("Bearer a-key"));
    assert_eq!(received.header("x-title"), Some("Medley"));
    assert_eq!(received.header("content-type"), Some("application/json"));
}

// Mistral's form for a field that it does not know, 422 with the place; others name it in a 400.
#[tokio::test]
async fn a_server_that_will_not_be_asked_for_usage_is_not_asked_again() {
    for (status, body) in [
        (
            422,
            r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}}"#,
        ),
        (
            400,
            r#"{"error":{"message":"Unknown parameter: stream_options"}}"#,
        ),
    ] {
        let refusal = Script::answer(status, "application/json", body);
        let server = ChatServer::start([refusal, Script::events(&[&text("so")])]).await;
        let endpoint = Endpoint::new(settings(&server), None).unwrap();
        for _ in 0..2 {
            let stream = endpoint.chat(&request(), &CancellationToken::new()).await;
            let reply = ChatReply::collect(stream.unwrap()).await.unwrap();
            assert_eq!((reply.text.as_str(), reply.usage), ("so", None));
        }
        let bodies = server.received().into_iter().map(|received| received.body);
        let asked: Vec<bool> = bodies.map(|body| body.contains("stream_options")).collect();
        assert_eq!(asked, [true, false, false]);
    }
}

#[tokio::test]
async fn another_refusal_is_not_sent_again() {
    let refusal = Script::answer(400, "application/json", r#"{"error":"no"}"#);
    let server = ChatServer::start([refusal]).await;
    let error = ask(settings(&server), None).await.unwrap_err();
    assert_kind(&error, ChatErrorKind::Unsupported);
    assert_eq!(server.received().len(), 1);
}
