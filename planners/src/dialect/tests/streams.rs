//! Reading while the text arrives.

use super::*;

const LINES: &str = "<think>\nhm {\n</think>\nThe plan:\n```json\n{\"id\":\"s1\",\"tool\":\"ocr\",\"args\":{\"image\":\"é $input1\"}}\n{\n  \"id\": 2,\n  \"tool\": \"search\",\n  \"args\": {\"query\": \"${s1} \n 'x'\"},\n}\n\n{\"id\":\"s3\",\"tool\":\"search\",\"args\":{\"query\":\"$2\"}\n{\"answer\":[\"$s3\"]}\n```\nDone.";

const CALLS: &str = "Thought: é read it\n1. ocr(\"$input1\")\n2. search(query=\"the\n  ${1}\",\n)\nand then\n3. search(\"$2\"\n4. search(\"$3, $9\") # go\nThought: done\n5. join($4)<END_OF_PLAN>\nGood.";

/// Repairs are noted in the order in which they are made, which differs.
fn without_order(mut reading: Reading) -> Reading {
    reading.repairs.sort_unstable();
    reading
}

#[test]
fn every_split_gives_what_the_whole_gives() {
    for text in [LINES, CALLS, &CALLS[..90], &LINES[..150]] {
        let tools = tools();
        let whole = read(text, &tools);
        assert!(!whole.draft.steps.is_empty(), "{whole:#?}");
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let mut reader = StreamReader::new(&tools);
            let mut steps = reader.push(&text[..at]);
            steps.extend(reader.push(&text[at..]));
            let read = reader.finish();
            assert!(read.draft.steps.starts_with(&steps), "{at}");
            assert_eq!(without_order(read), without_order(whole.clone()), "{at}");
        }
        let mut reader = StreamReader::new(&tools);
        let steps: Vec<DraftStep> = text
            .chars()
            .flat_map(|each| reader.push(each.encode_utf8(&mut [0; 4])))
            .collect();
        let read = reader.finish();
        assert!(read.draft.steps.starts_with(&steps));
        assert_eq!(without_order(read), without_order(whole));
    }
}

#[test]
fn a_step_comes_with_the_end_of_its_line() {
    let tools = tools();
    for text in [LINES, CALLS] {
        let whole = read(text, &tools);
        let mut reader = StreamReader::new(&tools);
        let given: Vec<usize> = text
            .split_inclusive('\n')
            .map(|line| reader.push(line).len())
            .collect();
        assert_eq!(
            given.iter().sum::<usize>(),
            whole.draft.steps.len(),
            "{given:?}"
        );
        assert!(given.iter().all(|count| *count <= 2), "{given:?}");
    }
    let mut reader = StreamReader::new(&tools);
    assert_eq!(reader.push("1. ocr(\"a\")"), []);
    assert_eq!(reader.push("\n2. se").len(), 1);
    assert_eq!(reader.push("arch(\"$1\")\n").len(), 1);
}

#[test]
fn other_dialects_come_at_the_end() {
    let tools = tools();
    for text in [
        r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}}]}"#,
        "Thought: x\nAction: ocr\nAction Input: a.png\n",
        "x = ocr(input1)\n",
        "Nothing.\nAt all.",
        "<think>\n1. ocr(\"a\")\n",
    ] {
        let mut reader = StreamReader::new(&tools);
        let given: usize = text
            .split_inclusive('\n')
            .map(|line| reader.push(line).len())
            .sum();
        assert_eq!(given, 0, "{text}");
        assert_eq!(reader.finish(), read(text, &tools), "{text}");
    }
}
