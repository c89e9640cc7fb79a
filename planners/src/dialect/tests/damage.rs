//! Damage of every kind, and plans that are cut off.

use super::*;

fn steps() -> Json {
    json!([["s1", "ocr", {"image": "$input1"}], ["s2", "translation", {"text": "$s1", "to": "fr"}]])
}

#[test]
fn json_that_is_nearly_json() {
    for text in [
        // Commas too many, single quotation marks, keys without any, Python's literals.
        r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1",},},{"id":"s2","tool":"translation","args":{"text":"$s1","to":"fr"},},],}"#,
        r#"{'steps':[{'id':'s1','tool':'ocr','args':{'image':'$input1'}},{'id':'s2','tool':'translation','args':{'text':'$s1','to':'fr'},'when':None}]}"#,
        r#"{steps:[{id:"s1",tool:ocr,args:{image:$input1}},{id:"s2",tool:"translation",args:{text:"$s1",to:fr}}]}"#,
        // Comments of three sorts.
        "{\"steps\":[ // first\n{\"id\":\"s1\",\"tool\":\"ocr\",\"args\":{\"image\":\"$input1\"}}, # then\n/* then } */{\"id\":\"s2\",\"tool\":\"translation\",\"args\":{\"text\":\"$s1\",\"to\":\"fr\"}}]}",
        // Smart quotation marks.
        "{“steps”:[{“id”:“s1”,“tool”:“ocr”,“args”:{“image”:“$input1”}},{“id”:“s2”,“tool”:“translation”,“args”:{“text”:“$s1”,“to”:‘fr’}}]}",
        // Brackets that are missing, too many or doubled.
        r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"},{"id":"s2","tool":"translation","args":{"text":"$s1","to":"fr"}}]}"#,
        r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}}},{"id":"s2","tool":"translation","args":{"text":"$s1","to":"fr"}]}"#,
        r#"{{"steps":[{{"id":"s1","tool":"ocr","args":{{"image":"$input1"}}}},{{"id":"s2","tool":"translation","args":{{"text":"$s1","to":"fr"}}}}]}}"#,
        // Commas that are missing, keys that stand twice, Markdown's escapes.
        "{\"steps\":[{\"id\":\"s1\" \"tool\":\"ocr\" \"args\":{\"image\":\"$input1\"}}\n{\"id\":\"s2\",\"tool\":\"translation\",\"args\":{\"text\":\"$s1\",\"to\":\"fr\"}}]}",
        r#"{"steps":[{"id":"s0","id":"s1","tool":"ocr","args":{"image":"$input1"}},{"id":"s2","tool":"translation","args":{"text":"x","text":"$s1","to":"fr"}}]}"#,
    ] {
        let reading = assert_reads(text, Dialect::Json, steps());
        assert!(!reading.repairs.is_empty(), "{text}");
    }
    assert_reads(
        r#"[{"task":"image\_captioning","id":0,"dep":[-1],"args":{"image":"a\_b.png"}}]"#,
        Dialect::HuggingGpt,
        json!([["s0", "image_captioning", {"image": "a_b.png"}]]),
    );
}

#[test]
fn text_that_is_nearly_text() {
    for (written, text) in [
        ("\"two\nlines\"", "two\nlines"),
        (r#""He said "no" and left""#, r#"He said "no" and left"#),
        ("'it's here'", "it's here"),
        (r#""tab\t \u00e9 \ud83d\ude00 \/ \\""#, "tab\t é 😀 / \\"),
        (r#""C:\data\x""#, r"C:\data\x"),
        (r#""""block "quoted" text""""#, r#"block "quoted" text"#),
        ("http://a.b/c?d=e#f", "http://a.b/c?d=e#f"),
        (r#""\u12""#, r"\u12"),
    ] {
        let text_of = |written: &str| {
            format!(r#"{{"steps":[{{"id":"s1","tool":"search","args":{{"query":{written}}}}}]}}"#)
        };
        assert_reads(
            &text_of(written),
            Dialect::Json,
            json!([["s1", "search", {"query": text}]]),
        );
    }
}

#[test]
fn what_is_cut_keeps_its_complete_steps() {
    let text = r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}},{"id":"s2","tool":"translation","args":{"text":"$s1","to":"fr"},"when":{"value":"$s1","is":"not_empty"}}],"answer":["$s2"]}"#;
    let whole = read_with_tools(text);
    let complete: Vec<usize> = text.match_indices("}}").map(|(at, _)| at + 2).collect();
    for at in 1..text.len() {
        let reading = read_with_tools(&text[..at]);
        let count = usize::from(at >= complete[0]) + usize::from(at >= complete[1]);
        assert_eq!(
            reading.draft.steps,
            whole.draft.steps[..count],
            "{}",
            &text[..at]
        );
        assert!(
            reading.is_cut || reading.dialect == Dialect::Unknown,
            "{}",
            &text[..at]
        );
    }
}

#[test]
fn every_dialect_can_be_cut() {
    for (text, steps) in [
        (
            r#"[{"task":"ocr","id":0,"dep":[-1],"args":{"image":"a"}},{"task":"search","id":1,"dep":[0],"args":{"query":"<GENERATED"#,
            1,
        ),
        (
            r#"{"task_steps":["a","b"],"task_nodes":[{"task":"ocr","arguments":["a"]},{"task":"search","arguments":["<node-0"#,
            1,
        ),
        ("1. ocr(\"a\")\n2. search(\"the $1 o", 1),
        ("A=OCR(image=IMAGE)\nB=SEARCH(query=", 1),
        ("Thought: x\nAction: ocr", 0),
        ("Thought: x\nAction: ocr\nAction Input: {\"image\": \"a", 0),
        ("{\"id\":\"a\",\"tool\":\"ocr\"}\n{\"id\":\"b\",\"to", 1),
    ] {
        let reading = read_with_tools(text);
        assert!(reading.is_cut, "{text}: {reading:#?}");
        assert_eq!(reading.draft.steps.len(), steps, "{text}: {reading:#?}");
    }
}

#[test]
fn a_call_without_its_bracket_ends_with_its_line() {
    assert_reads(
        "1. ocr(\"a\"\n2. search(\"$1\")\n",
        Dialect::LlmCompiler,
        json!([["s1", "ocr", {"image": "a"}], ["s2", "search", {"query": "$s1"}]]),
    );
}
