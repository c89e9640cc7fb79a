//! What servers send that OpenAI's documentation does not have, and what comes of it.

use medley_orchestrator::{ChatDelta, FinishReason, ToolCall, Usage};

use super::*;

async fn reply(items: &[&str]) -> ChatReply {
    reply_to(Script::events(items)).await.unwrap()
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    }
}

fn calls(calls: &str) -> String {
    format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":{calls}}}}}]}}"#)
}

// OpenAI, API reference, "The chat completion chunk object", with `include_usage`.
#[tokio::test]
async fn a_stream_as_documented_comes_whole_and_in_order() {
    let (deltas, error) = deltas_of(Script::events(&[
        r#"{"id":"r1","model":"little-2","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
        &text("Hel"),
        &text("lo"),
        FINISH,
        r#"{"id":"r1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
        "[DONE]",
    ]))
    .await;
    assert!(error.is_none(), "{error:?}");
    let text = |text: &str| ChatDelta::Text {
        text: text.to_owned(),
    };
    let usage = Usage {
        input_tokens: 5,
        output_tokens: 2,
        estimated: false,
    };
    let expected = [
        ChatDelta::Model {
            model: "little-2".to_owned(),
            id: Some("r1".to_owned()),
        },
        text("Hel"),
        text("lo"),
        ChatDelta::Usage { usage },
        ChatDelta::Finish {
            reason: FinishReason::Stop,
        },
    ];
    assert_eq!(deltas, expected);
}

// llama-cpp-python and older llama.cpp leave fields out or null.
#[tokio::test]
async fn absent_and_null_fields_are_the_same() {
    let reply = reply(&[
        r#"{"id":null,"model":null,"choices":null}"#,
        r#"{"choices":[{"delta":null}]}"#,
        r#"{"choices":[{"delta":{"role":null,"content":null,"tool_calls":null,"function_call":null,"refusal":null}}]}"#,
        r#"{"choices":[{"delta":{"content":"yes"},"logprobs":null}],"usage":null,"error":null}"#,
        r#"{"choices":[{"finish_reason":"stop"}]}"#,
        "[DONE]",
    ])
    .await;
    assert_eq!(reply.text, "yes");
    assert_eq!(reply.finish, Some(FinishReason::Stop));
    assert_eq!((reply.model, reply.usage), (None, None));
}

// OpenAI, function calling guide, "Streaming": id and name in a call's first delta.
#[tokio::test]
async fn calls_that_are_split_over_deltas_are_put_together() {
    let reply = reply(&[
        &calls(r#"[{"index":0,"id":"a","type":"function","function":{"name":"ocr","arguments":""}}]"#),
        &calls(r#"[{"index":0,"function":{"arguments":"{\"x\""}}]"#),
        &calls(r#"[{"index":1,"id":"b","type":"function","function":{"name":"ocr","arguments":"{}"}}]"#),
        &calls(r#"[{"index":0,"function":{"arguments":":1}"}}]"#),
        r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
    ])
    .await;
    let expected = [call("a", "ocr", r#"{"x":1}"#), call("b", "ocr", "{}")];
    assert_eq!(reply.tool_calls, expected);
    assert_eq!(reply.finish, Some(FinishReason::ToolCalls));
}

// NVIDIA NIM repeats the name in every piece, vLLM (pull request 31438) id and name in the last one.
#[tokio::test]
async fn ids_and_names_that_are_repeated_are_taken_once() {
    let reply = reply(&[
        &calls(r#"[{"index":0,"id":"a","function":{"name":"ocr","arguments":"{\"x\""}}]"#),
        &calls(r#"[{"index":0,"id":"a","function":{"name":"ocr","arguments":":1}"}}]"#),
    ])
    .await;
    assert_eq!(reply.tool_calls, [call("a", "ocr", r#"{"x":1}"#)]);
}

// Mistral and Gemini split long names; the pieces behind the first have an empty id, or none (AstrBot issue 6661).
#[tokio::test]
async fn names_may_be_split_and_ids_empty() {
    let reply = reply(&[
        &calls(r#"[{"index":0,"id":"a","function":{"name":"image_cap","arguments":""}}]"#),
        &calls(r#"[{"index":0,"id":"a","function":{"name":"tioning","arguments":"{"}}]"#),
        &calls(r#"[{"id":"","type":"","function":{"arguments":"}"}}]"#),
    ])
    .await;
    assert_eq!(reply.tool_calls, [call("a", "image_captioning", "{}")]);
}

// Gemini's compatible server numbers no calls (openai-python issue 2806), Ollama numbers all of them 0 (issue 15457).
#[tokio::test]
async fn whole_calls_are_told_apart_without_numbers() {
    let expected = [
        call("a", "ocr", r#"{"x":1}"#),
        call("b", "ocr", r#"{"x":2}"#),
    ];
    let in_one = calls(
        r#"[{"id":"a","function":{"name":"ocr","arguments":"{\"x\":1}"}},{"id":"b","function":{"name":"ocr","arguments":"{\"x\":2}"}}]"#,
    );
    assert_eq!(reply(&[&in_one]).await.tool_calls, expected);
    let same_number = [
        calls(r#"[{"index":0,"id":"a","function":{"name":"ocr","arguments":"{\"x\":1}"}}]"#),
        calls(r#"[{"index":0,"id":"b","function":{"name":"ocr","arguments":"{\"x\":2}"}}]"#),
    ];
    let found = reply(&[&same_number[0], &same_number[1]]).await;
    assert_eq!(found.tool_calls, expected);
}

// Ollama before 0.4.7 had no numbers (issue 7881), small servers have no ids either.
#[tokio::test]
async fn calls_without_numbers_and_ids_get_ids() {
    let reply = reply(&[
        &calls(r#"[{"function":{"name":"ocr","arguments":"{\"x\""}}]"#),
        &calls(r#"[{"function":{"name":"ocr","arguments":":1}"}}]"#),
        &calls(r#"[{"function":{"name":"ocr","arguments":"{}"}}]"#),
        &calls(r#"[{"function":{"name":"caption"}}]"#),
    ])
    .await;
    let expected = [
        call("call_0", "ocr", r#"{"x":1}"#),
        call("call_1", "ocr", "{}"),
        call("call_2", "caption", ""),
    ];
    assert_eq!(reply.tool_calls, expected);
}

// llama.cpp for a while (issue 20198), TGI (issue 2461): an object in place of a string.
#[tokio::test]
async fn arguments_may_be_an_object() {
    let reply = reply(&[&calls(
        r#"[{"index":0,"id":"a","function":{"name":"ocr","arguments":{"z":{"y":[1,"2"]},"a":null}}}]"#,
    )])
    .await;
    let expected = call("a", "ocr", r#"{"z":{"y":[1,"2"]},"a":null}"#);
    assert_eq!(reply.tool_calls, [expected]);
}

// OpenAI before November 2023, and llama-cpp-python still.
#[tokio::test]
async fn the_older_function_call_is_a_call() {
    let reply = reply(&[
        r#"{"choices":[{"delta":{"function_call":{"name":"ocr","arguments":"{"}}}]}"#,
        r#"{"choices":[{"delta":{"function_call":{"arguments":"}"}}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"function_call"}]}"#,
    ])
    .await;
    assert_eq!(reply.tool_calls, [call("call_0", "ocr", "{}")]);
    assert_eq!(reply.finish, Some(FinishReason::ToolCalls));
}

// vLLM, "Tool Calling": with a named tool the reason is `stop`; Gemini's compatible server says so for all calls.
#[tokio::test]
async fn a_stop_behind_a_call_means_the_call() {
    let reply = reply(&[
        &calls(r#"[{"index":0,"id":"a","function":{"name":"ocr","arguments":"{}"}}]"#),
        FINISH,
    ])
    .await;
    assert_eq!(reply.finish, Some(FinishReason::ToolCalls));
}

// vLLM with `continuous_usage_stats`, DeepSeek and xAI: usage in every chunk, growing.
#[tokio::test]
async fn the_last_usage_counts() {
    let usage = |tokens: u64| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":"x"}}}}],"usage":{{"prompt_tokens":3,"completion_tokens":{tokens}}}}}"#
        )
    };
    let (deltas, error) = deltas_of(Script::events(&[&usage(1), &usage(2), FINISH])).await;
    assert!(error.is_none(), "{error:?}");
    let found: Vec<u64> = deltas
        .iter()
        .filter_map(|delta| match delta {
            ChatDelta::Usage { usage } => Some(usage.output_tokens),
            _ => None,
        })
        .collect();
    assert_eq!(found, [2]);
}

// OpenRouter, "Streaming": comments while a provider is awaited. llama.cpp sends bare colons.
#[tokio::test]
async fn comments_that_keep_the_connection_alive_are_nothing() {
    let script = Script::stream()
        .chunk(": OPENROUTER PROCESSING\n\n")
        .chunk(":\n\n: OPENROUTER PROCESSING\n\n")
        .event(&text("a"))
        .chunk(": OPENROUTER PROCESSING\n\n")
        .event(&text("b"))
        .event("[DONE]")
        .end();
    assert_eq!(reply_to(script).await.unwrap().text, "ab");
}

// The HTML standard, "Server-sent events": every line end, no space needed, a mark at the beginning, several lines.
#[tokio::test]
async fn every_form_of_an_event_is_read() {
    let (a, b, c) = (text("a"), text("b"), text("c"));
    for body in [
        format!("data: {a}\r\n\r\ndata: {b}\r\n\r\ndata: {c}\r\n\r\ndata: [DONE]\r\n\r\n"),
        format!("data: {a}\r\rdata: {b}\r\rdata: {c}\r\r"),
        format!("data:{a}\n\ndata:{b}\n\ndata:{c}\n\ndata:[DONE]\n\n"),
        format!("\u{feff}data: {a}\n\nid: 7\nevent: message\nretry: 10\ndata: {b}\n\ndata: {c}"),
        format!(
            "data: {a}\n\ndata: {}\n\ndata: {c}\n\n",
            b.replace(":[{", ":\ndata: [{")
        ),
    ] {
        let whole = Script::stream().chunk(&body).end();
        assert_eq!(reply_to(whole).await.unwrap().text, "abc", "{body}");
        let bytes = body.bytes();
        let bytewise = bytes.fold(Script::stream(), |script, byte| script.chunk([byte]));
        let found = reply_to(bytewise.end()).await.unwrap();
        assert_eq!(found.text, "abc", "{body}");
    }
}

// Any server: TCP knows no characters.
#[tokio::test]
async fn characters_split_between_chunks_stay_whole() {
    let event = format!("data: {}\n\n", text("\u{e9}\u{4e2d}\u{1f600}"));
    let script = event
        .bytes()
        .fold(Script::stream(), |script, byte| script.chunk([byte]));
    let reply = reply_to(script.end()).await.unwrap();
    assert_eq!(reply.text, "\u{e9}\u{4e2d}\u{1f600}");
}

// OpenRouter, "Streaming", "Mid-stream errors"; vLLM with and without its envelope; Ollama.
#[tokio::test]
async fn an_error_in_the_stream_comes_behind_what_was_said() {
    for item in [
        r#"{"id":"r","error":{"code":"server_error","message":"provider gone"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
        r#"{"error":{"object":"error","message":"provider gone","type":"InternalServerError","param":null,"code":500}}"#,
        r#"{"object":"error","message":"provider gone","type":"InternalServerError","code":500}"#,
        r#"{"error":"provider gone"}"#,
    ] {
        let (deltas, error) = deltas_of(Script::events(&[&text("so"), item])).await;
        assert_eq!(deltas.len(), 1, "{deltas:?}");
        let error = error.unwrap();
        assert_kind(&error, ChatErrorKind::Transient);
        assert!(error.to_string().contains("provider gone"), "{error}");
    }
    let (_, error) = deltas_of(Script::events(&[
        &text("so"),
        r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#,
    ]))
    .await;
    assert_kind(&error.unwrap(), ChatErrorKind::Transient);
}

// llama-cpp-python with a function to call, and many small servers: `stream` is not known, one object comes.
#[tokio::test]
async fn a_reply_in_one_piece_is_a_reply() {
    let body = r#" {"id":"r","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"yes","reasoning_content":"hm","tool_calls":[{"id":"a","type":"function","function":{"name":"ocr","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    for mime in ["application/json", "text/event-stream", "text/plain"] {
        let reply = reply_to(Script::answer(200, mime, body)).await.unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.reasoning.as_str()),
            ("yes", "hm")
        );
        assert_eq!(reply.tool_calls, [call("a", "ocr", "{}")]);
        assert_eq!(reply.usage.unwrap().total(), 3);
        assert_eq!(reply.finish, Some(FinishReason::ToolCalls));
    }
}

// DeepSeek and llama.cpp: `reasoning_content`; OpenRouter and vLLM (pull request 27752): `reasoning`; gateways: both.
#[tokio::test]
async fn thoughts_are_told_from_text_and_come_once() {
    let reply = reply(&[
        r#"{"choices":[{"delta":{"reasoning_content":"a"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":"b"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning_content":"c","reasoning":"c"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":null,"content":"d"}}]}"#,
    ])
    .await;
    assert_eq!(
        (reply.reasoning.as_str(), reply.text.as_str()),
        ("abc", "d")
    );
}

// Mistral, "Reasoning": content is a list of parts, some of them thoughts.
#[tokio::test]
async fn content_may_be_parts() {
    let reply = reply(&[
        r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}}]}"#,
        r#"{"choices":[{"delta":{"content":[{"type":"text","text":"y"},{"type":"text","text":"es"}]}}]}"#,
    ])
    .await;
    assert_eq!(
        (reply.reasoning.as_str(), reply.text.as_str()),
        ("hm", "yes")
    );
}

// OpenAI, "Structured outputs", "Refusals".
#[tokio::test]
async fn a_refusal_is_said_and_marked() {
    let reply = reply(&[
        r#"{"choices":[{"delta":{"refusal":"I will not"}}]}"#,
        FINISH,
    ])
    .await;
    assert_eq!(reply.text, "I will not");
    assert_eq!(reply.finish, Some(FinishReason::Refused));
}

// TGI: `eos_token`; Anthropic's words through gateways: `end_turn`, `tool_use`; Mistral: `model_length`; Azure, Gemini.
#[tokio::test]
async fn reasons_to_stop_have_many_names() {
    for (word, reason) in [
        ("stop", FinishReason::Stop),
        ("eos", FinishReason::Stop),
        ("eos_token", FinishReason::Stop),
        ("end_turn", FinishReason::Stop),
        ("STOP", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("max_tokens", FinishReason::Length),
        ("model_length", FinishReason::Length),
        ("tool_use", FinishReason::ToolCalls),
        ("function_call", FinishReason::ToolCalls),
        ("content_filter", FinishReason::Refused),
        ("SAFETY", FinishReason::Refused),
    ] {
        let finish =
            format!(r#"{{"choices":[{{"delta":{{"content":"x"}},"finish_reason":"{word}"}}]}}"#);
        assert_eq!(reply(&[&finish]).await.finish, Some(reason), "{word}");
    }
}

// Azure: a first chunk without choices; ids that are numbers come from small servers; other choices were not asked for.
#[tokio::test]
async fn what_is_not_known_is_passed_over() {
    let reply = reply(&[
        r#"{"id":"","model":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#,
        r#"{"id":12,"model":"m","choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"yes"}}],"system_fingerprint":{}}"#,
        FINISH,
        "[DONE]",
        &text("behind the end"),
    ])
    .await;
    assert_eq!(reply.text, "yes");
    assert_eq!(
        (reply.model.as_deref(), reply.id.as_deref()),
        (Some("m"), Some("12"))
    );
}
