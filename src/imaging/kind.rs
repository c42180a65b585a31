//! Kinds of files by name and by content: those that can be read, and the names of others.

use std::path::Path;

/// File extensions that are looked for within folders, in any case. `decode` reads these kinds.
const READ: [&str; 7] = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"];

/// The kinds that can be read, for messages.
pub const NAMES: &str = "JPEG, PNG, WebP, TIFF or BMP";

/// Whether a file's extension is that of a kind that can be read.
pub fn is_read(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| READ.iter().any(|e| found.eq_ignore_ascii_case(e)))
}

/// The kind of a file by its extension, in capitals: "HEIC", or "without extension".
pub fn by_name(path: &Path) -> String {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => extension.to_uppercase(),
        None => "without extension".to_owned(),
    }
}

/// The name of a kind of picture that is known but not read, by a file's first bytes.
pub fn unread(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        // ISO/IEC 23008-12: the brand follows the box's size and `ftyp`.
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.get(..4)? {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
                Some("HEIC")
            }
            b"avif" | b"avis" => Some("AVIF"),
            _ => None,
        },
        [b'G', b'I', b'F', b'8', ..] => Some("GIF"),
        [b'%', b'P', b'D', b'F', ..] => Some("PDF"),
        _ => (bytes.get(128..132) == Some(b"DICM")).then_some("DICOM"), // PS3.10, 7.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read_in_any_case_and_others_are_named() {
        assert!(is_read(Path::new("a/b.JPG")) && is_read(Path::new("c.Tiff")));
        assert!(!is_read(Path::new("d.heic")) && !is_read(Path::new("jpg")));
        assert_eq!(by_name(Path::new("d.heic")), "HEIC");
        assert_eq!(by_name(Path::new("README")), "without extension");
    }

    #[test]
    fn unread_kinds_are_known_by_their_first_bytes() {
        assert_eq!(unread(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), Some("HEIC"));
        assert_eq!(unread(b"\0\0\0\x18ftypavif"), Some("AVIF"));
        assert_eq!(unread(b"\0\0\0\x18ftypisom"), None);
        let mut dicom = [0; 132];
        dicom[128..].copy_from_slice(b"DICM");
        assert_eq!(unread(&dicom), Some("DICOM"));
        for nothing in [&b""[..], b"ftyp", b"\0\0\0\x18ftyp", b"\xff\xd8\xff\xe0"] {
            assert_eq!(unread(nothing), None);
        }
    }
}
