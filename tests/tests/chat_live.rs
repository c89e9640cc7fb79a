//! Conversations as they are watched: words as they come, and Ctrl-C in the middle of a turn.

#[path = "../../models/tests/support/chat_server.rs"]
mod chat_server;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ExitStatus, Stdio},
    sync::Arc,
};

use chat_server::{ChatServer, Script};
use medley_tests::{process, sample};
use tokio::{sync::Notify, task::spawn_blocking};

/// A chat with a person who writes a line at a time and sees what is said meanwhile.
struct Chat {
    child: Child,
    out: BufReader<Box<dyn Read + Send>>,
    said: BufReader<Box<dyn Read + Send>>,
}

impl Chat {
    fn start(home: &Path, url: &str, arguments: &[&str]) -> Self {
        let configuration = home.join("config.toml");
        let table = format!("[llm.desk]\nbase_url = \"{url}\"\nmodel = \"small\"\n");
        fs::write(&configuration, table).unwrap();
        let mut child = process(home)
            .args(["chat", "-v", "-o"])
            .arg(home.join("out"))
            .arg("--config")
            .arg(configuration)
            .arg("-a")
            .arg(sample("sign.png"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out: Box<dyn Read + Send> = Box::new(child.stdout.take().unwrap());
        let said: Box<dyn Read + Send> = Box::new(child.stderr.take().unwrap());
        Self {
            child,
            out: BufReader::new(out),
            said: BufReader::new(said),
        }
    }

    fn write(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Waits until these words were printed; gives all up to them.
    fn printed(&mut self, words: &str) -> String {
        let mut read = Vec::new();
        let mut byte = [0];
        while !read.ends_with(words.as_bytes()) {
            let count = self.out.read(&mut byte).unwrap();
            assert_eq!(count, 1, "{}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&byte);
        }
        String::from_utf8(read).unwrap()
    }

    /// Waits for a line of standard error that holds these words.
    #[cfg(unix)]
    fn told(&mut self, words: &str) {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            let count = self.said.read_line(&mut line).unwrap();
            assert_ne!(count, 0, "it is never said: {words}");
        }
    }

    /// Ends the conversation; gives what was printed and said since.
    fn end(mut self) -> (ExitStatus, String, String) {
        drop(self.child.stdin.take());
        let (mut out, mut said) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.said.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), out, said)
    }
}

const SIZE: &str = r#"{"id":"s1","tool":"image_info","args":{"image":"$input1"}}
"#;
const SIZE_ANSWER: &str = r#"{"answer":["$s1"]}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_shown_while_it_is_written_by_sentences_or_by_words() {
    for (flag, begins, shown) in [
        (None, "It is wide. And it", "It is wide."),
        // A word is whole when another begins.
        (
            Some("--no-correct"),
            "It is wide, and what",
            "It is wide, and",
        ),
    ] {
        let gate = Arc::new(Notify::new());
        let answer = Script::stream()
            .says(begins)
            .wait(&gate)
            .says(" is a sign.")
            .stops();
        let plan = format!("{SIZE}{SIZE_ANSWER}");
        let server = ChatServer::start([Script::saying(&plan), answer]).await;
        let home = tempfile::tempdir().unwrap();
        let arguments: Vec<&str> = flag.into_iter().collect();
        let mut chat = Chat::start(home.path(), &server.url(), &arguments);
        chat.write("how large is it?");
        let chat = spawn_blocking(move || {
            chat.printed(shown);
            chat
        });
        let chat = chat.await.unwrap();
        gate.notify_one();
        let (status, rest, said) = spawn_blocking(move || chat.end()).await.unwrap();
        assert!(status.success(), "{said}");
        let rest = format!("{shown}{rest}");
        let whole = format!("{begins} is a sign.");
        assert_eq!(rest.trim_end(), whole, "it is shown once: {said}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_the_turn_and_the_next_one_is_answered() {
    let closed = Arc::new(Notify::new());
    // The first step runs while the model is still to write the next; it never does.
    let server = ChatServer::start([
        Script::stream().says(SIZE).hold(&closed),
        Script::saying(
            "{\"id\":\"s1\",\"tool\":\"grayscale_image\",\"args\":{\"image\":\"$img1\"}}\n{\"answer\":[\"$s1\"]}\n",
        ),
        Script::saying("Here it is: [[s1]]\n"),
    ])
    .await;
    let home = tempfile::tempdir().unwrap();
    let mut chat = Chat::start(home.path(), &server.url(), &[]);
    chat.write("how large is it, and what does it say?");
    let chat = spawn_blocking(move || {
        chat.told("s1 image_info: done");
        let interrupt = std::process::Command::new("kill")
            .args(["-INT", &chat.child.id().to_string()])
            .status();
        assert!(interrupt.unwrap().success());
        chat.told("cancelled");
        chat
    });
    let mut chat = chat.await.unwrap();
    // Whoever asked the model does not wait for it any more.
    closed.notified().await;
    chat.write("make it grey");
    let (status, out, said) = spawn_blocking(move || chat.end()).await.unwrap();
    assert!(status.success(), "{out}\n{said}");
    assert!(out.contains("Here it is:"), "{out}");
    let path = out.lines().find_map(|line| line.strip_prefix("img2: "));
    let grey = image::open(path.unwrap_or_else(|| panic!("{out}\n{said}"))).unwrap();
    assert_eq!(
        grey.width(),
        image::open(sample("sign.png")).unwrap().width()
    );
    let received = server.received();
    assert_eq!(
        received.len(),
        3,
        "a plan that was stopped, one, and its answer"
    );
    assert!(
        received[1]
            .body
            .contains("- how large is it, and what does it say?"),
        "the session goes on: {}",
        received[1].body
    );
}
