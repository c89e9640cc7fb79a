//! How replies end: well, early, or not at all.

use std::sync::Arc;

use medley_orchestrator::FinishReason;
use tokio::{sync::Notify, time::timeout};

use super::*;

#[tokio::test]
async fn a_clean_end_is_an_end_without_any_word_of_it() {
    // Neither `[DONE]` nor a reason.
    let reply = reply_to(Script::events(&[&text("so")])).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("so", None));
    // A body without length and chunks, ended by the connection's end.
    let bare = Script::default()
        .head(200, &[("content-type", "text/event-stream")])
        .raw(format!("data: {}\n\ndata: {FINISH}\n\n", text("so")));
    let reply = reply_to(bare).await.unwrap();
    assert_eq!(reply.finish, Some(FinishReason::Stop));
    // No line end behind the last event.
    let unended = Script::stream()
        .chunk(format!("data: {}\n\ndata: [DONE]", text("so")))
        .end();
    assert_eq!(reply_to(unended).await.unwrap().text, "so");
}

#[tokio::test]
async fn a_cut_comes_behind_what_was_said() {
    let cut = Script::stream().event(&text("so"));
    let truncated = Script::stream()
        .event(&text("so"))
        .chunk(r#"data: {"choices":[{"delta":{"cont"#)
        .end();
    for script in [cut, truncated] {
        let (deltas, error) = deltas_of(script).await;
        assert_eq!(deltas.len(), 1, "{deltas:?}");
        assert_kind(&error.unwrap(), ChatErrorKind::Transient);
    }
}

#[tokio::test]
async fn a_cut_behind_the_reason_is_no_error() {
    let script = Script::stream().event(&text("so")).event(FINISH);
    let reply = reply_to(script).await.unwrap();
    assert_eq!(reply.finish, Some(FinishReason::Stop));
}

#[tokio::test]
async fn a_server_that_never_closes_is_not_waited_for() {
    let closed = Arc::new(Notify::new());
    let done = Script::events(&[&text("so"), "[DONE]"]).hold(&closed);
    assert_eq!(
        timeout(LONG, reply_to(done)).await.unwrap().unwrap().text,
        "so"
    );
    let finished = Script::stream().event(&text("so")).event(FINISH);
    let reply = timeout(LONG, reply_to(finished.hold(&closed))).await;
    assert_eq!(reply.unwrap().unwrap().finish, Some(FinishReason::Stop));
}

#[tokio::test]
async fn a_reply_without_a_word_is_an_error() {
    let empty = Script::answer(200, "text/event-stream", "");
    let silent = Script::events(&[r#"{"model":"m","choices":[{"delta":{"role":"assistant"}}]}"#]);
    let early = Script::stream();
    for script in [empty, silent, early] {
        let error = reply_to(script).await.unwrap_err();
        assert_kind(&error, ChatErrorKind::Transient);
    }
    // A model may well have nothing to say, if it says so.
    let reply = reply_to(Script::events(&[FINISH, "[DONE]"])).await.unwrap();
    assert_eq!(reply.text, "");
}

#[tokio::test]
async fn what_is_no_chat_completion_is_malformed() {
    for script in [
        // A proxy's login, or the server's own page.
        Script::answer(200, "text/html", "<!doctype html><title>Sign in</title>"),
        Script::json(r#"{"status":"ok"}"#),
        Script::json("[]"),
        Script::json(r#"{"choices":"none"}"#),
        Script::events(&["{nothing}"]),
        Script::stream().chunk(b"data: \xFF\xFE\n\n").end(),
        Script::answer(200, "text/plain", "data: hello\n\n"),
    ] {
        let error = reply_to(script).await.unwrap_err();
        assert_kind(&error, ChatErrorKind::Malformed);
        assert!(error.hint.unwrap().contains("/v1/chat/completions"));
    }
}

#[tokio::test]
async fn a_page_is_named_by_its_title() {
    let page = Script::answer(200, "text/html", "\n<html><title>Sign in</title></html>");
    let error = reply_to(page).await.unwrap_err();
    assert!(error.to_string().contains("Sign in"), "{error}");
}
