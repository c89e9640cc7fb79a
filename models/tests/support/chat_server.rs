//! A server for Chat Completions on loopback that says exactly what a test wrote down, byte by byte.
//!
//! It speaks HTTP/1.1 over a bare socket, so that pieces, pauses, cuts and wrong headers are all the test's. It needs
//! tokio, serde_json and nothing of Medley; other packages' tests take it in by its path.
#![allow(dead_code, reason = "not every test needs every act")]

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::sleep,
};

/// One thing that the server does.
#[derive(Debug, Clone)]
enum Act {
    Write(Vec<u8>),
    Pause(Duration),
    /// Goes on when a permit is there.
    Wait(Arc<Notify>),
    /// Keeps the connection open and silent until the client closes it, and says so then.
    Hold(Arc<Notify>),
}

/// What the server does with one request. The connection is closed at its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(Vec<Act>);

impl Script {
    /// An answer with a status, a type and a body, complete.
    pub(crate) fn answer(status: u16, mime: &str, body: &str) -> Self {
        Self::answer_with(status, &[("content-type", mime)], body)
    }

    /// An answer with a status, headers and a body, complete.
    pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let length = body.len().to_string();
        let mut all = vec![("content-length", length.as_str())];
        all.extend_from_slice(headers);
        Self::default().head(status, &all).raw(body)
    }

    /// A reply in JSON.
    pub(crate) fn json(body: &str) -> Self {
        Self::answer(200, "application/json", body)
    }

    /// The beginning of a stream of events, in chunks.
    pub(crate) fn stream() -> Self {
        Self::default().head(
            200,
            &[
                ("content-type", "text/event-stream"),
                ("transfer-encoding", "chunked"),
            ],
        )
    }

    /// A whole stream: each item an event in a chunk of its own, and the end.
    pub(crate) fn events(items: &[&str]) -> Self {
        let mut script = Self::stream();
        for item in items {
            script = script.event(item);
        }
        script.end()
    }

    /// A whole reply that says a text, word by word, and counts 100 tokens of prompt and 20 of reply.
    pub(crate) fn saying(text: &str) -> Self {
        let words = text.split_inclusive([' ', '\n']);
        words.fold(Self::stream(), Self::says).stops()
    }

    /// A piece of what a reply says.
    pub(crate) fn says(self, piece: &str) -> Self {
        let delta = json!({"index": 0, "delta": {"content": piece}});
        let chunk = json!({"id": "1", "model": "scripted-1", "choices": [delta]});
        self.event(&chunk.to_string())
    }

    /// The end of a reply that has said all.
    pub(crate) fn stops(self) -> Self {
        let chunk = json!({
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        });
        self.event(&chunk.to_string()).event("[DONE]").end()
    }

    /// A status line and headers.
    pub(crate) fn head(self, status: u16, headers: &[(&str, &str)]) -> Self {
        let mut head = format!("HTTP/1.1 {status} -\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.raw(head + "\r\n")
    }

    /// Bytes as they are.
    pub(crate) fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.push(Act::Write(bytes.as_ref().to_vec()));
        self
    }

    /// Bytes as a chunk.
    pub(crate) fn chunk(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.raw(chunk)
    }

    /// An event as a chunk.
    pub(crate) fn event(self, data: &str) -> Self {
        self.chunk(format!("data: {data}\n\n"))
    }

    /// The last chunk.
    pub(crate) fn end(self) -> Self {
        self.raw("0\r\n\r\n")
    }

    /// Waits a while.
    pub(crate) fn pause(mut self, time: Duration) -> Self {
        self.0.push(Act::Pause(time));
        self
    }

    /// Goes on when somebody notifies.
    pub(crate) fn wait(mut self, gate: &Arc<Notify>) -> Self {
        self.0.push(Act::Wait(Arc::clone(gate)));
        self
    }

    /// Says no more and keeps the connection; notifies when the client has closed it.
    pub(crate) fn hold(mut self, closed: &Arc<Notify>) -> Self {
        self.0.push(Act::Hold(Arc::clone(closed)));
        self
    }
}

/// What a client sent.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Request line and headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Received {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A server with a script for each request in turn; the last one is for all that follow.
pub(crate) struct ChatServer {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl ChatServer {
    /// Starts it on a free port.
    pub(crate) async fn start(scripts: impl Into<VecDeque<Script>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let scripts = Arc::new(Mutex::new(scripts.into()));
        let task = tokio::spawn(listen(listener, scripts, Arc::clone(&received)));
        Self {
            address,
            received,
            task,
        }
    }

    /// Where it is, as people write it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was sent so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for ChatServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    listener: TcpListener,
    scripts: Arc<Mutex<VecDeque<Script>>>,
    received: Arc<Mutex<Vec<Received>>>,
) {
    while let Ok((socket, _)) = listener.accept().await {
        let scripts = Arc::clone(&scripts);
        let received = Arc::clone(&received);
        tokio::spawn(async move {
            // A client that goes away in the middle is what some tests are about.
            let _ = serve(socket, &scripts, &received).await;
        });
    }
}

async fn serve(
    mut socket: TcpStream,
    scripts: &Mutex<VecDeque<Script>>,
    received: &Mutex<Vec<Received>>,
) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let request = read_request(&mut socket).await?;
    received.lock().unwrap().push(request);
    let script = {
        let mut scripts = scripts.lock().unwrap();
        let next = scripts.pop_front().unwrap_or_default();
        if scripts.is_empty() {
            scripts.push_back(next.clone());
        }
        next
    };
    for act in script.0 {
        match act {
            Act::Write(bytes) => socket.write_all(&bytes).await?,
            Act::Pause(time) => sleep(time).await,
            Act::Wait(gate) => gate.notified().await,
            Act::Hold(closed) => {
                let mut rest = [0; 64];
                while socket.read(&mut rest).await.is_ok_and(|read| read > 0) {}
                closed.notify_one();
            }
        }
    }
    socket.shutdown().await
}

async fn read_request(socket: &mut TcpStream) -> std::io::Result<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            break end + 4;
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut received = Received {
        head: String::from_utf8_lossy(&bytes[..head]).into_owned(),
        body: String::new(),
    };
    let length = received.header("content-length");
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(head);
    while body.len() < length {
        if socket.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    received.body = String::from_utf8_lossy(&body).into_owned();
    Ok(received)
}
