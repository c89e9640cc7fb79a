//! A key shows itself to the endpoint that it is for, and nowhere else.

use std::{
    io,
    sync::{Arc, Mutex},
};

use medley_orchestrator::ChatModel;
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter, fmt::format::FmtSpan};

use super::*;
use crate::endpoints::EndpointError;

/// Made up here, and of no use anywhere.
const KEY: &str = "not-a-real-key/0123+456789=abcdef";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn logged(log: &Log) -> tracing::subscriber::DefaultGuard {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_default(subscriber)
}

#[track_caller]
fn assert_hidden(text: &str) {
    for length in [KEY.len(), 16, 8] {
        for begin in 0..=KEY.len() - length {
            let stretch = &KEY[begin..begin + length];
            assert!(!text.contains(stretch), "{stretch} shows in {text}");
        }
    }
}

fn all_of(error: &ChatError) -> String {
    let mut all = format!("{error} {error:?} {:?}", error.hint);
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        all += &format!(" {error} {error:?}");
        cause = error.source();
    }
    all
}

#[tokio::test]
async fn a_server_that_echoes_the_key_does_not_make_us_show_it() {
    let log = Log::default();
    let guard = logged(&log);
    let begin = &KEY[..12];
    let json =
        format!(r#"{{"error":{{"message":"wrong key {KEY}, Bearer {KEY}!","code":"{KEY}"}}}}"#);
    let long = format!("{}{KEY}", "x".repeat(490));
    for script in [
        Script::answer(401, "application/json", &json),
        Script::answer(401, "text/plain", KEY),
        Script::answer(401, "text/plain", &format!("wrong key {begin}...")),
        Script::answer(503, "text/plain", &long),
        Script::answer(404, "text/html", &format!("<title>{KEY}</title>")),
        Script::answer_with(
            302,
            &[("location", &format!("http://a.example/?key={KEY}"))],
            "",
        ),
        Script::answer(200, "text/html", &format!("<title>{KEY}</title>")),
        Script::json(&format!(r#"{{"model":"{KEY}"}}"#)),
        Script::events(&[&format!(r#"{{"choices":"{KEY}"}}"#)]),
        Script::events(&[&format!(r#"{{"error":"{KEY}"}}"#)]),
        Script::events(&[&format!("{{{KEY}")]),
    ] {
        let server = ChatServer::start([script]).await;
        let mut settings = settings(&server);
        settings.base_url += &format!("/v1?key={KEY}");
        let error = ask(settings, Some(SecretKey::new(KEY).unwrap()))
            .await
            .unwrap_err();
        assert_hidden(&all_of(&error));
    }
    drop(guard);
    let log = log.text();
    assert!(log.contains("gen_ai.request.model"), "{log}");
    assert_hidden(&log);
}

#[tokio::test]
async fn the_key_is_in_the_header_and_not_in_the_body() {
    let server = ChatServer::start([Script::events(&[&text("so")])]).await;
    ask(settings(&server), Some(SecretKey::new(KEY).unwrap()))
        .await
        .unwrap();
    let received = &server.received()[0];
    assert_eq!(
        received.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_hidden(&received.body);
}

#[test]
fn nothing_that_holds_a_key_shows_it() {
    let key = SecretKey::new(KEY).unwrap();
    assert_hidden(&format!("{key} {key:?} {key:#?}"));
    let settings = EndpointSettings::new("here", "http://127.0.0.1:1", "little");
    let endpoint = Endpoint::new(settings, Some(key)).unwrap();
    assert_hidden(&format!("{endpoint:?} {:?}", endpoint.identity));
    assert_hidden(&format!("{:?}", endpoint.headers));
    let request = endpoint.prepare(&request(), true).unwrap();
    assert_hidden(&format!("{request:?}"));
    assert_hidden(&serde_json::to_string(endpoint.settings()).unwrap());
    assert_hidden(&serde_json::to_string(endpoint.profile()).unwrap());
}

#[test]
fn what_is_no_key_is_refused_unseen() {
    for text in [
        "",
        "  ",
        "two words-0123456789",
        "line\nend-0123456789",
        "caf\u{e9}-0123456789",
    ] {
        let error = SecretKey::new(text).unwrap_err();
        assert!(matches!(error, EndpointError::Key));
        assert!(!format!("{error} {error:?}").contains("0123456789"));
    }
}

#[test]
fn a_variable_that_is_not_set_holds_no_key() {
    let key = SecretKey::from_environment("MEDLEY_TEST_NO_SUCH_VARIABLE");
    assert_eq!(key.unwrap(), None);
    // Any variable that every test run has will do.
    let package = SecretKey::from_environment("CARGO_PKG_NAME").unwrap();
    assert_eq!(package, Some(SecretKey::new("medley-models").unwrap()));
}

#[test]
fn texts_are_scrubbed_without_hurting_them() {
    let key = SecretKey::new(KEY).unwrap();
    let text = format!("caf\u{e9} {KEY}{KEY} key {}\u{e9}", &KEY[5..20]);
    assert_eq!(key.scrub(&text), "caf\u{e9} [key][key] key [key]\u{e9}");
    assert_eq!(
        SecretKey::new("abc").unwrap().scrub("an abc, ab"),
        "an [key], ab"
    );
}

#[tokio::test]
async fn a_span_tells_of_the_exchange_and_not_of_its_content() {
    let log = Log::default();
    let guard = logged(&log);
    let server = ChatServer::start([Script::events(&[
        r#"{"id":"reply-7","model":"little-2","choices":[{"delta":{"content":"secret answer"}}]}"#,
        FINISH,
        r#"{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":13}}"#,
        "[DONE]",
    ])])
    .await;
    ask(settings(&server), None).await.unwrap();
    drop(guard);
    let log = log.text();
    for field in [
        r#"gen_ai.operation.name="chat""#,
        r#"gen_ai.provider.name="here""#,
        r#"gen_ai.request.model="little""#,
        r#"gen_ai.response.model="little-2""#,
        r#"gen_ai.response.id="reply-7""#,
        "gen_ai.usage.input_tokens=11",
        "gen_ai.usage.output_tokens=13",
        r#"gen_ai.response.finish_reasons=["stop"]"#,
        "gen_ai.response.time_to_first_chunk=",
        r#"server.address="127.0.0.1""#,
    ] {
        assert!(log.contains(field), "{field} is missing in {log}");
    }
    assert!(
        !log.contains("secret answer") && !log.contains("Hello?"),
        "{log}"
    );
    assert!(!log.contains("error.type"), "{log}");
}

#[tokio::test]
async fn a_span_tells_of_a_failure() {
    let log = Log::default();
    let guard = logged(&log);
    let server = ChatServer::start([Script::answer(429, "text/plain", "")]).await;
    ask(settings(&server), None).await.unwrap_err();
    drop(guard);
    assert!(log.text().contains(r#"error.type="rate_limited""#));
}
