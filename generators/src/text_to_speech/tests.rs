use std::{
    env,
    io::Cursor,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use medley_models::ModelsOptions;
use medley_orchestrator::{DiskStore, Registry, ToolErrorKind, Value};
use tokio_util::sync::CancellationToken;

use super::*;

/// The home that all test runs share, so that the voices are fetched once.
fn models() -> Models {
    let home = env::var_os("MEDLEY_TEST_HOME").map_or_else(
        || {
            let executable = env::current_exe().unwrap();
            let mut folders = executable.ancestors();
            let target = folders.find(|path| path.ends_with("target")).unwrap();
            target.join("medley-test-home")
        },
        PathBuf::from,
    );
    Models::open(ModelsOptions {
        home: Some(home),
        ..ModelsOptions::default()
    })
    .unwrap()
}

/// A store to write into, and a record of what progress was told.
struct Bench {
    _folder: tempfile::TempDir,
    tool: TextToSpeech,
    context: CallContext,
    fractions: Arc<Mutex<Vec<f32>>>,
}

impl Bench {
    fn new() -> Self {
        Self::stopping_at(f32::INFINITY)
    }

    /// Cancels the call once it tells of so much progress.
    fn stopping_at(limit: f32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path()).unwrap();
        let cancel = CancellationToken::new();
        let fractions = Arc::new(Mutex::new(Vec::new()));
        let (record, stop) = (Arc::clone(&fractions), cancel.clone());
        let sink = Arc::new(move |progress: medley_orchestrator::Progress| {
            let fraction = progress.fraction.unwrap();
            record
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(fraction);
            if fraction >= limit {
                stop.cancel();
            }
        });
        Self {
            _folder: folder,
            tool: TextToSpeech::new(models()),
            context: CallContext::new(Arc::new(store), cancel, sink),
            fractions,
        }
    }

    async fn call(&self, input: Input) -> Result<Output, ToolError> {
        self.tool.call(input, &self.context).await
    }

    async fn say(&self, text: &str) -> Output {
        self.call(input(text)).await.unwrap()
    }

    async fn error(&self, input: Input) -> ToolError {
        self.call(input).await.unwrap_err()
    }

    async fn samples(&self, output: &Output) -> (hound::WavSpec, Vec<i16>) {
        let content = self.context.read(&output.audio).await.unwrap();
        let mut reader = hound::WavReader::new(Cursor::new(content)).unwrap();
        let samples = reader.samples().map(Result::unwrap).collect();
        (reader.spec(), samples)
    }
}

fn input(text: &str) -> Input {
    Input {
        text: text.to_owned(),
        ..Input::default()
    }
}

#[tokio::test]
async fn the_sound_is_a_wave_file_and_its_facts_are_true() {
    let bench = Bench::new();
    let output = bench.say("Hello world, this is a test.").await;
    let (spec, samples) = bench.samples(&output).await;
    assert_eq!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample),
        (1, 22_050, 16)
    );
    let facts = &output.audio.facts;
    assert_eq!((facts.sample_rate, facts.channels), (Some(22_050), Some(1)));
    let seconds = samples.len() as f64 / 22_050.0;
    assert!((facts.duration_s.unwrap() - seconds).abs() < 1e-6);
    assert_eq!(facts.bytes, 44 + 2 * samples.len() as u64);
    assert_eq!(output.audio.kind, Kind::Audio);
    assert_eq!(output.audio.mime, "audio/wav");
    assert!((1.0..3.5).contains(&seconds), "{seconds}");
    let power: f64 = samples.iter().map(|each| f64::from(*each).powi(2)).sum();
    assert!((power / samples.len() as f64).sqrt() > 1_000.0);

    let longer = bench
        .say("Hello world, this is a test, and it has quite a few more words.")
        .await;
    assert!(longer.audio.facts.duration_s > facts.duration_s);
    let again = bench.say("Hello world, this is a test.").await;
    assert_eq!(again.audio.id, output.audio.id);
}

#[tokio::test]
async fn the_language_is_detected_or_asked_for_by_any_name() {
    let bench = Bench::new();
    for (text, language) in [
        ("This is the way to the station.", "en"),
        ("Guten Tag, wie geht es Ihnen?", "de"),
        ("今天天气很好", "zh"),
        ("Привет, как дела?", "ru"),
        ("안녕하세요", "ko"),
        ("42", "en"),
    ] {
        assert_eq!(bench.say(text).await.language, language, "{text}");
    }
    let spoken_in = async |name: &str| {
        let input = Input {
            language: Some(name.to_owned()),
            ..input("Berlin 1989")
        };
        bench.call(input).await.unwrap()
    };
    let german = spoken_in("German").await;
    assert_eq!(german.language, "de");
    assert_eq!(spoken_in("德语").await.audio.id, german.audio.id);
    assert_eq!(spoken_in("de-DE").await.audio.id, german.audio.id);
    let english = spoken_in("en-GB").await;
    assert_eq!(english.language, "en-GB");
    assert_ne!(english.audio.id, german.audio.id);
}

#[tokio::test]
async fn manner_changes_the_sound() {
    let bench = Bench::new();
    let text = "The quick brown fox jumps over the lazy dog.";
    let plain = bench.say(text).await.audio;
    let fast = Input {
        rate: Some(2.0),
        ..input(text)
    };
    let fast = bench.call(fast).await.unwrap().audio;
    let proportion = plain.facts.duration_s.unwrap() / fast.facts.duration_s.unwrap();
    assert!((1.7..2.3).contains(&proportion), "{proportion}");
    let female = Input {
        voice: Some("female".to_owned()),
        ..input(text)
    };
    let high = Input {
        pitch: Some(1.6),
        ..input(text)
    };
    let female = bench.call(female).await.unwrap().audio;
    let high = bench.call(high).await.unwrap().audio;
    assert!(plain.id != female.id && plain.id != high.id && female.id != high.id);
}

#[tokio::test]
async fn long_text_tells_of_its_progress() {
    let bench = Bench::new();
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(250);
    let input = Input {
        rate: Some(3.0),
        ..input(&text)
    };
    let output = bench.call(input).await.unwrap();
    assert!(output.audio.facts.duration_s.unwrap() > 150.0);
    let fractions = bench.fractions.lock().unwrap().clone();
    assert!(fractions.len() > 2, "{fractions:?}");
    assert!(fractions.is_sorted());
    assert!(fractions.last().is_some_and(|last| *last > 0.99));
}

#[tokio::test]
async fn a_call_that_is_no_longer_wanted_stops() {
    let bench = Bench::stopping_at(0.01);
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(2_000);
    let error = bench.error(input(&text)).await;
    assert_eq!(error.kind(), ToolErrorKind::Cancelled);
    assert_eq!(bench.fractions.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_spoken_is_said_with_the_way_out() {
    let bench = Bench::new();
    for text in ["", " \n\t "] {
        let error = bench.error(input(text)).await;
        assert_eq!(error.code(), "no_text");
        assert_eq!(error.kind(), ToolErrorKind::Permanent);
    }
    let with = |change: fn(&mut Input)| {
        let mut input = input("hello");
        change(&mut input);
        input
    };
    let unknown = bench
        .error(with(|input| input.language = Some("Germna".to_owned())))
        .await;
    assert_eq!(unknown.code(), "bad_argument");
    assert!(unknown.for_model().contains("German"), "{unknown}");
    let voiceless = bench
        .error(with(|input| input.language = Some("Khmer".to_owned())))
        .await;
    assert!(voiceless.for_model().contains("Khmer"), "{voiceless}");
    assert!(voiceless.hint().unwrap().contains("fr-fr"));
    let voice = bench
        .error(with(|input| input.voice = Some("nobody".to_owned())))
        .await;
    assert!(voice.hint().unwrap().contains("female"), "{voice:?}");
    let rate = bench.error(with(|input| input.rate = Some(40.0))).await;
    assert!(rate.for_model().contains("between 0.5 and 3"), "{rate}");
    let long = bench.error(input(&"word ".repeat(300_000))).await;
    assert_eq!(long.code(), "text_too_long");
}

#[tokio::test]
async fn without_network_the_error_tells_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let models = Models::open(ModelsOptions {
        home: Some(folder.path().join("home")),
        offline: true,
        ..ModelsOptions::default()
    })
    .unwrap();
    let bench = Bench {
        tool: TextToSpeech::new(models),
        ..Bench::new()
    };
    // With espeak-ng installed the system's library speaks instead.
    match bench.call(input("hello")).await {
        Ok(output) => assert!(output.audio.facts.duration_s.unwrap() > 0.2),
        Err(error) => {
            assert_eq!(error.code(), "voices_missing");
            assert!(error.hint().is_some());
        }
    }
}

#[test]
fn the_registry_shows_what_the_tool_takes_and_gives() {
    let mut registry = Registry::new();
    crate::register(&mut registry, &models()).unwrap();
    let capability = &registry.get("text_to_speech").unwrap().capability;
    let parameters: Vec<String> = capability
        .parameters
        .iter()
        .map(|each| format!("{}: {}", each.name, each.value_type))
        .collect();
    assert_eq!(
        parameters,
        [
            "text: string",
            "language: string",
            "voice: string",
            "rate: number 0.5..3",
            "pitch: number 0..2"
        ]
    );
    assert!(capability.parameters[1..].iter().all(|each| !each.required));
    let outputs: Vec<&str> = capability
        .outputs
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    assert_eq!(outputs, ["audio", "language"]);
    assert!(capability.phrases.len() > 5);
    assert_ne!(capability.parameters[3].default, Some(Value::Number(0.0)));
}
