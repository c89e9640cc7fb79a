//! What the header of a WAV file says.

use std::io::Cursor;

use hound::WavReader;
use medley_orchestrator::{Facts, Kind, ProbeError, Probed};

use super::Name;

pub(super) const WAVE_MIME: &str = "audio/wav";

/// Whether the content is a RIFF file with sound.
pub(super) fn is_wave(content: &[u8]) -> bool {
    content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WAVE")
}

/// Measures a WAV file; one with a rare coding passes unmeasured.
pub(super) fn wave(name: &Name, content: &[u8]) -> Result<Probed, ProbeError> {
    let facts = match WavReader::new(Cursor::new(content)) {
        Ok(reader) => {
            let spec = reader.spec();
            // A file written by a pipe does not know its length: count what is there.
            let frame = u64::from(spec.channels) * u64::from(spec.bits_per_sample.div_ceil(8));
            let present = (content.len() as u64).checked_div(frame).unwrap_or(0);
            let frames = u64::from(reader.duration()).min(present);
            let duration = frames as f64 / f64::from(spec.sample_rate.max(1));
            Facts::sound(duration, spec.sample_rate, spec.channels)
        }
        Err(hound::Error::Unsupported) => Facts::default(),
        Err(error) => {
            return Err(ProbeError {
                code: "damaged_sound",
                message: format!("{}: the WAV file is damaged: {error}", name.shown),
                hint: "copy or download the file again, or save it anew with another program"
                    .to_owned(),
            });
        }
    };
    Ok(Probed {
        kind: Kind::Audio,
        mime: WAVE_MIME.to_owned(),
        facts,
    })
}
