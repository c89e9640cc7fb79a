use std::{env, path::Path};

use super::*;
use crate::{Models, ModelsOptions, families::speech::SpeechFiles};

/// The library of the asset, from the home that all test runs share.
pub(crate) fn files() -> SpeechFiles {
    let home = env::var_os("MEDLEY_TEST_HOME").map_or_else(
        || {
            let executable = env::current_exe().unwrap();
            let mut folders = executable.ancestors();
            let target = folders.find(|path| path.ends_with("target")).unwrap();
            target.join("medley-test-home")
        },
        PathBuf::from,
    );
    let options = ModelsOptions {
        home: Some(home),
        ..ModelsOptions::default()
    };
    let models = Models::open(options).unwrap();
    SpeechFiles::of_asset(&models, &CancellationToken::new()).unwrap()
}

fn espeak() -> Espeak {
    let files = files();
    Espeak::new(files.library, files.data)
}

fn utterance<'a>(voice: &'a str, text: &'a str) -> Utterance<'a> {
    Utterance {
        text,
        voice,
        variant: None,
        words_per_minute: NORMAL_WORDS_PER_MINUTE,
        pitch: NORMAL_PITCH,
    }
}

fn speak(utterance: &Utterance<'_>) -> Vec<i16> {
    espeak()
        .synthesise(utterance, &CancellationToken::new())
        .unwrap()
}

#[test]
fn the_library_says_what_it_can_speak() {
    let description = espeak().describe().unwrap();
    assert!(description.version.starts_with("1.5"), "{description:?}");
    assert_eq!(description.sample_rate, 22_050);
    let voice = |identifier: &str| {
        let mut voices = description.voices.iter();
        voices.find(|voice| voice.identifier == identifier)
    };
    assert_eq!(voice("gmw/de").unwrap().name, "German");
    assert_eq!(voice("gmw/de").unwrap().languages, [(5, "de".to_owned())]);
    assert!(voice("sit/cmn").is_some());
    let mut variants = description.variants.iter().map(Voice::variant_name);
    assert!(variants.any(|name| name == "f2"));
}

#[test]
fn the_same_words_give_the_same_samples_whatever_was_said_before() {
    let words = utterance("gmw/de", "Guten Morgen, wie geht es Ihnen?");
    let breathy = Utterance {
        variant: Some("whisper"),
        ..words
    };
    let [first, first_breathy] = [speak(&words), speak(&breathy)];
    speak(&utterance("sit/cmn", "你好，世界。"));
    assert_eq!(speak(&words), first);
    assert_eq!(speak(&breathy), first_breathy);
    assert_ne!(first, first_breathy);
}

#[test]
fn threads_take_turns() {
    let texts = ["One two three.", "Four five six.", "Seven eight nine."];
    let alone = texts.map(|text| speak(&utterance("gmw/en-US", text)));
    let together: Vec<Vec<i16>> = std::thread::scope(|scope| {
        let threads = texts.map(|text| scope.spawn(move || speak(&utterance("gmw/en-US", text))));
        threads.map(|thread| thread.join().unwrap()).into()
    });
    assert_eq!(together, alone);
}

#[test]
fn a_voice_that_is_not_there_is_an_error_and_not_another_voice() {
    for (voice, variant) in [
        ("zh", None),
        ("gmw/klingon", None),
        ("gmw/de", Some("nobody")),
        ("gmw/de\0", None),
    ] {
        let words = Utterance {
            variant,
            ..utterance(voice, "hello")
        };
        let result = espeak().synthesise(&words, &CancellationToken::new());
        assert!(
            matches!(result, Err(EspeakError::VoiceRefused { .. })),
            "{voice} {variant:?}: {result:?}"
        );
    }
}

#[test]
fn text_cannot_command_the_library() {
    // Ctrl-A and a number would change the pitch, markup the voice, brackets are phonemes in some programs.
    let plain_text = speak(&utterance("gmw/en-US", "hello 99 P"));
    let command = speak(&utterance("gmw/en-US", "hello\u{1}99P"));
    assert_ne!(
        plain_text.len(),
        speak(&utterance("gmw/en-US", "hello")).len()
    );
    assert_eq!(command, speak(&utterance("gmw/en-US", "hello 99P")));
    let nul = speak(&utterance("gmw/en-US", "one\0two"));
    assert_eq!(nul, speak(&utterance("gmw/en-US", "one two")));
}

#[test]
fn a_cancelled_call_stops_early() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let result = espeak().synthesise(&utterance("gmw/en-US", "hello"), &cancel);
    assert!(matches!(result, Err(EspeakError::Cancelled)), "{result:?}");

    let cancel = CancellationToken::new();
    let text = "A long text that takes a while. ".repeat(3_000);
    let result = std::thread::scope(|scope| {
        let speaking = scope.spawn(|| espeak().synthesise(&utterance("gmw/en-US", &text), &cancel));
        cancel.cancel();
        speaking.join().unwrap()
    });
    assert!(matches!(result, Err(EspeakError::Cancelled)), "{result:?}");
}

#[test]
fn what_cannot_be_loaded_is_named() {
    let files = files();
    let missing = Espeak::new("/nowhere/libespeak-ng.so", files.data.clone()).describe();
    assert!(
        matches!(missing, Err(EspeakError::Load { .. })),
        "{missing:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    let empty = Espeak::new(&files.library, Some(folder.path().to_owned())).describe();
    assert!(matches!(empty, Err(EspeakError::Data { .. })), "{empty:?}");

    let deep = folder.path().join("x".repeat(140));
    let deep = Espeak::new(&files.library, Some(deep)).describe();
    assert!(
        matches!(deep, Err(EspeakError::PathTooLong { .. })),
        "{deep:?}"
    );

    let no_library = folder.path().join("library.so");
    std::fs::write(&no_library, b"not a library").unwrap();
    let error = Espeak::new(&no_library, files.data).describe().unwrap_err();
    assert!(error.to_string().contains("library.so"), "{error}");
    assert!(Path::new(&no_library).exists());
}
