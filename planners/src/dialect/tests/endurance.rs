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

#[test]
fn a_megabyte_is_read_soon() {
    let repeated = |piece: &str| piece.repeat((1 << 20) / piece.len());
    let mut texts: Vec<String> = SHARDS
        .iter()
        .chain(&PLANS)
        .map(|piece| repeated(piece))
        .collect();
    for pair in [
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
    ] {
        texts.push(repeated(pair));
        texts.push(format!("1. f(\"{}", repeated(pair)));
        texts.push(format!(
            "{{\"steps\":[{{\"id\":1,\"tool\":\"{}",
            repeated(pair)
        ));
    }
    let mut slowest = (Duration::ZERO, String::new());
    for text in texts {
        let start = Instant::now();
        let _ = read(&text, &tools());
        let took = start.elapsed();
        if took > Duration::from_millis(300) {
            println!(
                "XX {took:?} {:?}",
                text.chars().take(40).collect::<String>()
            );
        }
        if took > slowest.0 {
            slowest = (took, text.chars().take(40).collect());
        }
    }
    println!("slowest of a megabyte: {:?} for {:?}", slowest.0, slowest.1);
    // Without optimisation everything takes several times as long as in the product.
    let limit = if cfg!(debug_assertions) { 20 } else { 1 };
    assert!(slowest.0 < Duration::from_secs(limit), "{slowest:?}");
}

#[test]
fn a_megabyte_is_streamed_soon() {
    for line in [
        "x\n",
        "{\"a\": \"\n",
        "1. f(\"\n",
        "{\"id\":1,\"tool\":\"ocr\"}\n",
        "1. ocr(\"$1\")\n",
    ] {
        let text = line.repeat((1 << 18) / line.len());
        let tools = tools();
        let start = Instant::now();
        let mut reader = StreamReader::new(&tools);
        for piece in text.as_bytes().chunks(7) {
            reader.push(std::str::from_utf8(piece).unwrap());
        }
        let _ = reader.finish();
        println!("{line:?}: {:?}", start.elapsed());
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{line:?}: {:?}",
            start.elapsed()
        );
    }
}
