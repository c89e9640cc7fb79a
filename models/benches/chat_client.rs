//! What the client for language models adds to reading the socket, measured beside a bare socket in one run.
//!
//! `cargo bench -p medley-models --bench chat_client`
//!
//! A server on a thread of its own answers on loopback. Each delta is the time at which it was written, so that the
//! age of a delta on arrival is known; a bare socket and the client take turns. Then 500 streams at once are read on
//! one thread, beside the server's, and each must come whole and in order.

use std::{
    io,
    net::SocketAddr,
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, future::try_join_all};
use medley_models::{Endpoint, EndpointSettings};
use medley_orchestrator::{ChatDelta, ChatModel, ChatRequest, Message};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// What times are counted from, on both sides.
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Targets, in microseconds.
const FIRST_TARGET: f64 = 1000.0;
const DELTA_TARGET: f64 = 20.0;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
const DONE: &str = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

/// How much is measured.
struct Size {
    first_tokens: usize,
    paced_deltas: usize,
    paced_rounds: usize,
    flooded_deltas: usize,
    streams: usize,
    stream_deltas: usize,
}

const FULL: Size = Size {
    first_tokens: 300,
    paced_deltas: 500,
    paced_rounds: 4,
    flooded_deltas: 200_000,
    streams: 500,
    stream_deltas: 200,
};

/// As a test, it only shows that it runs.
const SMALL: Size = Size {
    first_tokens: 5,
    paced_deltas: 20,
    paced_rounds: 1,
    flooded_deltas: 1000,
    streams: 20,
    stream_deltas: 20,
};

fn main() -> Result<()> {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let size = if is_bench { FULL } else { SMALL };
    LazyLock::force(&BEGIN);
    let server = Server::start()?;
    let runtime = one_thread()?;
    runtime.block_on(first_tokens(&server, &size))?;
    runtime.block_on(paced(&server, &size))?;
    runtime.block_on(flooded(&server, &size))?;
    runtime.block_on(many(&server, &size))
}

fn one_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Microseconds from a request to the first delta, over a new connection.
async fn first_tokens(server: &Server, size: &Size) -> Result<()> {
    let (mut bare, mut client) = (Vec::new(), Vec::new());
    for _ in 0..size.first_tokens {
        bare.push(server.bare("/one", true).await?[0].since_request);
        client.push(server.client("/one", true).await?[0].since_request);
    }
    report("to the first delta", bare, client, FIRST_TARGET);
    Ok(())
}

/// The age of a delta on arrival, when they come one by one.
async fn paced(server: &Server, size: &Size) -> Result<()> {
    let (mut bare, mut client) = (Vec::new(), Vec::new());
    let path = format!("/paced/{}", size.paced_deltas);
    for _ in 0..size.paced_rounds {
        bare.extend(server.bare(&path, false).await?.iter().map(|seen| seen.age));
        client.extend(
            server
                .client(&path, false)
                .await?
                .iter()
                .map(|seen| seen.age),
        );
    }
    ensure!(bare.len() == client.len(), "deltas were lost");
    report("a delta, one by one", bare, client, DELTA_TARGET);
    Ok(())
}

/// The time that a delta takes when they come as fast as the server can write.
#[expect(
    clippy::cast_precision_loss,
    reason = "no count here has more than 20 bits"
)]
async fn flooded(server: &Server, size: &Size) -> Result<()> {
    let path = format!("/flood/{}", size.flooded_deltas);
    let count = size.flooded_deltas as f64;
    let (mut bare, mut client) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let begin = Instant::now();
        ensure!(server.bare(&path, false).await?.len() == size.flooded_deltas);
        bare.push(micros(begin.elapsed()) / count);
        let begin = Instant::now();
        ensure!(server.client(&path, false).await?.len() == size.flooded_deltas);
        client.push(micros(begin.elapsed()) / count);
    }
    report("a delta, at full speed", bare, client, DELTA_TARGET);
    Ok(())
}

/// Many streams at once, each a count.
async fn many(server: &Server, size: &Size) -> Result<()> {
    let path = format!("/count/{}", size.stream_deltas);
    let begin = Instant::now();
    let replies = try_join_all((0..size.streams).map(|_| server.texts(&path))).await?;
    let expected: Vec<String> = (0..size.stream_deltas)
        .map(|number| number.to_string())
        .collect();
    ensure!(
        replies.iter().all(|reply| *reply == expected),
        "deltas were lost or changed places"
    );
    println!(
        "{} streams of {} deltas at once: whole and in order, {:.2} s",
        size.streams,
        size.stream_deltas,
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

/// A delta that came.
struct Seen {
    /// Microseconds since the request.
    since_request: f64,
    /// Microseconds since it was written.
    age: f64,
}

impl Seen {
    fn now(text: &str, asked: Instant) -> Result<Self> {
        let written: u64 = text.parse().context("a delta is no time")?;
        let age = BEGIN
            .elapsed()
            .saturating_sub(Duration::from_nanos(written));
        Ok(Self {
            since_request: micros(asked.elapsed()),
            age: micros(age),
        })
    }
}

struct Server(SocketAddr);

impl Server {
    fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = one_thread()?;
        thread::spawn(move || runtime.block_on(listen(listener)));
        Ok(Self(address))
    }

    /// What a bare socket sees.
    async fn bare(&self, path: &str, only_first: bool) -> Result<Vec<Seen>> {
        let asked = Instant::now();
        let mut socket = TcpStream::connect(self.0).await?;
        socket.set_nodelay(true)?;
        let request =
            format!("POST {path}/v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}");
        socket.write_all(request.as_bytes()).await?;
        let mut seen = Vec::new();
        let mut bytes = Vec::with_capacity(1 << 20);
        while socket.read_buf(&mut bytes).await? > 0 {
            let whole = bytes
                .iter()
                .rposition(|&byte| byte == b'\n')
                .map_or(0, |end| end + 1);
            for text in str::from_utf8(&bytes[..whole])?
                .split(r#""content":""#)
                .skip(1)
            {
                let end = text.find('"').context("a delta was cut")?;
                seen.push(Seen::now(&text[..end], asked)?);
            }
            bytes.drain(..whole);
            if only_first && !seen.is_empty() {
                break;
            }
        }
        Ok(seen)
    }

    /// What the client gives.
    async fn client(&self, path: &str, only_first: bool) -> Result<Vec<Seen>> {
        let endpoint = self.endpoint(path)?;
        let request = ChatRequest::new(vec![Message::user("When?")]);
        let asked = Instant::now();
        let mut stream = endpoint.chat(&request, &CancellationToken::new()).await?;
        let mut seen = Vec::new();
        while let Some(delta) = stream.next().await {
            if let ChatDelta::Text { text } = delta? {
                seen.push(Seen::now(&text, asked)?);
            }
            if only_first && !seen.is_empty() {
                break;
            }
        }
        Ok(seen)
    }

    async fn texts(&self, path: &str) -> Result<Vec<String>> {
        let endpoint = self.endpoint(path)?;
        let request = ChatRequest::new(vec![Message::user("Count!")]);
        let mut stream = endpoint.chat(&request, &CancellationToken::new()).await?;
        let mut texts = Vec::new();
        while let Some(delta) = stream.next().await {
            if let ChatDelta::Text { text } = delta? {
                texts.push(text);
            }
        }
        Ok(texts)
    }

    fn endpoint(&self, path: &str) -> Result<Endpoint> {
        let address = format!("http://{}{path}/v1", self.0);
        Ok(Endpoint::new(
            EndpointSettings::new("bench", address, "little"),
            None,
        )?)
    }
}

async fn listen(listener: std::net::TcpListener) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (socket, _) = listener.accept().await?;
        // A reader that has seen enough closes the connection.
        tokio::spawn(async move { drop(answer(socket).await) });
    }
}

async fn answer(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let path = read_path(&mut socket).await?;
    socket.write_all(HEAD.as_bytes()).await?;
    let mut parts = path.split('/').skip(1);
    let kind = parts.next().unwrap_or_default();
    let count = parts
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    match kind {
        "flood" => flood(&mut socket, count).await?,
        "count" => {
            pace(&mut socket, count, Duration::from_millis(5), |number| {
                number.to_string()
            })
            .await?
        }
        _ => pace(&mut socket, count, Duration::from_millis(1), |_| now()).await?,
    }
    socket.write_all(DONE.as_bytes()).await?;
    socket.shutdown().await
}

/// One delta after the other, each in a write of its own.
async fn pace(
    socket: &mut TcpStream,
    count: usize,
    pause: Duration,
    text: fn(usize) -> String,
) -> io::Result<()> {
    for number in 0..count {
        socket.write_all(event(&text(number)).as_bytes()).await?;
        if count > 1 {
            sleep(pause).await;
        }
    }
    Ok(())
}

async fn flood(socket: &mut TcpStream, count: usize) -> io::Result<()> {
    let events = event(&now()).repeat(100);
    for _ in 0..count / 100 {
        socket.write_all(events.as_bytes()).await?;
    }
    Ok(())
}

fn event(text: &str) -> String {
    let data = format!(
        "data: {{\"id\":\"chatcmpl-7\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"little\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"logprobs\":null,\"finish_reason\":null}}]}}\n\n"
    );
    format!("{:x}\r\n{data}\r\n", data.len())
}

fn now() -> String {
    BEGIN.elapsed().as_nanos().to_string()
}

/// Reads a request, of which only the path matters.
async fn read_path(socket: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split_once("content-length: ");
            let length = length.and_then(|(_, rest)| rest.lines().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(head.split(' ').nth(1).unwrap_or_default().to_owned());
            }
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Prints medians and 99th percentiles of both, and what the client adds.
fn report(what: &str, mut bare: Vec<f64>, mut client: Vec<f64>, target: f64) {
    bare.sort_by(f64::total_cmp);
    client.sort_by(f64::total_cmp);
    let middle = |sorted: &[f64]| sorted[sorted.len() / 2];
    let high = |sorted: &[f64]| sorted[(sorted.len() - 1) * 99 / 100];
    println!(
        "{what}, µs (median, p99): bare socket {:.2}, {:.2}; client {:.2}, {:.2}; added {:.2}, {:.2}; target {target}",
        middle(&bare),
        high(&bare),
        middle(&client),
        high(&client),
        middle(&client) - middle(&bare),
        high(&client) - high(&bare),
    );
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
