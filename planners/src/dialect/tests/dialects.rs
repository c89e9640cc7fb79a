//! The dialects, undamaged.

use medley_orchestrator::ToolCall;

use super::*;

#[test]
fn our_own_object() {
    let text = r#"{"steps":[
        {"id":"s1","tool":"ocr","args":{"image":"$input1"},"why":"the sign is text"},
        {"id":"s2","tool":"translation","args":{"text":"$s1.text","to":"fr"},"after":["s1"],"retry":2}],
        "answer":["$s2"]}"#;
    let reading = assert_reads(
        text,
        Dialect::Json,
        json!([["s1", "ocr", {"image": "$input1"}], ["s2", "translation", {"text": "$s1.text", "to": "fr"}]]),
    );
    assert_eq!(reading.draft, DraftPlan::from_json_text(text).unwrap());
    assert_eq!(reading.repairs, [""; 0]);
}

#[test]
fn what_we_write_ourselves_is_read_unchanged() {
    let draft = DraftPlan {
        steps: vec![
            DraftStep::new("s1", "ocr")
                .with("image", "$input1")
                .because("it costs $5, \"or\" ${more"),
            DraftStep::new("each", "translation")
                .with(
                    "text",
                    "$$s1 and ${s1.regions[0].text} {braces} 'quotes' // # \\ \n",
                )
                .with("to", json!({"a": [1, 2.5, true, ["$s1"]]})),
        ],
        answer: Some(vec![json!("$each"), json!("All: ${s1}")]),
        malformed: Vec::new(),
    };
    for text in [
        serde_json::to_string(&draft).unwrap(),
        serde_json::to_string_pretty(&draft).unwrap(),
    ] {
        let reading = read_with_tools(&text);
        assert_eq!(reading.draft, draft);
        assert_eq!(reading.repairs, [""; 0]);
    }
    let mut lines: Vec<String> = draft
        .steps
        .iter()
        .map(|step| serde_json::to_string(step).unwrap())
        .collect();
    lines.push(json!({"answer": draft.answer}).to_string());
    let reading = read_with_tools(&lines.join("\n"));
    assert_eq!(reading.draft, draft);
    assert_eq!(reading.dialect, Dialect::JsonLines);
}

#[test]
fn unknown_keys_of_our_own_form_are_defects() {
    let reading =
        read_with_tools(r#"{"steps":[{"id":"s1","tool":"ocr","args":3,"colour":"red"}],"mood":1}"#);
    assert_eq!(reading.draft.steps[0].unknown.len(), 1);
    assert_eq!(reading.defects().len(), 2, "{:?}", reading.defects());
}

#[test]
fn our_own_form_with_numbers_for_names() {
    assert_reads(
        r#"{"steps":[{"id":1,"tool":"ocr","args":["$input1"]},
            {"id":"2","name":"search","arguments":{"query":"about ${1} for $5"},"depends_on":[1]}],"answer":"$2"}"#,
        Dialect::Json,
        json!([["s1", "ocr", {"image": "$input1"}], ["s2", "search", {"query": "about ${s1} for $5"}]]),
    );
    let reading = read_with_tools(
        r#"{"steps":[{"id":1,"tool":"ocr"},{"id":2,"tool":"ocr","after":1}],"answer":"$2"}"#,
    );
    assert_eq!(reading.draft.answer, Some(vec![json!("$s2")]));
    assert_eq!(after(&reading.draft.steps), [vec![], vec!["s1".to_owned()]]);
}

#[test]
fn calls_that_arrive_as_calls() {
    let call = |id: &str, name: &str, arguments: &str| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    let calls = [
        call("call_1", "ocr", r#"{"image":"$input1"}"#),
        call("call-2", "search", r#"{"query":"signs",}"#),
        call("call_1", "search", ""),
    ];
    let reading = read_tool_calls(&calls, &tools());
    assert_eq!(reading.dialect, Dialect::ToolCalls);
    assert_eq!(
        outline(&reading),
        json!([["call_1", "ocr", {"image": "$input1"}], ["s2", "search", {"query": "signs"}], ["s3", "search", {}]])
    );
}

#[test]
fn calls_of_openai_and_llama_as_text() {
    assert_reads(
        r#"{"tool_calls":[{"id":"call_a","type":"function","function":{"name":"ocr","arguments":"{\"image\":\"$input1\"}"}}]}"#,
        Dialect::ToolCalls,
        json!([["call_a", "ocr", {"image": "$input1"}]]),
    );
    assert_reads(
        r#"[TOOL_CALLS] [{"name": "ocr", "parameters": {"image": "$input1"}}]"#,
        Dialect::ToolCalls,
        json!([["s1", "ocr", {"image": "$input1"}]]),
    );
}

#[test]
fn hugging_gpt() {
    let text = r#"[{"task": "image-captioning", "id": 0, "dep": [-1], "args": {"image": "/images/cat.jpg"}},
        {"task": "visual_question_answering", "id": 1, "dep": [0], "args": {"image": "<GENERATED>-0", "question": "is it worth $5?"}},
        {"task": "text-to-speech", "id": 2, "dep": [0, 1], "args": {"text": "It says <resource>-1."}}]"#;
    let reading = assert_reads(
        text,
        Dialect::HuggingGpt,
        json!([
            ["s0", "image_captioning", {"image": "/images/cat.jpg"}],
            ["s1", "visual_question_answering", {"image": "$s0", "question": "is it worth $$5?"}],
            ["s2", "text_to_speech", {"text": "It says ${s1}."}],
        ]),
    );
    assert_eq!(
        after(&reading.draft.steps),
        [vec![], vec![], vec!["s0".to_owned()]]
    );
}

#[test]
fn hugging_gpt_takes_several_results_at_once_and_may_find_nothing_to_do() {
    assert_reads(
        r#"[{"task":"ocr","id":3,"dep":[-1],"args":{"image":"<GENERATED>-1,<GENERATED>-2"}}]"#,
        Dialect::HuggingGpt,
        json!([["s3", "ocr", {"image": ["$s1", "$s2"]}]]),
    );
    assert_reads("[]", Dialect::HuggingGpt, json!([]));
}

#[test]
fn task_bench_with_tags() {
    let text = r#"{"task_steps": ["Step 1: make it talk", "Step 2: read it"],
        "task_nodes": [
            {"task": "text_to_speech", "arguments": ["<node-1>"]},
            {"task": "OCR", "arguments": [{"name": "image", "value": "example.jpg"}]}],
        "task_links": [{"source": "OCR", "target": "text_to_speech"}]}"#;
    let reading = assert_reads(
        text,
        Dialect::TaskBench,
        json!([["s0", "text_to_speech", {"text": "$s1"}], ["s1", "ocr", {"image": "example.jpg"}]]),
    );
    assert_eq!(after(&reading.draft.steps), [vec![""; 0], vec![]]);
    assert_eq!(
        reading.draft.steps[1].why.as_deref(),
        Some("Step 2: read it")
    );
}

#[test]
fn task_bench_with_links_alone() {
    let text = r#"{"task_nodes": [
            {"task": "Text Search", "arguments": ["bears"]},
            {"task": "Text Paraphraser", "arguments": ["output of Step 1"]},
            {"task": "Text-to-Video", "arguments": [{"text": "a bear for $5"}]}],
        "task_links": [["Text Search", "Text Paraphraser"], ["Text Paraphraser", "Text-to-Video"]]}"#;
    let reading = assert_reads(
        text,
        Dialect::TaskBench,
        json!([
            ["s0", "Text Search", {"arg1": "bears"}],
            ["s1", "Text Paraphraser", {"arg1": "$s0"}],
            ["s2", "Text-to-Video", {"text": "a bear for $$5"}],
        ]),
    );
    assert_eq!(
        after(&reading.draft.steps),
        [vec![], vec![], vec!["s1".to_owned()]]
    );
}

#[test]
fn task_bench_says_what_its_links_lack() {
    let text = r#"{"task_nodes": [{"task": "ocr", "arguments": null}, {"arguments": []}, {"task": "ocr"}],
        "task_links": [{"source": "ocr", "target": "Video Maker"}, {"targets": ["ocr"]}, {"source": "ocr", "target": "ocr"}]}"#;
    let reading = read_with_tools(text);
    assert_eq!(reading.defects().len(), 3, "{:#?}", reading.defects());
    assert_eq!(
        after(&reading.draft.steps),
        [vec![], vec![], vec!["s0".to_owned()]]
    );
}

#[test]
fn llm_compiler() {
    let text = "Thought: I need both.\n1. ocr(\"$input1\")\n2. search(\"${1} price in $5 notes, and $7\")\n\
        3. visual_question_answering($input1, question=\"is $1 in $2?\")\n4. join()<END_OF_PLAN>\n5. ocr(\"late\")";
    let reading = assert_reads(
        text,
        Dialect::LlmCompiler,
        json!([
            ["s1", "ocr", {"image": "$input1"}],
            ["s2", "search", {"query": "${s1} price in $$5 notes, and $$7"}],
            ["s3", "visual_question_answering", {"image": "$input1", "question": "is ${s1} in ${s2}?"}],
        ]),
    );
    assert_eq!(reading.draft.steps[0].why.as_deref(), Some("I need both."));
    assert_eq!(reading.draft.answer, None);
}

#[test]
fn llm_compiler_with_lists_fields_and_no_quotation_marks() {
    let reading = assert_reads(
        "1. search(Ronaldo's age)\n2. ocr([\"$1\", \"b\"])\n3. search(query=$1.items[0])\n4) search(\"$2\") # last\n$5 = ocr('$4')\n6. join($3, $5)",
        Dialect::LlmCompiler,
        json!([
            ["s1", "search", {"query": "Ronaldo's age"}],
            ["s2", "ocr", {"image": ["$s1", "b"]}],
            ["s3", "search", {"query": "$s1.items[0]"}],
            ["s4", "search", {"query": "$s2"}],
            ["s5", "ocr", {"image": "$s4"}],
        ]),
    );
    assert_eq!(reading.draft.answer, Some(vec![json!("$s3"), json!("$s5")]));
}

#[test]
fn vis_prog() {
    let reading = assert_reads(
        "Program:\nBOX0=LOC(image=IMAGE,object='people')\nANSWER0=COUNT(box=BOX0)\n\
         ANSWER1=EVAL(expr=\"'yes' if {ANSWER0} == 1 else '$5 {more}'\")\nFINAL_RESULT=RESULT(var=ANSWER1)",
        Dialect::VisProg,
        json!([
            ["BOX0", "LOC", {"image": "$input1", "object": "people"}],
            ["ANSWER0", "COUNT", {"box": "$BOX0"}],
            ["ANSWER1", "EVAL", {"expr": "'yes' if ${ANSWER0} == 1 else '$$5 {more}'"}],
        ]),
    );
    assert_eq!(reading.draft.answer, Some(vec![json!("$ANSWER1")]));
}

#[test]
fn python_without_running_it() {
    let reading = assert_reads(
        "import tools\n\nimage = input1\ntarget: str = 'fr'\nsign = tools.ocr(image)  # read it\n\
         sign = translation(text=sign.text, to=target)\nsound = text_to_speech(f\"On it: {sign}, {{$5}}\" + sign[0])\nprint(sign, sound)",
        Dialect::Python,
        json!([
            ["sign", "ocr", {"image": "$input1"}],
            ["sign_2", "translation", {"text": "$sign.text", "to": "fr"}],
            ["sound", "text_to_speech", {"text": "On it: ${sign_2}, {$$5}${sign_2[0]}"}],
        ]),
    );
    assert_eq!(
        reading.draft.answer,
        Some(vec![json!("$sign_2"), json!("$sound")])
    );
}

#[test]
fn nested_calls_are_steps_of_their_own() {
    assert_reads(
        "```python\ntext_to_speech(translation(ocr(input1).text, \"fr\"))\n```",
        Dialect::Python,
        json!([
            ["s1_in_in", "ocr", {"image": "$input1"}],
            ["s1_in", "translation", {"text": "$s1_in_in.text", "to": "fr"}],
            ["s1", "text_to_speech", {"text": "$s1_in"}],
        ]),
    );
}

#[test]
fn what_python_would_compute_is_a_defect() {
    let text = "x = ocr(input1)\nfor word in x:\n    y = search(word * 2)\nz = 1 / 0\nx.upper()\n";
    let reading = read_with_tools(text);
    let codes: Vec<String> = reading.defects().iter().map(ToString::to_string).collect();
    assert_eq!(codes.len(), 4, "{codes:#?}");
    assert!(reading.defects().iter().all(|defect| defect.hint.is_some()));
}

#[test]
fn react() {
    let reading = assert_reads(
        "Question: what is on it?\nThought: I should read it.\nAction: ocr\nAction Input: {\"image\": \"a $5 note.png\"}\n\
         Observation: STOP\nThought: I know.\nFinal Answer: STOP",
        Dialect::ReAct,
        json!([["s1", "ocr", {"image": "a $$5 note.png"}]]),
    );
    assert_eq!(
        reading.draft.steps[0].why.as_deref(),
        Some("I should read it.")
    );
    // The observation was made up, and so is the answer.
    assert_eq!(reading.final_text, None);
}

#[test]
fn inputs_of_actions() {
    for (input, arguments) in [
        (
            "image/a.png, what, exactly, is it?",
            json!({"image": "image/a.png", "question": "what, exactly, is it?"}),
        ),
        ("\"image/a.png\"", json!({"image": "image/a.png"})),
        (
            "image=image/a.png, question='is it, or not'",
            json!({"image": "image/a.png", "question": "is it, or not"}),
        ),
        (
            "{'image': 'a.png', 'question': None}",
            json!({"image": "a.png", "question": null}),
        ),
    ] {
        let text = format!(
            "Thought: Do I need to use a tool? Yes\nAction: Visual Question Answering\nAction Input: {input}"
        );
        assert_reads(
            &text,
            Dialect::ReAct,
            json!([["s1", "visual_question_answering", arguments]]),
        );
    }
    let text = "Action 1: Search[Colorado orogeny, eastern sector]\n";
    assert_reads(
        text,
        Dialect::ReAct,
        json!([["s1", "search", {"query": "Colorado orogeny, eastern sector"}]]),
    );
    let text = "Action: Edge Detection On Image\nAction Input: image/a.png, 3\n";
    assert_reads(
        text,
        Dialect::ReAct,
        json!([["s1", "Edge Detection On Image", {"arg1": "image/a.png", "arg2": "3"}]]),
    );
}

#[test]
fn final_answers() {
    for (text, answer) in [
        (
            "Thought: Do I need to use a tool? No\nAI: It is a cat.\nA black one.",
            "It is a cat.\nA black one.",
        ),
        (
            "Thought: I know.\n**Final Answer:** It is a cat.",
            "It is a cat.",
        ),
        ("Action 2: Finish[a cat]", "a cat"),
        (
            "```json\n{\"action\": \"Final Answer\", \"action_input\": \"a cat\"}\n```",
            "a cat",
        ),
    ] {
        let reading = assert_reads(text, Dialect::ReAct, json!([]));
        assert_eq!(reading.final_text.as_deref(), Some(answer));
    }
}

#[test]
fn actions_in_json() {
    for text in [
        "Thought: read\nAction:\n```json\n{\"action\": \"ocr\", \"action_input\": {\"image\": \"a.png\"}}\n```\n",
        "{\"action\": \"ocr\", \"action_input\": \"a.png\"}",
    ] {
        assert_reads(
            text,
            Dialect::ReAct,
            json!([["s1", "ocr", {"image": "a.png"}]]),
        );
    }
}

#[test]
fn prose_is_no_plan() {
    for text in [
        "",
        "I cannot help with that [1], see {that}.",
        "Sorry (really).",
        "{}",
        "1. Read the sign (it is text)",
    ] {
        let reading = read_with_tools(text);
        assert_eq!(reading.dialect, Dialect::Unknown, "{text}");
        assert_eq!(reading.defects().len(), 1, "{text}");
        assert!(reading.draft.steps.is_empty());
    }
}
