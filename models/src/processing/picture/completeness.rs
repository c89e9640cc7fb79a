//! Whether a file is all there, as far as its own structure tells.
//!
//! Decoders that are made for browsers fill what is missing with grey and say nothing; here a file that was cut is an
//! error. Formats whose decoder says so by itself are not looked at.

use super::PictureFormat;

/// Whether `content` goes on to the end that its structure promises.
pub(super) fn is_complete(format: PictureFormat, content: &[u8]) -> bool {
    match format {
        PictureFormat::Jpeg => jpeg_is_complete(content),
        PictureFormat::Png => png_is_complete(content),
        PictureFormat::WebP => riff_is_complete(content),
        _ => true,
    }
}

/// Walks the marker segments (ITU-T T.81, annex B) to the end-of-image marker behind the first scan.
///
/// Thumbnails lie inside segments and are stepped over. Inside a scan, `FF00` and restart markers are data.
fn jpeg_is_complete(content: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xda;
    const END_OF_IMAGE: u8 = 0xd9;
    let mut rest = content.get(2..).unwrap_or_default();
    let mut in_scan = false;
    loop {
        let Some(marker) = rest.iter().position(|&byte| byte == 0xff) else {
            return false;
        };
        rest = &rest[marker..];
        let Some(code) = rest.iter().position(|&byte| byte != 0xff) else {
            return false;
        };
        let kind = rest[code];
        rest = &rest[code + 1..];
        match kind {
            END_OF_IMAGE if in_scan => return true,
            0x00 | 0x01 | 0xd0..=0xd9 => {}
            _ => {
                in_scan |= kind == START_OF_SCAN;
                let Some((&[high, low], _)) = rest.split_first_chunk() else {
                    return false;
                };
                let length = usize::from(u16::from_be_bytes([high, low]));
                let Some(after) = rest.get(length..) else {
                    return false;
                };
                rest = after;
            }
        }
    }
}

/// Steps from chunk to chunk; the last must not reach past the end of the file.
fn png_is_complete(content: &[u8]) -> bool {
    let mut rest = content.get(8..).unwrap_or_default();
    while let Some((&[a, b, c, d, ..], after)) = rest.split_first_chunk::<8>() {
        if rest[4..8] == *b"IEND" {
            return true;
        }
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        match after.get(length.saturating_add(4)..) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    rest.is_empty()
}

/// The container says how long it is.
fn riff_is_complete(content: &[u8]) -> bool {
    match content.get(4..8) {
        Some(&[a, b, c, d]) => {
            let length = u64::from(u32::from_le_bytes([a, b, c, d]));
            content.len() as u64 >= length + 8
        }
        _ => false,
    }
}
