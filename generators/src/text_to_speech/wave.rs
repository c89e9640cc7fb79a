//! Writes samples into a WAV file in memory as they come; knows nothing of where they come from.

use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};
use medley_orchestrator::ToolError;

/// One channel: nobody speaks in stereo.
const CHANNELS: u16 = 1;
/// The longest sound in samples, since it is held in memory: six and a half hours at 22,050 Hz, or 1 GiB.
const LONGEST: usize = 1 << 29;

/// A WAV file of 16-bit samples.
pub(super) struct Wave {
    /// The file.
    pub(super) content: Vec<u8>,
    /// How long it plays.
    pub(super) seconds: f64,
    /// Samples per second, in Hz.
    pub(super) sample_rate: u32,
    /// Channels.
    pub(super) channels: u16,
    /// Whether every sample is zero.
    pub(super) silent: bool,
}

impl Wave {
    /// Writes stretches of samples one after the other, ending at the first error among them.
    pub(super) fn write(
        sample_rate: u32,
        stretches: impl Iterator<Item = Result<Vec<i16>, ToolError>>,
    ) -> Result<Self, ToolError> {
        let spec = WavSpec {
            channels: CHANNELS,
            sample_rate,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut content = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut content, spec).map_err(unwritable)?;
        let mut samples = 0;
        let mut silent = true;
        for stretch in stretches {
            let stretch = stretch?;
            samples += stretch.len();
            if samples > LONGEST {
                return Err(too_long(sample_rate));
            }
            silent &= stretch.iter().all(|sample| *sample == 0);
            for sample in stretch {
                writer.write_sample(sample).map_err(unwritable)?;
            }
        }
        writer.finalize().map_err(unwritable)?;
        #[expect(clippy::cast_precision_loss, reason = "below 2^29")]
        let seconds = samples as f64 / f64::from(sample_rate);
        Ok(Self {
            content: content.into_inner(),
            seconds,
            sample_rate,
            channels: CHANNELS,
            silent,
        })
    }
}

fn too_long(sample_rate: u32) -> ToolError {
    let hours = LONGEST / sample_rate.max(1) as usize / 3600;
    ToolError::permanent(
        "text_too_long",
        format!("the speech is longer than {hours} hours"),
    )
    .with_hint("shorten or summarise the text, speak it in parts, or speak it faster")
}

fn unwritable(error: hound::Error) -> ToolError {
    ToolError::permanent("wave_failed", "the sound cannot be written as WAV").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_what_was_written() {
        let stretches = [Ok(vec![0, 1, -1]), Ok(vec![i16::MAX, i16::MIN])];
        let wave = Wave::write(5, stretches.into_iter()).unwrap();
        assert!((wave.seconds - 1.0).abs() < 1e-9 && !wave.silent);
        let mut reader = hound::WavReader::new(Cursor::new(&wave.content)).unwrap();
        assert_eq!((reader.spec().channels, reader.spec().sample_rate), (1, 5));
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, [0, 1, -1, i16::MAX, i16::MIN]);
    }

    #[test]
    fn silence_is_noticed_and_errors_end_the_writing() {
        let silent = Wave::write(8_000, std::iter::once(Ok(vec![0; 10]))).unwrap();
        assert!(silent.silent);
        let failing = [Ok(vec![1]), Err(ToolError::cancelled()), Ok(vec![2])];
        assert!(Wave::write(8_000, failing.into_iter()).is_err());
    }
}
