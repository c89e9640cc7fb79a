//! Conversations through the command, driven over standard input as a script does it.

#[path = "../../models/tests/support/chat_server.rs"]
mod chat_server;

use std::{fs, path::Path, process::Output};

use chat_server::{ChatServer, Script};
use medley_tests::{medley, sample, shared_home};

/// What a chat over these lines said.
struct Chat {
    output: Output,
}

impl Chat {
    /// Talks in a session of its own; files go to `folder`.
    fn over(folder: &Path, arguments: &[&str], lines: &[&str]) -> Self {
        Self::at(&shared_home(), folder, arguments, lines)
    }

    fn at(home: &Path, folder: &Path, arguments: &[&str], lines: &[&str]) -> Self {
        let output = medley(home)
            .arg("chat")
            .arg("-o")
            .arg(folder)
            .args(arguments)
            .write_stdin(lines.join("\n"))
            .output()
            .unwrap();
        Self { output }
    }

    fn out(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// The session's id, as it is said in the beginning.
    fn session(&self) -> String {
        let said = self.said();
        let line = said.lines().find_map(|line| line.strip_prefix("session "));
        let id = line.and_then(|line| line.split([',', ' ']).next());
        id.unwrap_or_else(|| panic!("no session in {said}"))
            .to_owned()
    }

    /// The file that was written for this name.
    fn file(&self, name: &str) -> image::DynamicImage {
        let out = self.out();
        let line = out
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        let path = line.unwrap_or_else(|| panic!("no {name} in {out}\n{}", self.said()));
        image::open(path).unwrap()
    }
}

fn attach(name: &str) -> String {
    format!("/attach {}", sample(name).display())
}

#[test]
fn later_turns_refer_to_what_was_there_and_a_later_process_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let first = Chat::over(
        folder.path(),
        &[],
        &[
            &attach("sign.png"),
            "read the sign",
            "say it out loud",
            "make it grey",
            "make it smaller",
            "/artifacts",
            "/plan",
        ],
    );
    let (out, said) = (first.out(), first.said());
    assert_eq!(first.code(), Some(0), "{out}\n{said}");
    assert!(out.contains("HARBOUR STREET"), "{out}");
    assert!(
        said.contains("img1: ") && said.contains("(text1)"),
        "{said}"
    );
    let row = |name: &str| {
        let row = out
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        row.unwrap_or_else(|| panic!("no {name} in {out}"))
            .to_owned()
    };
    assert!(row("img1").contains("sign.png"), "{out}");
    assert!(row("text1").contains("ocr of img1"), "{out}");
    assert!(row("voice1").contains("text_to_speech of text1"), "{out}");
    assert!(row("img2").contains("grayscale_image of img1"), "{out}");
    assert!(row("img3").contains("resize_image of img2"), "{out}");
    assert!(
        out.contains("resize_image  image=$img2"),
        "the plan is drawn: {out}"
    );
    let (grey, small) = (first.file("img2"), first.file("img3"));
    assert!(small.width() < grey.width());
    let pixels = small.to_rgb8();
    assert!(
        pixels
            .pixels()
            .all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2])
    );

    let session = first.session();
    let second = Chat::over(
        folder.path(),
        &["--resume", &session[..13]],
        &[
            "flip img1 horizontally",
            "boil an egg",
            "now make the first picture 100 pixels wide",
        ],
    );
    let (out, said) = (second.out(), second.said());
    assert_eq!(
        second.code(),
        Some(0),
        "the last turn counts: {out}\n{said}"
    );
    assert!(said.contains("4 turns so far"), "{said}");
    assert!(said.contains("sorry: "), "no egg is boiled: {said}");
    let flipped = second.file("img4").to_rgb8();
    let sign = image::open(sample("sign.png")).unwrap();
    assert_eq!(flipped.dimensions(), (sign.width(), sign.height()));
    assert!(
        flipped == sign.fliph().to_rgb8(),
        "the colours are there: it is img1"
    );
    assert_eq!(second.file("img5").width(), 100);

    let resumed = Chat::over(folder.path(), &["--resume", &session], &["/plan"]);
    let out = resumed.out();
    assert!(
        out.contains("resize_image  image=$img1"),
        "the last plan is known: {out}"
    );

    let listed = medley(&shared_home())
        .args(["chat", "--list"])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let line = listed.lines().find(|line| line.starts_with(&session));
    assert!(line.unwrap().contains("read the sign"), "{listed}");
}

#[test]
fn what_was_done_last_is_done_again_in_another_language() {
    let folder = tempfile::tempdir().unwrap();
    let sign = sample("sign.png");
    let chat = Chat::over(
        folder.path(),
        &["-a", sign.to_str().unwrap()],
        &["read it and say it out loud", "now in German", "/plan"],
    );
    let out = chat.out();
    assert_eq!(chat.code(), Some(0), "{out}\n{}", chat.said());
    assert!(out.contains("voice2: "), "{out}");
    assert!(
        out.contains("language=\"de\"") || out.contains("language=de"),
        "{out}"
    );
}

#[test]
fn an_ambiguous_reference_is_asked_about_and_the_next_line_may_answer() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        &attach("sign.png"),
        &attach("photo.jpg"),
        "how big are they?",
        "make the picture grey",
    ];
    let waiting = Chat::over(folder.path(), &[], &lines);
    let said = waiting.said();
    assert_eq!(waiting.code(), Some(4), "{said}");
    assert!(
        said.contains("img1 (sign.png) or img2 (photo.jpg)?"),
        "{said}"
    );

    // The question is there in another process too, and its answer goes on with the very turn.
    let session = waiting.session();
    let answered = Chat::over(folder.path(), &["--resume", &session], &["the second one"]);
    let said = answered.said();
    assert_eq!(answered.code(), Some(0), "{said}");
    assert!(
        said.contains("img1 (sign.png) or img2 (photo.jpg)?"),
        "{said}"
    );
    let photo = image::open(sample("photo.jpg")).unwrap();
    assert_eq!(answered.file("img3").width(), photo.width());

    // Another request leaves the question alone.
    let left = Chat::over(
        folder.path(),
        &[],
        &[
            lines[0],
            lines[1],
            lines[2],
            lines[3],
            "make img1 100 pixels wide",
        ],
    );
    assert_eq!(left.code(), Some(0), "{}", left.said());
    assert_eq!(left.file("img3").width(), 100);
}

#[test]
fn an_ambiguous_request_can_be_answered_as_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        &attach("sign.png"),
        &attach("photo.jpg"),
        "how big are they?",
        "make the picture grey",
    ];
    let waiting = Chat::at(&shared_home(), folder.path(), &[], &lines);
    assert_eq!(waiting.code(), Some(4), "{}", waiting.said());
    let journal = medley(&shared_home())
        .args(["runs", "list", "--json", "-n", "200"])
        .output()
        .unwrap();
    let runs: serde_json::Value = serde_json::from_slice(&journal.stdout).unwrap();
    let runs = runs.as_array().unwrap();
    let session = waiting.session();
    let run = runs
        .iter()
        .find(|run| run["session"] == session.as_str() && run["status"] == "waiting")
        .unwrap();
    let answer = |value: &str| {
        medley(&shared_home())
            .args(["runs", "answer", run["id"].as_str().unwrap()])
            .args(["request.1.clarify", value, "--json", "-q", "-o"])
            .arg(folder.path())
            .output()
            .unwrap()
    };
    assert_eq!(
        answer("img7").status.code(),
        Some(2),
        "it is none of the choices"
    );
    let output = answer("img1");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["status"], "succeeded", "{result:#}");
}

#[test]
fn effects_are_denied_where_nobody_can_be_asked_and_the_chat_ends_with_four() {
    let home = tempfile::tempdir().unwrap();
    let configuration = home.path().join("config.toml");
    fs::write(&configuration, "[policy]\npure = \"ask\"\n").unwrap();
    let sign = sample("sign.png");
    let arguments = [
        "--config",
        configuration.to_str().unwrap(),
        "--home",
        &shared_home().display().to_string(),
        "-a",
        sign.to_str().unwrap(),
    ];
    let chat = Chat::over(
        &home.path().join("out"),
        &arguments,
        // What is known already is nothing that is done, so that it is asked for what no other test does.
        &["rotate it by 17 degrees", "/artifacts"],
    );
    let said = chat.said();
    assert_eq!(chat.code(), Some(4), "{said}");
    assert!(said.contains("may not run"), "{said}");
    assert!(
        !chat.out().contains("img1"),
        "nothing is read any more: {}",
        chat.out()
    );
}

#[test]
fn what_is_said_to_the_chat_itself_is_told_from_requests() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let spaced = home.path().join("my sign.png");
    fs::copy(sample("sign.png"), &spaced).unwrap();
    let quoted = format!("/attach '{}' /no/such/file", spaced.display());
    let chat = Chat::at(
        home.path(),
        &out,
        &[],
        &[
            "/help",
            "/artifacts",
            "/plan",
            "/art",
            &quoted,
            "/artifacts",
            "/continue",
        ],
    );
    let (out, said) = (chat.out(), chat.said());
    assert_eq!(chat.code(), Some(2), "{said}");
    assert!(
        out.contains("/attach FILE...") && out.contains("nothing yet"),
        "{out}"
    );
    assert!(
        out.contains("img1  image 640x") || out.contains("img1  image "),
        "{out}"
    );
    assert!(
        out.contains("my sign.png, comes with the next request"),
        "{out}"
    );
    for words in [
        "nothing was planned yet",
        "did you mean /artifacts?",
        "there is no file /no/such/file",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let quit = Chat::at(
        home.path(),
        &home.path().join("out"),
        &[],
        &["/quit", "/help"],
    );
    assert_eq!((quit.code(), quit.out().as_str()), (Some(0), ""));
    for (arguments, code) in [(&["--resume", "none"][..], 2), (&["--resume"], 2)] {
        let none = Chat::at(home.path(), &home.path().join("out"), arguments, &[]);
        assert_eq!(none.code(), Some(code), "{}", none.said());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_model_refers_to_files_of_the_session_and_may_ask_which() {
    let server = ChatServer::start([
        Script::saying("{\"id\":\"s1\",\"tool\":\"grayscale_image\",\"args\":{\"image\":\"$input1\"}}\n{\"answer\":[\"$s1\"]}\n"),
        Script::saying("Here it is: [[s1]]\n"),
        Script::saying("{\"ask\":\"Which picture do you mean?\",\"choices\":[\"img1\",\"img2\"]}\n"),
        Script::saying("{\"id\":\"s1\",\"tool\":\"resize_image\",\"args\":{\"image\":\"$img2\",\"width\":64}}\n{\"answer\":[\"$s1\"]}\n"),
        Script::saying("It is smaller now: [[s1]]\n"),
    ])
    .await;
    let home = tempfile::tempdir().unwrap();
    let configuration = home.path().join("config.toml");
    let tables = format!(
        "[llm.desk]\nbase_url = \"{}\"\nmodel = \"small\"\n",
        server.url()
    );
    fs::write(&configuration, tables).unwrap();
    let folder = home.path().to_owned();
    let chat = tokio::task::spawn_blocking(move || {
        let sign = sample("sign.png");
        let arguments = [
            "--config",
            configuration.to_str().unwrap(),
            "-a",
            sign.to_str().unwrap(),
        ];
        // What is asked is said again where somebody wants to go on.
        let lines = ["a grey one, please", "64 pixels wide", "/continue", "2"];
        Chat::at(&folder, &folder.join("out"), &arguments, &lines)
    })
    .await
    .unwrap();
    let said = chat.said();
    assert_eq!(chat.code(), Some(0), "{said}");
    assert_eq!(
        said.matches("Which picture do you mean?").count(),
        2,
        "{said}"
    );
    assert!(said.contains("2 img2"), "{said}");
    assert_eq!(chat.file("img3").width(), 64);
    let received = server.received();
    assert_eq!(received.len(), 5, "two plans, two answers and a question");
    assert!(
        !received[0].body.contains("from before"),
        "there was nothing before"
    );
    for words in [
        "- a grey one, please",
        "$img2: image, from grayscale_image of img1",
    ] {
        assert!(received[2].body.contains(words), "{}", received[2].body);
    }
    assert!(
        received[3].body.contains("the person answered: img2"),
        "{}",
        received[3].body
    );
}
