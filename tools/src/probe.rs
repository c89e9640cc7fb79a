//! Says what a file from outside is, before it becomes an artifact: by its content, with its name as a witness only.

mod sound;
mod text;

use infer::MatcherType;
use medley_models::processing::picture::{Limits, PictureFormat, Sniffed, measure, sniff};
use medley_orchestrator::{Facts, Kind, Probe, ProbeError, Probed};

/// Endings of file names that promise a picture of a kind that cannot be read.
const OTHER_PICTURE_EXTENSIONS: [&str; 7] = ["heic", "heif", "avif", "jxl", "jp2", "psd", "tga"];

/// Endings of file names that promise sound or moving pictures.
const SOUND_EXTENSIONS: [&str; 7] = ["wav", "mp3", "flac", "ogg", "opus", "m4a", "aac"];
const VIDEO_EXTENSIONS: [&str; 6] = ["mp4", "m4v", "webm", "mkv", "mov", "avi"];

/// Measures pictures, sound, video and text at the door.
#[derive(Debug, Clone, Default)]
pub struct MediaProbe {
    limits: Limits,
}

impl MediaProbe {
    /// A probe that lets pictures pass up to `limits`.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

impl Probe for MediaProbe {
    fn probe(&self, name: &str, content: &[u8]) -> Result<Probed, ProbeError> {
        let name = Name::new(name);
        if content.is_empty() {
            return Err(ProbeError {
                code: "empty_file",
                message: format!("{} is empty", name.shown),
                hint: "attach a file that has content".to_owned(),
            });
        }
        match sniff(content) {
            Some(Sniffed::Readable(_)) => return self.picture(&name, content),
            Some(Sniffed::Unreadable(format)) => return Err(unreadable(&name, format)),
            None => {}
        }
        let found = content_of(&name, content)?;
        match name.promise() {
            Some(Promise::Picture) => Err(not_as_named(&name, "a picture", &found)),
            Some(Promise::Sound) if found.kind == Kind::Text => {
                Err(not_as_named(&name, "sound", &found))
            }
            Some(Promise::Video) if found.kind == Kind::Text => {
                Err(not_as_named(&name, "a video", &found))
            }
            _ => Ok(found),
        }
    }
}

impl MediaProbe {
    fn picture(&self, name: &Name, content: &[u8]) -> Result<Probed, ProbeError> {
        let measured = measure(content, &self.limits).map_err(|error| {
            let error = ProbeError::from(error);
            ProbeError {
                message: format!("{}: {}", name.shown, error.message),
                ..error
            }
        })?;
        Ok(Probed {
            kind: Kind::Image,
            mime: measured.format.mime().to_owned(),
            facts: Facts::picture(measured.width, measured.height),
        })
    }
}

/// What the bytes are when they are no picture.
fn content_of(name: &Name, content: &[u8]) -> Result<Probed, ProbeError> {
    let known = infer::get(content);
    let kind = match known.map(|known| known.matcher_type()) {
        Some(MatcherType::Audio) if sound::is_wave(content) => return sound::wave(name, content),
        Some(MatcherType::Audio) => Kind::Audio,
        Some(MatcherType::Video) => Kind::Video,
        _ => Kind::File,
    };
    // Signatures of a few letters also begin sentences, so that what reads as text is text.
    let is_document = known.is_some_and(|known| known.mime_type() == "application/pdf");
    if !is_document && let Some(probed) = text::text(name, content) {
        return Ok(probed);
    }
    Ok(Probed {
        kind,
        mime: known
            .map_or("application/octet-stream", |known| known.mime_type())
            .to_owned(),
        facts: Facts::default(),
    })
}

fn unreadable(name: &Name, format: &str) -> ProbeError {
    ProbeError {
        code: "unsupported_picture",
        message: format!("{} is a {format} picture, which cannot be read", name.shown),
        hint: "save it as PNG or JPEG with another program, and attach that".to_owned(),
    }
}

fn not_as_named(name: &Name, promised: &str, found: &Probed) -> ProbeError {
    let (holds, rename) = match found.kind {
        Kind::Text | Kind::Table | Kind::Json => ("text", "rename it to end in .txt"),
        Kind::Audio => ("sound", "rename it to what it is"),
        Kind::Video => ("a video", "rename it to what it is"),
        _ if found.mime == "application/pdf" => ("a PDF document", "rename it to end in .pdf"),
        _ => ("other data", "rename it to what it is"),
    };
    ProbeError {
        code: "not_what_it_is_named",
        message: format!("{} is named like {promised} but holds {holds}", name.shown),
        hint: format!("attach the real file; if {holds} is what you mean, {rename}"),
    }
}

/// A file's name, made fit to be shown.
struct Name {
    shown: String,
    extension: String,
}

/// What the ending of a name lets expect.
enum Promise {
    Picture,
    Sound,
    Video,
}

impl Name {
    fn new(name: &str) -> Self {
        const LONGEST: usize = 80;
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let extension = file
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_lowercase())
            .unwrap_or_default();
        let clean: Vec<char> = file
            .chars()
            .map(|each| if each.is_control() { '\u{fffd}' } else { each })
            .collect();
        let shown = match clean.len() {
            0 => "the file".to_owned(),
            1..=LONGEST => format!("`{}`", clean.iter().collect::<String>()),
            length => {
                let (start, end) = (&clean[..LONGEST / 2], &clean[length - LONGEST / 2..]);
                let join = |part: &[char]| part.iter().collect::<String>();
                format!("`{}…{}`", join(start), join(end))
            }
        };
        Self { shown, extension }
    }

    fn promise(&self) -> Option<Promise> {
        let extension = self.extension.as_str();
        let picture = PictureFormat::ALL
            .into_iter()
            .any(|format| format.extensions().contains(&extension));
        if picture || OTHER_PICTURE_EXTENSIONS.contains(&extension) {
            Some(Promise::Picture)
        } else if SOUND_EXTENSIONS.contains(&extension) {
            Some(Promise::Sound)
        } else if VIDEO_EXTENSIONS.contains(&extension) {
            Some(Promise::Video)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
