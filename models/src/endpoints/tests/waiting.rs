//! Silence, cancelling and asking again.

use std::{sync::Arc, time::Instant};

use tokio::{sync::Notify, time::timeout};

use super::*;

/// How soon a cancelled request must end.
const SOON: Duration = Duration::from_millis(100);

fn impatient(server: &ChatServer) -> EndpointSettings {
    let mut settings = settings(server);
    settings.idle_timeout_s = 1;
    settings.max_retries = 2;
    settings
}

#[tokio::test]
async fn silence_ends_the_wait_wherever_it_falls() {
    let closed = Arc::new(Notify::new());
    for script in [
        Script::default(),
        Script::stream(),
        Script::stream().event(&text("so")),
        Script::stream().event(&text("so")).chunk(r#"data: {"ch"#),
        Script::default()
            .head(200, &[("content-length", "100")])
            .raw("{"),
    ] {
        let server = ChatServer::start([script.hold(&closed)]).await;
        let error = timeout(LONG, ask(impatient(&server), None)).await;
        let error = error.unwrap().unwrap_err();
        assert_kind(&error, ChatErrorKind::Transient);
        assert!(
            error.hint.unwrap().contains("idle_timeout_s"),
            "{}",
            error.message
        );
        assert_eq!(server.received().len(), 1, "it is not waited for again");
        // The connection is let go of.
        timeout(LONG, closed.notified()).await.unwrap();
    }
}

#[tokio::test]
async fn comments_show_that_the_server_is_at_work() {
    let busy = (0..4).fold(Script::stream(), |script, _| {
        script
            .chunk(": PROCESSING\n\n")
            .pause(Duration::from_millis(400))
    });
    let server = ChatServer::start([busy.event(&text("so")).end()]).await;
    assert_eq!(ask(impatient(&server), None).await.unwrap().text, "so");
}

#[tokio::test]
async fn deltas_come_when_they_are_sent() {
    let gate = Arc::new(Notify::new());
    let script = Script::stream()
        .event(&text("a"))
        .wait(&gate)
        .event(&text("b"));
    let server = ChatServer::start([script.end()]).await;
    let endpoint = Endpoint::new(settings(&server), None).unwrap();
    let mut stream = endpoint
        .chat(&request(), &CancellationToken::new())
        .await
        .unwrap();
    // The second is only sent once the first is here.
    for expected in ["a", "b"] {
        let delta = timeout(LONG, stream.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let ChatDelta::Text { text } = delta else {
            panic!("{delta:?}");
        };
        assert_eq!(text, expected);
        gate.notify_one();
    }
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn cancelling_ends_a_request_before_its_reply() {
    for script in [
        Script::default(),
        Script::stream(),
        Script::answer_with(503, &[("retry-after", "20")], ""),
    ] {
        let closed = Arc::new(Notify::new());
        let server = ChatServer::start([script.hold(&closed)]).await;
        let mut settings = settings(&server);
        settings.max_retries = 1;
        let endpoint = Endpoint::new(settings, None).unwrap();
        let cancel = CancellationToken::new();
        let stopping = async {
            while server.received().is_empty() {
                tokio::task::yield_now().await;
            }
            cancel.cancel();
            Instant::now()
        };
        let request = request();
        let (asked, stopped) = tokio::join!(endpoint.chat(&request, &cancel), stopping);
        assert!(stopped.elapsed() < SOON, "{:?}", stopped.elapsed());
        assert_eq!(asked.err().unwrap().kind, ChatErrorKind::Cancelled);
        timeout(LONG, closed.notified()).await.unwrap();
    }
}

#[tokio::test]
async fn cancelling_ends_a_stream() {
    let closed = Arc::new(Notify::new());
    let script = Script::stream().event(&text("so")).hold(&closed);
    let server = ChatServer::start([script]).await;
    let endpoint = Endpoint::new(settings(&server), None).unwrap();
    let cancel = CancellationToken::new();
    let mut stream = endpoint.chat(&request(), &cancel).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    let stopping = async {
        tokio::task::yield_now().await;
        cancel.cancel();
        Instant::now()
    };
    let (next, stopped) = tokio::join!(stream.next(), stopping);
    assert!(stopped.elapsed() < SOON, "{:?}", stopped.elapsed());
    assert_eq!(next.unwrap().unwrap_err().kind, ChatErrorKind::Cancelled);
    assert!(stream.next().await.is_none());
    timeout(LONG, closed.notified()).await.unwrap();
}

#[tokio::test]
async fn dropping_a_stream_lets_go_of_the_connection() {
    let closed = Arc::new(Notify::new());
    let script = Script::stream().event(&text("so")).hold(&closed);
    let server = ChatServer::start([script]).await;
    let endpoint = Endpoint::new(settings(&server), None).unwrap();
    let stream = endpoint.chat(&request(), &CancellationToken::new()).await;
    drop(stream.unwrap());
    timeout(LONG, closed.notified()).await.unwrap();
}

#[tokio::test]
async fn what_may_work_the_next_time_is_asked_again() {
    let busy = Script::answer(503, "text/plain", "loading model");
    // Cut before a word was said, though not before the model was named.
    let cut = Script::stream().event(r#"{"model":"m","choices":[]}"#);
    let server = ChatServer::start([busy, cut, Script::events(&[&text("so")])]).await;
    let mut settings = settings(&server);
    settings.max_retries = 2;
    assert_eq!(ask(settings, None).await.unwrap().text, "so");
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn asking_again_has_an_end() {
    let server = ChatServer::start([Script::answer(503, "text/plain", "")]).await;
    let mut settings = settings(&server);
    settings.max_retries = 1;
    let error = ask(settings, None).await.unwrap_err();
    assert_kind(&error, ChatErrorKind::Transient);
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_wait_that_the_server_asks_for_is_kept() {
    let busy = Script::answer_with(429, &[("retry-after", "2")], "");
    let server = ChatServer::start([busy, Script::events(&[&text("so")])]).await;
    let mut settings = settings(&server);
    settings.max_retries = 1;
    let asked = Instant::now();
    assert_eq!(ask(settings, None).await.unwrap().text, "so");
    assert!(asked.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn what_was_refused_cut_behind_a_word_or_is_far_off_is_not_asked_again() {
    for script in [
        Script::answer(400, "text/plain", "no"),
        Script::answer_with(429, &[("retry-after", "31")], ""),
        Script::stream().event(&text("so")),
    ] {
        let server = ChatServer::start([script]).await;
        let mut settings = settings(&server);
        settings.max_retries = 2;
        ask(settings, None).await.unwrap_err();
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_at_once_keep_their_order() {
    const STREAMS: usize = 100;
    const DELTAS: usize = 50;
    let words: Vec<String> = (0..DELTAS)
        .map(|number| text(&format!("{number} ")))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let server = ChatServer::start([Script::events(&words)]).await;
    let asking = (0..STREAMS).map(|_| tokio::spawn(ask(settings(&server), None)));
    let expected: String = (0..DELTAS).map(|number| format!("{number} ")).collect();
    for reply in asking.collect::<Vec<_>>() {
        assert_eq!(reply.await.unwrap().unwrap().text, expected);
    }
}
