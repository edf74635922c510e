//! What can be read in a file: its bytes as text, and the texts that are packed in it.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use zip::{CompressionMethod, ZipArchive};

/// A text, and where in the file it stands; empty for the file's own bytes.
pub(super) struct Reading {
    pub(super) place: String,
    pub(super) text: String,
}

/// Bytes of one packed text that are looked through: more is not the name of anybody.
const MOST: u64 = 64 << 20;

/// How deep packed files in packed files are followed.
const DEEPEST: usize = 3;

/// Packings that are not opened here, by their first bytes.
const CLOSED: [(&[u8], &str); 5] = [
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "RAR"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
];

/// Everything that can be read in a file.
pub(super) fn readings(content: &[u8]) -> Vec<Reading> {
    let mut found = Vec::new();
    read(content, "", 0, &mut found);
    found
}

/// What keeps a file from being looked through whole; none where nothing does.
pub(super) fn closed(content: &[u8]) -> Option<String> {
    if content.starts_with(b"%PDF") {
        return Some(
            "a PDF, whose properties were searched, but not all that is drawn on its pages: look through it \
             yourself"
                .into(),
        );
    }
    let (_, name) = CLOSED.iter().find(|(first, _)| content.starts_with(first))?;
    Some(format!(
        "is packed as {name}, which is not opened here: pack it as zip or gzip, or look through it yourself"
    ))
}

fn read(content: &[u8], place: &str, depth: usize, found: &mut Vec<Reading>) {
    let mut add = |place: &str, text: String| {
        found.push(Reading {
            place: place.to_owned(),
            text,
        });
    };
    if let Ok(text) = std::str::from_utf8(content) {
        add(place, text.to_owned());
        if text.contains('&') {
            add(place, unescaped(text));
        }
        if text.contains('\\')
            && let Ok(value) = serde_json::from_str(text)
        {
            let mut words = String::new();
            strings(&value, &mut words);
            add(place, words);
        }
        return;
    }
    // Latin letters as one byte, or as two of which one is zero (UTF-16).
    let latin = content.iter().filter(|byte| **byte != 0);
    add(place, latin.map(|&byte| char::from(byte)).collect());
    add(place, String::from_utf8_lossy(content).into_owned());
    if depth == DEEPEST {
        return;
    }
    let mut packed: Vec<(String, Vec<u8>)> = Vec::new();
    if content.starts_with(b"\x89PNG") {
        packed.extend(packed_texts(content).map(|text| ("a text of the PNG".to_owned(), text)));
    } else if content.starts_with(b"PK\x03\x04") {
        packed = entries(content);
    } else if content.starts_with(b"\x1f\x8b") {
        packed.push(("unpacked".into(), limited(MultiGzDecoder::new(content))));
    } else if content.starts_with(b"%PDF") {
        packed.extend(streams(content).map(|text| ("a stream of the PDF".to_owned(), text)));
    }
    for (name, inner) in packed {
        let inside = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}, {name}")
        };
        // An archive's names are read, too.
        found.push(Reading {
            place: inside.clone(),
            text: name,
        });
        read(&inner, &inside, depth + 1, found);
    }
}

/// What comes out of a packing until it ends or breaks off.
fn limited(packed: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came before a break is looked through all the same.
    let _ = packed.take(MOST).read_to_end(&mut bytes);
    bytes
}

/// The packed texts of a PNG: `zTXt`, and `iTXt` where it is packed.
fn packed_texts(png: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut at = 8;
    let chunks = std::iter::from_fn(move || {
        let length: [u8; 4] = png.get(at..at + 4)?.try_into().ok()?;
        let body = at + 8;
        let end = body.checked_add(u32::from_be_bytes(length) as usize)?;
        let chunk = (png.get(at + 4..body)?, png.get(body..end)?);
        at = end + 4;
        Some(chunk)
    });
    chunks.filter_map(|(kind, body)| {
        let after = body.iter().position(|byte| *byte == 0)? + 1;
        let rest = body.get(after..)?;
        let packed = match kind {
            // A byte names the packing.
            b"zTXt" => rest.get(1..)?,
            b"iTXt" if rest.first() == Some(&1) => {
                // Two bytes for the packing, a language and a translated key, both ended by zero.
                let mut parts = rest.get(2..)?.splitn(3, |byte| *byte == 0);
                parts.nth(2)?
            }
            _ => return None,
        };
        Some(limited(ZlibDecoder::new(packed)))
    })
}

/// The files of a zip archive, which Office files and `.npz` are, too.
fn entries(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(zip)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for index in 0..archive.len() {
        // The bytes as they are stored: beside none, one packing is in use.
        let Ok(entry) = archive.by_index_raw(index) else {
            continue;
        };
        let name = entry.name().map(Cow::into_owned).unwrap_or_default();
        let stored = entry.compression() == CompressionMethod::Stored;
        let bytes = if stored {
            limited(entry)
        } else {
            limited(DeflateDecoder::new(entry))
        };
        found.push((name, bytes));
    }
    found
}

/// What the packed streams of a PDF hold.
fn streams(pdf: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    const WORD: &[u8] = b"stream";
    let starts = pdf
        .windows(WORD.len())
        .enumerate()
        .filter(|(_, part)| *part == WORD)
        .map(|(at, _)| at + WORD.len());
    starts.filter_map(|start| {
        let rest = pdf.get(start..)?;
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        let packed = rest.strip_prefix(b"\n").unwrap_or(rest);
        // The two bytes with which a zlib stream begins are divisible by 31.
        let head: [u8; 2] = packed.get(..2)?.try_into().ok()?;
        (head[0] & 0x0f == 8 && u16::from_be_bytes(head).is_multiple_of(31))
            .then(|| limited(ZlibDecoder::new(packed)))
    })
}

/// Every text of a JSON value, in lines.
fn strings(value: &serde_json::Value, words: &mut String) {
    match value {
        serde_json::Value::String(text) => {
            words.push_str(text);
            words.push('\n');
        }
        serde_json::Value::Array(items) => {
            for item in items {
                strings(item, words);
            }
        }
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                words.push_str(name);
                words.push('\n');
                strings(field, words);
            }
        }
        _ => {}
    }
}

/// A text with the characters that HTML and XML write as `&…;`.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let written = part.split_once(';').filter(|(name, _)| name.len() < 10);
        if let Some((letter, rest)) = written.and_then(|(name, rest)| Some((letter(name)?, rest))) {
            plain.push(letter);
            plain.push_str(rest);
        } else {
            plain.push('&');
            plain.push_str(part);
        }
    }
    plain
}

fn letter(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const NAME: &str = "Ada Example";

    fn is_read(content: &[u8]) -> bool {
        readings(content)
            .iter()
            .any(|reading| reading.text.contains(NAME))
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    /// A PNG of one chunk, as far as the reader of texts looks at it.
    fn png(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let head = b"\x89PNG\r\n\x1a\n".as_slice();
        let length = (body.len() as u32).to_be_bytes();
        [head, &length, kind, body, b"\0\0\0\0".as_slice()].concat()
    }

    #[test]
    fn a_name_is_read_however_it_is_written() {
        let utf16: Vec<u8> = NAME.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (what, content) in [
            ("plain", NAME.as_bytes().to_vec()),
            ("HTML", b"<p>Ada&#32;Ex&#x61;mple</p>".to_vec()),
            ("JSON", br#"{"by": "Ada\u0020Example"}"#.to_vec()),
            ("UTF-16", [b"\xff\xfe".as_slice(), &utf16].concat()),
            ("tEXt", png(b"tEXt", b"Author\0Ada Example")),
            (
                "zTXt",
                png(
                    b"zTXt",
                    &[b"Author\0\0".as_slice(), &zlib(NAME.as_bytes())].concat(),
                ),
            ),
            (
                "iTXt",
                png(
                    b"iTXt",
                    &[b"Author\0\x01\0en\0\0".as_slice(), &zlib(NAME.as_bytes())].concat(),
                ),
            ),
            (
                "PDF",
                [
                    b"%PDF-1.7\xff stream\r\n".as_slice(),
                    &zlib(NAME.as_bytes()),
                    b"endstream".as_slice(),
                ]
                .concat(),
            ),
        ] {
            assert!(is_read(&content), "{what}");
        }
        assert!(!is_read(b"\xffA d a"));
    }

    #[test]
    fn archives_are_opened_also_in_archives() {
        let mut gz = GzEncoder::new(Vec::new(), Compression::best());
        gz.write_all(NAME.as_bytes()).unwrap();
        let gz = gz.finish().unwrap();
        assert!(is_read(&gz));
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file("a/b.gz", stored).unwrap();
        zip.write_all(&gz).unwrap();
        let zip = zip.finish().unwrap().into_inner();
        let found = readings(&zip);
        let reading = found.iter().find(|reading| reading.text.contains(NAME)).unwrap();
        assert_eq!(reading.place, "a/b.gz, unpacked");
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
        deflated.write_all(NAME.as_bytes()).unwrap();
        assert_eq!(
            limited(DeflateDecoder::new(deflated.finish().unwrap().as_slice())),
            NAME.as_bytes()
        );
    }

    #[test]
    fn what_is_not_opened_is_said() {
        assert!(closed(b"%PDF-1.7").unwrap().contains("a PDF"));
        assert!(closed(b"\xfd7zXZ\0rest").unwrap().contains("xz"));
        assert_eq!(closed(b"plain"), None);
    }
}
