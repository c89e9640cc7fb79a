//! What crosses arrives unchanged, and what cannot cross is said.

use serde_json::json;

use super::*;
use crate::{Artifact, Digest, Facts, Kind, Record, Value};

fn outcome_of(outputs: Record) -> Reply {
    Reply::Outcome {
        id: 7,
        outcome: StepOutcome::Done {
            provider: "builtin".to_owned(),
            outputs,
        },
    }
}

async fn across(message: &Reply) -> Reply {
    let line = encode(message).unwrap();
    decode(line).await.unwrap()
}

#[tokio::test]
async fn values_of_every_type_cross_unchanged() {
    let artifact = Artifact {
        id: Digest::of(b"bytes"),
        kind: Kind::Image,
        mime: "image/png".to_owned(),
        facts: Facts::picture(3, 4),
    };
    // The numbers are known to lose their last bit in parsers that are quick rather than exact.
    let message = outcome_of(Record::from([
        ("exact".to_owned(), Value::Number(31.245_270_191_439_438)),
        ("tiny".to_owned(), Value::Number(5e-324)),
        ("whole".to_owned(), Value::Number(2.0)),
        ("integer".to_owned(), Value::Integer(i64::MIN)),
        ("lines".to_owned(), Value::from("one\ntwo\u{2028}three")),
        (
            "list".to_owned(),
            Value::List(vec![Value::from(artifact), true.into()]),
        ),
    ]));
    assert_eq!(across(&message).await, message);
}

#[tokio::test]
async fn random_numbers_keep_every_bit() {
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    let mut numbers = Vec::new();
    while numbers.len() < 2_000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let number = f64::from_bits(bits);
        if number.is_finite() {
            numbers.push(Value::Number(number));
        }
    }
    let message = outcome_of(Record::from([("all".to_owned(), Value::List(numbers))]));
    assert_eq!(across(&message).await, message);
}

#[test]
fn the_messages_are_what_the_protocol_says() {
    let line = |message: &dyn Fn() -> Vec<u8>| -> serde_json::Value {
        serde_json::from_slice(&message()).unwrap()
    };
    assert_eq!(
        line(&|| encode(&Reply::Ready).unwrap()),
        json!({"type": "ready"})
    );
    assert_eq!(
        line(&|| encode(&Order::Cancel { id: 3 }).unwrap()),
        json!({"type": "cancel", "id": 3})
    );
    assert_eq!(
        line(&|| encode(&outcome_of(Record::new())).unwrap()),
        json!({"type": "outcome", "id": 7, "outcome": {"outcome": "done", "provider": "builtin", "outputs": {}}})
    );
}

#[tokio::test]
async fn a_malformed_message_still_says_which_call_it_is_about() {
    let failure =
        decode::<Reply>(br#"{"type":"outcome","id":9,"outcome":{"outcome":"?"}}"#.to_vec())
            .await
            .unwrap_err();
    assert_eq!(failure.id, Some(9));
    let failure = decode::<Reply>(b"Loading the model...".to_vec())
        .await
        .unwrap_err();
    assert_eq!(failure.id, None);
    assert_eq!(failure.excerpt, "Loading the model...");
}

#[test]
fn a_message_beyond_the_limit_is_refused() {
    let message = outcome_of(Record::from([(
        "text".to_owned(),
        Value::from("x".repeat(MESSAGE_LIMIT)),
    )]));
    assert!(matches!(encode(&message), Err(EncodeError::TooLarge)));
}

#[tokio::test]
async fn lines_are_read_up_to_the_limit_and_a_cut_one_is_none() {
    let mut input: &[u8] = b"one\n\ncut";
    assert_eq!(read_line(&mut input).await.unwrap(), Some(b"one".to_vec()));
    assert_eq!(read_line(&mut input).await.unwrap(), Some(Vec::new()));
    assert_eq!(read_line(&mut input).await.unwrap(), None);

    let endless = tokio::io::repeat(b'x');
    let failure = read_line(&mut tokio::io::BufReader::new(endless))
        .await
        .unwrap_err();
    assert_eq!(failure.kind(), io::ErrorKind::InvalidData);
    let failure = read_line_blocking(&mut io::BufReader::new(io::repeat(b'x'))).unwrap_err();
    assert_eq!(failure.kind(), io::ErrorKind::InvalidData);
}
