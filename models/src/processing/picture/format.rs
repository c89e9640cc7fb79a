//! Which format a file has, from its first bytes and never from its name.

use std::fmt;

use image::ImageFormat;

/// A picture format that can be read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// PNG: lossless, with transparency.
    Png,
    /// JPEG: lossy, without transparency.
    Jpeg,
    /// WebP; written lossless.
    WebP,
    /// GIF: at most 256 colours; only the first frame is read.
    Gif,
    /// BMP.
    Bmp,
    /// TIFF; only the first page is read.
    Tiff,
    /// An icon of at most 256 x 256 pixels; the largest is read.
    Ico,
    /// QOI: lossless, quick.
    Qoi,
    /// The Netpbm family: PBM, PGM, PPM, PAM.
    Pnm,
}

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// A picture that can be read.
    Readable(PictureFormat),
    /// A picture in a format that is known by name only.
    Unreadable(&'static str),
}

impl PictureFormat {
    /// Every format, in the order in which they are documented.
    pub const ALL: [Self; 9] = [
        Self::Png,
        Self::Jpeg,
        Self::WebP,
        Self::Gif,
        Self::Bmp,
        Self::Tiff,
        Self::Ico,
        Self::Qoi,
        Self::Pnm,
    ];

    /// The name that people know it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Ico => "ICO",
            Self::Qoi => "QOI",
            Self::Pnm => "PNM",
        }
    }

    /// The MIME type.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Ico => "image/x-icon",
            Self::Qoi => "image/qoi",
            Self::Pnm => "image/x-portable-anymap",
        }
    }

    /// The endings of file names that promise this format, lower case and without the dot.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::WebP => &["webp"],
            Self::Gif => &["gif"],
            Self::Bmp => &["bmp", "dib"],
            Self::Tiff => &["tif", "tiff"],
            Self::Ico => &["ico"],
            Self::Qoi => &["qoi"],
            Self::Pnm => &["pbm", "pgm", "ppm", "pnm", "pam"],
        }
    }

    /// Whether a picture can be written in this format and read again without loss of pixels or transparency.
    #[must_use]
    pub const fn is_lossless(self) -> bool {
        matches!(
            self,
            Self::Png | Self::WebP | Self::Bmp | Self::Tiff | Self::Qoi
        )
    }

    /// The longest side that the format can hold, in pixels.
    #[must_use]
    pub const fn longest_side(self) -> u32 {
        match self {
            // The frame header has 14 bits for each side, less one (RFC 9649).
            Self::WebP => 16_383,
            Self::Jpeg | Self::Gif => 65_535,
            Self::Ico => 256,
            Self::Png | Self::Bmp | Self::Tiff | Self::Qoi | Self::Pnm => i32::MAX as u32,
        }
    }

    pub(super) const fn codec(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
            Self::WebP => ImageFormat::WebP,
            Self::Gif => ImageFormat::Gif,
            Self::Bmp => ImageFormat::Bmp,
            Self::Tiff => ImageFormat::Tiff,
            Self::Ico => ImageFormat::Ico,
            Self::Qoi => ImageFormat::Qoi,
            Self::Pnm => ImageFormat::Pnm,
        }
    }
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Says which picture format `content` has, if it is a picture at all.
///
/// Signatures that are also the beginning of words (`BM`, `P5`) count only when the header behind them makes sense.
#[must_use]
pub fn sniff(content: &[u8]) -> Option<Sniffed> {
    let guessed = image::guess_format(content).ok();
    let format = match guessed {
        Some(ImageFormat::Png) => PictureFormat::Png,
        Some(ImageFormat::Jpeg) => PictureFormat::Jpeg,
        Some(ImageFormat::WebP) => PictureFormat::WebP,
        Some(ImageFormat::Gif) => PictureFormat::Gif,
        Some(ImageFormat::Bmp) if is_bitmap(content) => PictureFormat::Bmp,
        Some(ImageFormat::Tiff) => PictureFormat::Tiff,
        Some(ImageFormat::Ico) if is_icon(content) => PictureFormat::Ico,
        Some(ImageFormat::Qoi) if matches!(content.get(12), Some(3 | 4)) => PictureFormat::Qoi,
        Some(ImageFormat::Pnm) if is_anymap(content) => PictureFormat::Pnm,
        _ => return sniff_unreadable(content).map(Sniffed::Unreadable),
    };
    Some(Sniffed::Readable(format))
}

/// The information header of a BMP begins with its own size, of which there are few.
fn is_bitmap(content: &[u8]) -> bool {
    matches!(
        content.get(14..18),
        Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0])
    )
}

/// The directory of an icon counts its pictures and has a reserved zero in each entry.
fn is_icon(content: &[u8]) -> bool {
    let count = content.get(4..6);
    count.is_some_and(|count| count != [0, 0]) && content.get(9) == Some(&0)
}

/// The number of a Netpbm file is followed by white space or a comment.
fn is_anymap(content: &[u8]) -> bool {
    let header = content.get(2..).unwrap_or_default();
    let blank = header
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    let next = header.get(blank);
    match content.get(1) {
        Some(b'7') => header.get(blank..).is_some_and(|rest| {
            [b"WIDTH".as_slice(), b"HEIGHT", b"DEPTH", b"MAXVAL", b"#"]
                .iter()
                .any(|word| rest.starts_with(word))
        }),
        _ => blank > 0 && next.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'#'),
    }
}

fn sniff_unreadable(content: &[u8]) -> Option<&'static str> {
    let brand = match content.get(4..8) {
        Some(b"ftyp") => content.get(8..12),
        _ => None,
    };
    match brand {
        Some(b"avif" | b"avis") => return Some("AVIF"),
        Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => {
            return Some("HEIC");
        }
        _ => {}
    }
    let signatures: [(&[u8], &str); 8] = [
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a", "JPEG XL"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"8BPS\x00\x01", "Photoshop"),
        (b"DDS \x7c\x00\x00\x00", "DDS"),
        (b"\x76\x2f\x31\x01", "OpenEXR"),
        (b"#?RADIANCE", "Radiance"),
        (b"farbfeld", "farbfeld"),
    ];
    signatures
        .iter()
        .find(|(signature, _)| content.starts_with(signature))
        .map(|(_, name)| *name)
}
