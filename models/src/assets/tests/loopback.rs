//! A small HTTP server for files, which counts what is asked of it and can hold an answer back.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// Closed until opened; whoever passes waits.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }
}

#[derive(Clone, Default)]
pub(crate) struct Page {
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Held back after half of the body.
    pub(crate) gate: Option<Gate>,
    /// How many answers break off after half of the body.
    pub(crate) broken: usize,
}

impl From<Vec<u8>> for Page {
    fn from(body: Vec<u8>) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }
}

#[derive(Clone)]
pub(crate) struct Loopback {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    pages: HashMap<String, Page>,
    requests: Vec<String>,
}

impl Loopback {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self {
            address,
            shared: Arc::default(),
        };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                // A client that goes away in the middle of an answer is part of the tests.
                std::thread::spawn(move || drop(serving.answer(stream)));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn serve(&self, path: &str, page: impl Into<Page>) {
        self.shared
            .lock()
            .unwrap()
            .pages
            .insert(path.to_owned(), page.into());
    }

    /// How often a path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.shared
            .lock()
            .unwrap()
            .requests
            .iter()
            .filter(|request| *request == path)
            .count()
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut start = None;
        for line in lines {
            let line = line?.to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(range) = line.strip_prefix("range: bytes=") {
                let (from, to) = range.split_once('-').unwrap();
                start = Some((from.parse::<usize>().unwrap(), to.parse::<usize>().ok()));
            }
        }
        let page = {
            let mut shared = self.shared.lock().unwrap();
            shared.requests.push(path.clone());
            let whole = start.is_none_or(|(_, to)| to.is_none());
            shared.pages.get_mut(&path).map(|page| {
                let answer = page.clone();
                page.broken = page.broken.saturating_sub(usize::from(whole));
                Page {
                    broken: if whole { answer.broken } else { 0 },
                    ..answer
                }
            })
        };
        let Some(page) = page else {
            return write!(
                stream,
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        };
        let (from, to) = start.map_or((0, None), |(from, to)| (from, to));
        let end = to.map_or(page.body.len(), |to| page.body.len().min(to + 1));
        let body = &page.body[from.min(end)..end];
        let status = if start.is_some() {
            "206 Partial Content"
        } else {
            "200 OK"
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n",
            body.len()
        )?;
        if start.is_some() {
            write!(
                stream,
                "Content-Range: bytes {from}-{}/{}\r\n",
                end.saturating_sub(1),
                page.body.len()
            )?;
        }
        for (name, value) in &page.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        write!(stream, "\r\n")?;
        let (first, second) = body.split_at(body.len() / 2);
        stream.write_all(first)?;
        stream.flush()?;
        if page.broken > 0 {
            return Ok(());
        }
        if let Some(gate) = &page.gate {
            gate.pass();
        }
        stream.write_all(second)?;
        stream.flush()?;
        // Read until the client closes, so that the end of the body is not cut off by a reset.
        stream.shutdown(std::net::Shutdown::Write)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}
