use super::*;
use crate::native::espeak::tests::files;

fn synthesizer() -> SpeechSynthesizer {
    SpeechSynthesizer::load(&files()).unwrap()
}

fn tag(name: &str) -> LanguageTag {
    name.parse().unwrap()
}

fn samples_of(text: &str, manner: &Manner<'_>) -> Vec<i16> {
    let cancel = CancellationToken::new();
    let synthesizer = synthesizer();
    let speech = synthesizer.speak(text, manner, &cancel).unwrap();
    speech
        .flat_map(|passage| passage.unwrap().samples)
        .collect()
}

fn seconds(samples: &[i16]) -> f64 {
    samples.len() as f64 / 22_050.0
}

/// Root of the mean square, of at most 32,768.
fn loudness(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|each| f64::from(*each).powi(2)).sum();
    (power / samples.len() as f64).sqrt()
}

/// The middle one of the periods of loud stretches, in samples: the lag at which each is most like itself.
fn period(samples: &[i16]) -> usize {
    let likeness = |stretch: &[i16], lag: usize| -> f64 {
        let pairs = stretch.iter().zip(&stretch[lag..]);
        pairs
            .map(|(one, other)| f64::from(*one) * f64::from(*other))
            .sum()
    };
    let loud = samples
        .chunks_exact(2_048)
        .filter(|stretch| loudness(stretch) > 2_000.0);
    let mut periods: Vec<usize> = loud
        .map(|stretch| {
            let lags = 60..500;
            lags.max_by(|one, other| likeness(stretch, *one).total_cmp(&likeness(stretch, *other)))
                .unwrap()
        })
        .collect();
    periods.sort_unstable();
    periods[periods.len() / 2]
}

#[test]
fn speech_is_loud_enough_and_as_long_as_it_should_be() {
    let samples = samples_of(
        "Hello world, this is a test of the speech tool.",
        &Manner::plain(&tag("en")),
    );
    // Ten words at 175 words a minute take 3.4 seconds.
    assert!(
        (2.0..4.5).contains(&seconds(&samples)),
        "{}",
        seconds(&samples)
    );
    assert!(loudness(&samples) > 1_000.0, "{}", loudness(&samples));
    assert!(
        samples.iter().all(|each| each.unsigned_abs() < 32_767),
        "clipped"
    );
}

#[test]
fn chinese_is_spoken_and_not_spelled() {
    let samples = samples_of("你好，世界。今天天气很好。", &Manner::plain(&tag("zh")));
    // Ten syllables and three pauses; spelled as letters it takes a third longer.
    assert!(
        (2.5..4.2).contains(&seconds(&samples)),
        "{}",
        seconds(&samples)
    );
    assert!(loudness(&samples) > 1_000.0);
    let cantonese = samples_of("你好，世界。今天天气很好。", &Manner::plain(&tag("yue")));
    assert_ne!(samples, cantonese);
}

#[test]
fn languages_sound_different() {
    let text = "Information Zentrum Berlin";
    let spoken = ["en", "en-GB", "de", "fr", "zh"]
        .map(|language| samples_of(text, &Manner::plain(&tag(language))));
    for (index, one) in spoken.iter().enumerate() {
        for other in &spoken[index + 1..] {
            assert_ne!(one, other);
        }
    }
}

#[test]
fn the_rate_changes_the_length_in_proportion() {
    let english = tag("en");
    let text = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.";
    let length = |rate| {
        let manner = Manner {
            rate,
            ..Manner::plain(&english)
        };
        seconds(&samples_of(text, &manner))
    };
    let normal = length(1.0);
    for rate in [0.5, 0.75, 1.5, 2.0, 3.0] {
        let proportion = normal / length(rate) / rate;
        assert!((0.85..1.2).contains(&proportion), "{rate}: {proportion}");
    }
}

#[test]
fn pitch_and_voice_change_the_sound_but_not_the_pace() {
    let english = tag("en");
    let text = "The quick brown fox jumps over the lazy dog.";
    let plain = Manner::plain(&english);
    let [low, normal, high] =
        [0.2, 1.0, 1.8].map(|pitch| samples_of(text, &Manner { pitch, ..plain }));
    let [low_period, period, high_period] = [&low, &normal, &high].map(|samples| period(samples));
    assert!(
        low_period > period && period > high_period,
        "{low_period} {period} {high_period}"
    );
    let female = samples_of(
        text,
        &Manner {
            voice: Some("female"),
            ..plain
        },
    );
    for other in [&low, &high, &female] {
        assert_ne!(other, &normal);
        let pace = seconds(other) / seconds(&normal);
        assert!((0.9..1.1).contains(&pace), "{pace}");
    }
}

#[test]
fn long_text_comes_in_passages_with_progress_and_stops_when_cancelled() {
    let synthesizer = synthesizer();
    let language = tag("en");
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(300);
    let cancel = CancellationToken::new();
    let manner = Manner {
        rate: 3.0,
        ..Manner::plain(&language)
    };
    let mut speech = synthesizer.speak(&text, &manner, &cancel).unwrap();
    let first = speech.next().unwrap().unwrap();
    assert!((0.2..0.4).contains(&first.fraction), "{}", first.fraction);
    let second = speech.next().unwrap().unwrap();
    assert!(second.fraction > first.fraction);
    cancel.cancel();
    let stopped = speech.next().unwrap().unwrap_err();
    assert_eq!(stopped.code(), "cancelled");
}

#[test]
fn what_cannot_be_spoken_is_said_before_anything_is() {
    let synthesizer = synthesizer();
    let english = tag("en");
    let cancel = CancellationToken::new();
    let code = |text, manner: &Manner<'_>| match synthesizer.speak(text, manner, &cancel) {
        Ok(_) => "spoken",
        Err(error) => error.code(),
    };
    let plain = Manner::plain(&english);
    assert_eq!(code(" \n\t ", &plain), "no_text");
    assert_eq!(code("hi", &Manner::plain(&tag("Khmer"))), "no_voice");
    let voice = Some("nobody");
    assert_eq!(code("hi", &Manner { voice, ..plain }), "unknown_voice");
    for rate in [0.1, 9.0, f64::NAN] {
        assert_eq!(code("hi", &Manner { rate, ..plain }), "out_of_range");
    }
}

#[test]
fn every_voice_of_the_table_is_one_that_the_library_has() {
    let synthesizer = synthesizer();
    for code in synthesizer.table.languages.keys() {
        let tag = tag(code);
        assert!(
            voice_for(&synthesizer.description, &synthesizer.table, &tag).is_ok(),
            "{code}"
        );
    }
    for word in synthesizer.table.variants.keys() {
        let variant = variant_for(&synthesizer.description, &synthesizer.table, word);
        assert!(variant.is_ok(), "{word}");
    }
    assert!(synthesizer.languages().len() > 100);
    assert!(synthesizer.variants().contains(&"f2"));
}

#[test]
fn nothing_is_fetched_to_know_whether_speech_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let models = Models::open(crate::ModelsOptions {
        home: Some(home.clone()),
        ..crate::ModelsOptions::default()
    })
    .unwrap();
    assert!(matches!(
        readiness(&models),
        Readiness::NeedsFetch { .. } | Readiness::Ready
    ));
    assert!(!home.exists());
}
