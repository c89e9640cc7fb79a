//! Files that cannot be used, and what is said of them.

use candle_core::quantized::gguf_file;
use medley_orchestrator::{ChatError, ChatErrorKind};

use super::*;
use crate::families::gguf::source;

fn error(path: &std::path::Path) -> ChatError {
    match Header::read(path, "tiny", usize::MAX) {
        Err(error) => error.into(),
        Ok(header) => {
            let mut metadata = Metadata::open(path).unwrap();
            let problem = Network::load(&mut metadata, &header.shape).err().unwrap();
            problem.at(path).into()
        }
    }
}

fn write(name: &str, metadata: &[(&str, gguf_file::Value)]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    gguf_file::write(&mut std::fs::File::create(&path).unwrap(), &metadata, &[]).unwrap();
    (directory, path)
}

fn text(value: &str) -> gguf_file::Value {
    gguf_file::Value::String(value.to_owned())
}

#[test]
fn a_file_that_breaks_off_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cut.gguf");
    let whole = std::fs::read(file("llama-f32.gguf")).unwrap();
    for length in [3, 200, 8_000, whole.len() / 2, whole.len() - 40] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = error(&path);
        assert_eq!(error.kind, ChatErrorKind::Malformed, "{length}: {error}");
        assert!(error.message.contains("cut.gguf"), "{error}");
        assert!(error.hint.unwrap().contains("fetch"), "{length}");
    }
}

#[test]
fn a_text_is_no_model() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.gguf");
    std::fs::write(&path, "these are notes, and not a model").unwrap();
    let error = error(&path);
    assert!(error.message.contains("not a whole GGUF file"), "{error}");
}

#[test]
fn an_unknown_architecture_is_told_with_those_that_run() {
    let (_directory, path) = write("other.gguf", &[("general.architecture", text("mamba"))]);
    let error = error(&path);
    assert_eq!(error.kind, ChatErrorKind::Unsupported);
    assert!(error.message.contains("'mamba'"), "{error}");
    assert!(error.message.contains("llama, qwen2, qwen3"), "{error}");
}

#[test]
fn what_the_header_lacks_is_named() {
    let (_directory, path) = write("bare.gguf", &[("general.architecture", text("qwen2"))]);
    let error_text = error(&path).message;
    assert!(
        error_text.contains("qwen2.embedding_length"),
        "{error_text}"
    );
    let (_directory, path) = write("nothing.gguf", &[]);
    let error_text = error(&path).message;
    assert!(error_text.contains("general.architecture"), "{error_text}");
}

#[test]
fn a_directory_must_hold_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let absent = source::locate(&directory.path().join("absent"))
        .err()
        .unwrap();
    assert!(absent.to_string().contains("no such file"), "{absent}");
    let none = source::locate(directory.path()).err().unwrap();
    assert!(none.to_string().contains("0 GGUF files"), "{none}");
    let one = directory.path().join("one.gguf");
    std::fs::write(&one, "").unwrap();
    assert_eq!(source::locate(directory.path()).unwrap(), one);
    assert_eq!(source::locate(&one).unwrap(), one);
    std::fs::write(directory.path().join("two.GGUF"), "").unwrap();
    let two = source::locate(directory.path()).err().unwrap();
    assert!(two.to_string().contains("2 GGUF files"), "{two}");
}
