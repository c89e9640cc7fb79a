//! What servers refuse, and what a person is told.

use std::time::SystemTime;

use tokio::net::TcpListener;

use super::*;

async fn failure(status: u16, body: &str) -> ChatError {
    reply_to(Script::answer(status, "application/json", body))
        .await
        .unwrap_err()
}

async fn assert_failure(status: u16, body: &str, kind: ChatErrorKind) {
    let error = failure(status, body).await;
    assert_eq!(error.kind, kind, "{status} {body}: {error}");
    assert!(error.hint.is_some(), "{error}");
}

#[tokio::test]
async fn statuses_are_told_apart_by_the_way_out() {
    use ChatErrorKind::{
        Auth, ContextTooLong, NotFound, Quota, RateLimited, Transient, Unsupported,
    };
    for (status, kind) in [
        (301, NotFound),
        (400, Unsupported),
        (401, Auth),
        (402, Quota),
        (403, Auth),
        (404, NotFound),
        (405, NotFound),
        (408, Transient),
        (409, Transient),
        (413, ContextTooLong),
        (422, Unsupported),
        (429, RateLimited),
        (500, Transient),
        (501, Unsupported),
        (502, Transient),
        (503, Transient),
        (529, Transient),
    ] {
        assert_failure(status, "", kind).await;
    }
}

#[tokio::test]
async fn words_say_more_than_the_status() {
    use ChatErrorKind::{Auth, ContextTooLong, NotFound, Quota, RateLimited, Refused, Unsupported};
    for (status, body, kind) in [
        // OpenAI, "Error codes".
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
            Quota,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}"#,
            RateLimited,
        ),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            ContextTooLong,
        ),
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}"#,
            Auth,
        ),
        // Azure OpenAI, "Content filtering".
        (
            400,
            r#"{"error":{"message":"The response was filtered","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            Refused,
        ),
        // OpenRouter, "Errors": moderation is a 403, credit a 402.
        (
            403,
            r#"{"error":{"code":403,"message":"Input requires moderation","metadata":{"reasons":["violence"],"flagged_input":"..."}}}"#,
            Refused,
        ),
        (
            402,
            r#"{"error":{"code":402,"message":"Insufficient credits"}}"#,
            Quota,
        ),
        // vLLM.
        (
            400,
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","param":null,"code":400}"#,
            ContextTooLong,
        ),
        (
            404,
            r#"{"object":"error","message":"The model `little` does not exist.","type":"NotFoundError","param":null,"code":404}"#,
            NotFound,
        ),
        // llama.cpp's server.
        (
            400,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size. try increasing the context size","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}"#,
            ContextTooLong,
        ),
        (
            501,
            r#"{"error":{"code":501,"message":"This server does not support images","type":"not_supported_error"}}"#,
            Unsupported,
        ),
        // llama-cpp-python.
        (
            400,
            r#"{"error":{"message":"Requested tokens (600) exceed context window of 512","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            ContextTooLong,
        ),
        (
            500,
            r#"{"error":{"message":"Requested tokens (600) exceed context window of 512","type":"internal_server_error","param":null,"code":null}}"#,
            ContextTooLong,
        ),
        // Ollama.
        (
            400,
            r#"{"error":{"message":"the input length exceeds the context length","type":"invalid_request_error","param":null,"code":null}}"#,
            ContextTooLong,
        ),
        (
            400,
            r#"{"error":"registry.ollama.ai/library/little does not support tools"}"#,
            Unsupported,
        ),
        // Gemini's compatible server wraps its error in a list.
        (
            400,
            r#"[{"error":{"code":400,"message":"Invalid value","status":"INVALID_ARGUMENT"}}]"#,
            Unsupported,
        ),
        // FastAPI.
        (
            422,
            r#"{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required"}]}"#,
            Unsupported,
        ),
    ] {
        assert_failure(status, body, kind).await;
    }
}

#[tokio::test]
async fn whatever_a_server_says_is_handed_on() {
    for (body, said) in [
        (r#"{"error":{"message":"out of soup"}}"#, "out of soup"),
        (r#"{"error":"out of soup"}"#, "out of soup"),
        (r#"{"detail":"out of soup"}"#, "out of soup"),
        (
            r#"{"detail":[{"loc":["body"],"msg":"out of"},{"msg":"soup"}]}"#,
            "out of; soup",
        ),
        (r#"[{"error":{"message":"out of soup"}}]"#, "out of soup"),
        (r#"{"reason":"out of soup"}"#, "out of soup"),
        ("out of soup\n", "out of soup"),
        (
            "<html><head><title>Out of soup</title></head></html>",
            "Out of soup",
        ),
        ("<html></html>", "a web page"),
        ("", "Service Unavailable"),
    ] {
        let error = failure(503, body).await;
        assert_kind(&error, ChatErrorKind::Transient);
        let message = error.to_string();
        assert!(message.contains(said), "{body}: {message}");
        assert!(
            message.contains("'here'") && message.contains("'little'"),
            "{message}"
        );
        assert!(message.contains("503"), "{message}");
    }
}

#[tokio::test]
async fn long_answers_are_shortened() {
    let error = failure(503, &"soup ".repeat(100_000)).await;
    assert!(error.to_string().len() < 1000);
}

#[tokio::test]
async fn a_missing_model_and_a_wrong_address_have_different_ways_out() {
    let model = r#"{"error":{"message":"model 'little' not found","type":"api_error"}}"#;
    let hint = failure(404, model).await.hint.unwrap();
    assert!(
        hint.contains("'little'") && hint.contains("/v1/models"),
        "{hint}"
    );
    for body in [
        r#"{"detail":"Not Found"}"#,
        "404 page not found",
        "",
        r#"{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}"#,
    ] {
        let hint = failure(404, body).await.hint.unwrap();
        assert!(hint.contains("base_url"), "{hint}");
    }
    let moved = Script::answer_with(308, &[("location", "http://other.example/v1")], "");
    let error = reply_to(moved).await.unwrap_err();
    assert_kind(&error, ChatErrorKind::NotFound);
    assert!(
        error.to_string().contains("http://other.example/v1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_key_is_asked_for_by_its_variable() {
    let server = ChatServer::start([Script::answer(401, "text/plain", "who are you")]).await;
    let unnamed = ask(settings(&server), None).await.unwrap_err();
    assert!(unnamed.hint.unwrap().contains("key_variable"));
    let mut settings = settings(&server);
    settings.key_variable = Some("HERE_KEY".to_owned());
    let missing = ask(settings.clone(), None).await.unwrap_err();
    assert!(missing.hint.unwrap().contains("set HERE_KEY"));
    let key = SecretKey::new("abc").unwrap();
    let wrong = ask(settings, Some(key)).await.unwrap_err();
    assert!(wrong.hint.unwrap().contains("check the key in HERE_KEY"));
}

#[tokio::test]
async fn a_wait_is_read_in_seconds_in_milliseconds_as_a_date_and_from_words() {
    let wait = async |headers: &[(&str, &str)], body: &str| {
        let script = Script::answer_with(429, headers, body);
        let error = reply_to(script).await.unwrap_err();
        assert_kind(&error, ChatErrorKind::RateLimited);
        error.retry_after
    };
    let seconds = |seconds: u64| Some(Duration::from_secs(seconds));
    assert_eq!(wait(&[("retry-after", "90")], "").await, seconds(90));
    let both = [("retry-after-ms", "1500"), ("retry-after", "2")];
    assert_eq!(wait(&both, "").await, Some(Duration::from_millis(1500)));
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
    let found = wait(&[("retry-after", &date)], "").await.unwrap();
    assert!((Duration::from_secs(80)..=Duration::from_secs(100)).contains(&found));
    let past = wait(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], "").await;
    assert_eq!(past, seconds(0));
    assert_eq!(wait(&[("retry-after", "soon")], "").await, None);
    let words = r#"{"error":{"message":"Rate limit reached. Please try again in 1m3s."}}"#;
    assert_eq!(wait(&[], words).await, seconds(63));
    assert_eq!(wait(&[("retry-after", "-1")], "").await, None);
}

#[tokio::test]
async fn nobody_at_the_address_is_named_with_the_way_to_start_a_server() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut settings = EndpointSettings::new("here", format!("http://{address}"), "little");
    settings.max_retries = 5;
    let error = ask(settings, None).await.unwrap_err();
    assert_kind(&error, ChatErrorKind::Transient);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    assert!(error.hint.unwrap().contains("start the server"));
}

#[tokio::test]
async fn what_the_model_cannot_do_is_refused_before_anything_is_sent() {
    use medley_orchestrator::{ChatTool, Picture, ResponseFormat};

    let server = ChatServer::start([Script::events(&[&text("so")])]).await;
    let mut settings = settings(&server);
    settings.supports = ChatSupport {
        tools: false,
        ..ChatSupport::default()
    };
    let endpoint = Endpoint::new(settings, None).unwrap();
    let picture = Picture {
        mime: "image/png".to_owned(),
        base64: String::new(),
    };
    let seeing = ChatRequest::new(vec![Message::user("What?").with_picture(picture)]);
    let calling = ChatRequest {
        tools: vec![ChatTool {
            name: "ocr".to_owned(),
            description: String::new(),
            parameters: serde_json::json!({"type": "object"}),
        }],
        ..request()
    };
    let formed = ChatRequest {
        format: ResponseFormat::Schema {
            name: "answer".to_owned(),
            schema: serde_json::json!({}),
        },
        ..request()
    };
    for (request, field) in [(seeing, "vision"), (calling, "tools"), (formed, "schema")] {
        let asked = endpoint.chat(&request, &CancellationToken::new()).await;
        let error = asked.err().unwrap();
        assert_kind(&error, ChatErrorKind::Unsupported);
        assert!(error.hint.unwrap().contains(field));
    }
    assert!(server.received().is_empty());
}
