//! Any text gives a reading, soon.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// One plan of each dialect.
const PLANS: [&str; 9] = [
    r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}},{"id":"s2","tool":"search","args":{"query":"${s1}"}}],"answer":["$s2"]}"#,
    "{\"id\":\"s1\",\"tool\":\"ocr\",\"args\":{\"image\":\"$input1\"}}\n{\"id\":2,\"tool\":\"search\",\"args\":{\"query\":\"${s1}\"}}\n{\"answer\":[\"$2\"]}\n",
    r#"[{"task":"ocr","id":0,"dep":[-1],"args":{"image":"a"}},{"task":"search","id":1,"dep":[0],"args":{"query":"<GENERATED>-0 $"}}]"#,
    r#"{"task_steps":["a","b"],"task_nodes":[{"task":"ocr","arguments":["<node-1>"]},{"task":"search","arguments":[{"name":"q","value":"output of ocr"}]}],"task_links":[{"source":"ocr","target":"search"}]}"#,
    "Thought: x\n1. ocr(\"$input1\")\n2. search(query=\"${1} $5\", n=[1, {'a': True}])\n3. join($2)<END_OF_PLAN>",
    "BOX0=LOC(image=IMAGE,object='people')\nANSWER0=EVAL(expr=\"{BOX0} > 1\")\nFINAL_RESULT=RESULT(var=ANSWER0)",
    "```python\nx: str = tools.ocr(input1)[0].text # é\ny = search(f\"{x} {{}}\" + x)\nprint(y)\n```",
    "Thought: x\nAction: ocr\nAction Input: {\"image\": 'a'}\nObservation: b\nFinal Answer: c",
    "<think>a</think>\n<tool_call>\n{\"name\": \"ocr\", \"arguments\": {\"image\": \"\\u00e9\"}}\n</tool_call>",
];

/// Text with which things can be broken.
const SHARDS: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    ",",
    ":",
    "\\",
    "\n",
    "$",
    "${",
    "<",
    "```",
    "\"\"\"",
    "//",
    "/*",
    "#",
    "é",
    "“",
    "=",
    "+",
    "1. a(",
    "x = f(",
    "Action:",
    "<node-",
    "<think>",
    "</think>",
    "<tool_call>",
    " ",
];

/// Pieces that lead on and on when they are repeated.
const ENDLESS: [&str; 31] = [
    "[{",
    "{\"",
    "{\"a\":",
    "f(",
    "x = f(\n",
    "1. f(\"\n",
    "[{\"a\": ",
    "((a b) ",
    "a[",
    "x = a[",
    "\" ",
    "{\"steps\":[",
    "${1} ",
    "<node-1>",
    "{a",
    "{\"a\" {",
    "f(x, ",
    "1. f(a b, ",
    "Action: a\n",
    "\\u",
    "'''",
    "```\n{",
    "{\"tool\":1}\n",
    "x = x + (\n",
    "x = x\n",
    "y = [x, x]\nx = [y, y]\n",
    "x\n",
    "{\"a\": \"\n",
    "{\"id\":1,\"tool\":\"ocr\"}\n",
    "1. ocr(\"$1\")\n",
    "Thought: a\n",
];

fn reads(text: &str) {
    let tools = tools();
    let start = Instant::now();
    let reading = read(text, &tools);
    let mut reader = StreamReader::new(&tools);
    let mut steps = Vec::new();
    let middle = (0..=text.len() / 2)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    steps.extend(reader.push(&text[..middle]));
    steps.extend(reader.push(&text[middle..]));
    let streamed = reader.finish();
    assert!(streamed.draft.steps.starts_with(&steps), "{text}");
    let is_explained = !reading.draft.steps.is_empty()
        || !reading.defects().is_empty()
        || reading.is_cut
        || reading.final_text.is_some()
        || reading.dialect != Dialect::Unknown;
    assert!(is_explained, "{text}");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}: {text}",
        start.elapsed()
    );
}

/// How many cases are tried; `PROPTEST_CASES` says otherwise.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        reads(&text);
    }

    #[test]
    fn any_shards_are_read(shards in prop::collection::vec(prop::sample::select(&SHARDS[..]), 0..60)) {
        reads(&shards.concat());
    }

    #[test]
    fn broken_plans_are_read(
        plan in prop::sample::select(&PLANS[..]),
        breaks in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..4, prop::sample::select(&SHARDS[..])), 1..6),
    ) {
        let mut text: Vec<char> = plan.chars().collect();
        for (place, kind, shard) in breaks {
            let at = place.index(text.len().max(1)).min(text.len());
            match kind {
                0 => text.truncate(at),
                1 if at < text.len() => { text.remove(at); }
                2 if at < text.len() => { let each = text[at]; text.insert(at, each); }
                _ => { text.splice(at..at, shard.chars()); }
            }
        }
        reads(&text.into_iter().collect::<String>());
    }
}

/// How long the texts are of which each must be read soon; `ENDURANCE_BYTES` says otherwise.
fn length() -> usize {
    let bytes = std::env::var("ENDURANCE_BYTES").ok();
    bytes
        .and_then(|bytes| bytes.parse().ok())
        .unwrap_or(1 << 15)
}

/// Texts that go on and on: in prose, in a string of a call, and in a string of a plan.
fn long_texts() -> impl Iterator<Item = String> {
    let pieces = SHARDS.iter().chain(&PLANS).chain(&ENDLESS);
    pieces.flat_map(|piece| {
        let text = piece.repeat(length() / piece.len());
        [
            format!("1. f(\"{text}"),
            format!("{{\"steps\":[{{\"id\":1,\"tool\":\"{text}"),
            text,
        ]
    })
}

/// Does it, within a second; without optimisation everything takes many times as long as in the product.
fn soon(text: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let took = start.elapsed();
    let limit = if cfg!(debug_assertions) { 20 } else { 1 };
    let beginning: String = text.chars().take(40).collect();
    assert!(
        took < Duration::from_secs(limit),
        "{took:?} for {beginning:?}"
    );
}

#[test]
fn long_texts_are_read_soon() {
    for text in long_texts() {
        soon(&text, || drop(read(&text, &tools())));
    }
}

#[test]
fn long_texts_are_streamed_soon() {
    let tools = tools();
    for text in long_texts() {
        let letters: Vec<char> = text.chars().collect();
        let pieces: Vec<String> = letters
            .chunks(7)
            .map(|piece| piece.iter().collect())
            .collect();
        soon(&text, || {
            let mut reader = StreamReader::new(&tools);
            for piece in &pieces {
                reader.push(piece);
            }
            drop(reader.finish());
        });
    }
}
