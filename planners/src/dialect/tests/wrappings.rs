//! What stands around plans.

use super::*;

const PLAN: &str = r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}}]}"#;

fn steps() -> Json {
    json!([["s1", "ocr", {"image": "$input1"}]])
}

#[test]
fn fences_prose_and_thoughts() {
    for text in [
        format!(
            "Here is the plan:\n```json\n{PLAN}\n```\nIt reads the sign (1. ocr(image) does it)."
        ),
        format!("```\n{PLAN}\n```"),
        format!("```json {PLAN}```"),
        format!("Sure [of course]! The plan {{as wished}} is {PLAN} - enjoy."),
        format!(
            "<think>\nMaybe {{\"steps\":[{{\"id\":\"x\",\"tool\":\"y\"}}]}}?\n</think>\n\n{PLAN}"
        ),
        format!("Maybe {{\"steps\":[]}}\n</think>\n{PLAN}"),
        format!("{{\"plan\": {PLAN}, \"confidence\": 1}}"),
        format!("plan = {PLAN}"),
        format!("Not this:\n```sh\nls -la\n```\nbut this:\n```json\n{PLAN}\n```"),
    ] {
        assert_reads(&text, Dialect::Json, steps());
    }
}

#[test]
fn the_last_of_several_plans_counts_if_it_is_complete() {
    let draft = PLAN.replace("ocr", "search");
    let text = format!("```json\n{draft}\n```\nNo, better:\n```json\n{PLAN}\n```");
    let reading = assert_reads(&text, Dialect::Json, steps());
    assert!(!reading.repairs.is_empty());
    let cut = format!("{PLAN}\nOr:\n{}", &draft[..40]);
    assert_reads(&cut, Dialect::Json, steps());
}

#[test]
fn steps_in_several_fences() {
    let text = "First:\n```json\n{\"id\":\"a\",\"tool\":\"ocr\",\"args\":{}}\n```\nthen\n```json\n{\"id\":\"b\",\"tool\":\"search\",\"args\":{}}\n{\"answer\":[\"$b\"]}\n```";
    let reading = assert_reads(
        text,
        Dialect::JsonLines,
        json!([["a", "ocr", {}], ["b", "search", {}]]),
    );
    assert_eq!(reading.draft.answer, Some(vec![json!("$b")]));
}

#[test]
fn tagged_calls() {
    let call = r#"{"name": "ocr", "arguments": {"image": "$input1"}}"#;
    for text in [
        format!("I read it.\n<tool_call>\n{call}\n</tool_call>"),
        // The closing tag shows that only a bracket is missing.
        format!("<tool_call>\n{}\n</tool_call>", &call[..call.len() - 1]),
        format!("<think>\n<tool_call>{{}}</tool_call>\n</think><tool_call>{call}</tool_call>"),
    ] {
        assert_reads(&text, Dialect::ToolCalls, steps());
    }
    let two = format!("<tool_call>{call}</tool_call>\n<tool_call>{call}</tool_call>");
    assert_eq!(read_with_tools(&two).draft.steps.len(), 2);
    let cut = format!("<tool_call>{call}</tool_call>\n<tool_call>{}", &call[..30]);
    let reading = read_with_tools(&cut);
    assert_eq!(outline(&reading), steps());
    assert!(reading.is_cut);
}

#[test]
fn a_thought_without_an_end_is_cut() {
    let reading = read_with_tools(&format!("<think>\n{PLAN}"));
    assert!(reading.is_cut);
    assert!(reading.draft.steps.is_empty());
    assert_eq!(reading.defects().len(), 1);
}

#[test]
fn other_dialects_in_fences() {
    assert_reads(
        "The plan:\n```\n1. ocr(\"$input1\")\n2. join()\n```\n",
        Dialect::LlmCompiler,
        steps(),
    );
    assert_reads(
        "```python\nx = ocr([{\"name\": \"a\", \"arguments\": 1}])\n```",
        Dialect::Python,
        json!([["x", "ocr", {"image": [{"name": "a", "arguments": 1}]}]]),
    );
}
