//! What makes two calls the same call: their identity is a digest, and the same identity gives the same result.
//!
//! Into it go the capability, the provider with its revision and environment, the canonical arguments with artifacts by
//! digest and kind, and the seed where one is used. What an artifact is called or measured to be does not count.

use crate::{Determinism, Digest, Effects, Profile, Record, Step, Value};

/// The identity of a call, if its result may be used again.
pub(super) fn identity(
    step: &Step,
    provider: &Profile,
    arguments: &Record,
    seed: u64,
) -> Option<Digest> {
    let seed = match provider.determinism {
        Determinism::Deterministic => 0,
        Determinism::Seeded => seed,
        Determinism::Recorded | Determinism::Volatile => return None,
    };
    // What changes the world must happen each time that it is asked for.
    if provider.effects == Effects::Writes {
        return None;
    }
    let mut canonical = Vec::with_capacity(256);
    text(&mut canonical, &step.capability);
    canonical.extend(step.version.to_le_bytes());
    text(&mut canonical, &provider.id);
    text(&mut canonical, &provider.revision);
    canonical.extend(seed.to_le_bytes());
    record(&mut canonical, arguments);
    Some(Digest::of(&canonical))
}

/// The seed of everything random in a call: the same for the same step of the same plan, in every run.
pub(super) fn seed_of(run_seed: u64, key: &str) -> u64 {
    let mut text = Vec::with_capacity(8 + key.len());
    text.extend(run_seed.to_le_bytes());
    text.extend(key.as_bytes());
    let mut seed = [0; 8];
    seed.copy_from_slice(&Digest::of(&text).as_bytes()[..8]);
    u64::from_le_bytes(seed)
}

fn text(canonical: &mut Vec<u8>, text: &str) {
    canonical.extend((text.len() as u64).to_le_bytes());
    canonical.extend(text.as_bytes());
}

fn record(canonical: &mut Vec<u8>, fields: &Record) {
    canonical.extend((fields.len() as u64).to_le_bytes());
    for (name, field) in fields {
        text(canonical, name);
        value(canonical, field);
    }
}

/// Each sort of value behind a tag of its own, so that no two values share their bytes.
fn value(canonical: &mut Vec<u8>, of: &Value) {
    match of {
        Value::String(words) => {
            canonical.push(b's');
            text(canonical, words);
        }
        Value::Integer(number) => {
            canonical.push(b'i');
            canonical.extend(number.to_le_bytes());
        }
        Value::Number(number) => {
            canonical.push(b'n');
            canonical.extend(number.to_bits().to_le_bytes());
        }
        Value::Boolean(truth) => canonical.extend([b'b', u8::from(*truth)]),
        Value::List(items) => {
            canonical.push(b'l');
            canonical.extend((items.len() as u64).to_le_bytes());
            for item in items {
                value(canonical, item);
            }
        }
        Value::Record(fields) => {
            canonical.push(b'r');
            record(canonical, fields);
        }
        Value::Artifact(artifact) => {
            canonical.push(b'a');
            text(canonical, artifact.kind.name());
            canonical.extend(artifact.id.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Artifact, Facts, Kind};

    fn bytes(of: &Value) -> Vec<u8> {
        let mut canonical = Vec::new();
        value(&mut canonical, of);
        canonical
    }

    #[test]
    fn values_that_differ_have_different_bytes() {
        let artifact = |kind, content: &[u8], mime: &str| {
            Value::from(Artifact {
                id: Digest::of(content),
                kind,
                mime: mime.to_owned(),
                facts: Facts::default(),
            })
        };
        let list = |items: &[&str]| Value::List(items.iter().map(|&item| item.into()).collect());
        let different = [
            Value::from("1"),
            Value::Integer(1),
            Value::Number(1.0),
            Value::Boolean(true),
            list(&["1"]),
            list(&["1", ""]),
            list(&["", "1"]),
            Value::Record([("1".to_owned(), "".into())].into()),
            Value::Record([("".to_owned(), "1".into())].into()),
            artifact(Kind::Text, b"x", ""),
            artifact(Kind::Json, b"x", ""),
            artifact(Kind::Text, b"y", ""),
        ];
        for (at, one) in different.iter().enumerate() {
            for other in &different[at + 1..] {
                assert_ne!(bytes(one), bytes(other), "{one:?} {other:?}");
            }
        }
        assert_eq!(
            bytes(&artifact(Kind::Text, b"x", "text/plain")),
            bytes(&artifact(Kind::Text, b"x", "text/html")),
        );
    }

    #[test]
    fn seeds_differ_by_step_and_by_run_seed_and_not_by_run() {
        assert_eq!(seed_of(0, "s1"), seed_of(0, "s1"));
        assert_ne!(seed_of(0, "s1"), seed_of(0, "s2"));
        assert_ne!(seed_of(0, "s1"), seed_of(1, "s1"));
    }
}
