//! Pictures without the notes that cameras and programs write into them: EXIF, XMP, IPTC, comments, PNG
//! texts, the metadata of drawings. The pixels, their colours and the way up stay. AVIF and videos:
//! `notes_in_boxes.rs`, `notes_in_elements.rs`.
//!
//! A picture that cannot be followed to its end comes out as it went in: the search of the finished site
//! still finds names in it.

use flate2::Crc;
use image::metadata::Orientation;
use roxmltree::{Document, NodeType, ParsingOptions};

use super::notes_in_boxes::{self, is_boxes};
use super::notes_in_elements::{self, is_elements};
use crate::picture::{self, Kind};
use crate::svg::INERT;

/// A picture or a video without its notes; other content as it is.
pub(crate) fn without_notes(content: Vec<u8>) -> Vec<u8> {
    let without = match picture::shown(&content) {
        Ok(Kind::Png) => png(&content),
        Ok(Kind::Jpeg) => jpeg(&content),
        Ok(Kind::Webp) => webp(&content),
        Ok(Kind::Gif) => gif(&content),
        Ok(Kind::Svg) => svg(&content),
        Ok(Kind::Avif) => notes_in_boxes::without(&content),
        Err(_) if is_boxes(&content) => notes_in_boxes::without(&content),
        Err(_) if is_elements(&content) => notes_in_elements::without(&content),
        _ => None,
    };
    without.unwrap_or(content)
}

/// EXIF that says which way up the picture is, and nothing else; none where it is as it is stored.
fn way_up(exif: &[u8]) -> Option<Vec<u8>> {
    let turned = Orientation::from_exif_chunk(exif)?;
    // Little-endian TIFF with one field: orientation (0x0112), one short number.
    (turned != Orientation::NoTransforms).then(|| {
        let mut bytes = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        bytes.extend([turned.to_exif(), 0, 0, 0, 0, 0, 0, 0]);
        bytes
    })
}

/// A number of four bytes, the largest first.
pub(super) fn big(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four) as usize)
}

fn png(content: &[u8]) -> Option<Vec<u8>> {
    let mut kept = content.get(..8)?.to_vec();
    let mut at = 8;
    while at < content.len() {
        let end = at.checked_add(big(content, at)?)?.checked_add(12)?;
        let chunk = content.get(at..end)?;
        let kind = chunk.get(4..8)?;
        match kind {
            b"tEXt" | b"zTXt" | b"iTXt" | b"tIME" => {}
            b"eXIf" => {
                if let Some(exif) = way_up(chunk.get(8..chunk.len() - 4)?) {
                    let body = [b"eXIf".as_slice(), &exif].concat();
                    let mut sum = Crc::new();
                    sum.update(&body);
                    kept.extend((exif.len() as u32).to_be_bytes());
                    kept.extend(&body);
                    kept.extend(sum.sum().to_be_bytes());
                }
            }
            _ => kept.extend(chunk),
        }
        if kind == b"IEND" {
            return Some(kept);
        }
        at = end;
    }
    None
}

fn jpeg(content: &[u8]) -> Option<Vec<u8>> {
    const EXIF: &[u8] = b"Exif\0\0";
    let mut kept = content.get(..2)?.to_vec();
    let mut at = 2;
    loop {
        // Between a scan's markers lie its coded pixels, in which FF is followed by 00 or a restart marker.
        let [0xff, marker] = *content.get(at..at + 2)? else {
            kept.push(*content.get(at)?);
            at += 1;
            continue;
        };
        match marker {
            0xd9 => {
                kept.extend([0xff, 0xd9]);
                return Some(kept);
            }
            0xff => {
                at += 1;
                continue;
            }
            0 | 1 | 0xd0..=0xd7 => {
                kept.extend([0xff, marker]);
                at += 2;
                continue;
            }
            _ => {}
        }
        let length: [u8; 2] = content.get(at + 2..at + 4)?.try_into().ok()?;
        let end = at + 2 + usize::from(u16::from_be_bytes(length));
        let segment = content.get(at..end)?;
        let body = segment.get(4..)?;
        // Colours stay: how they are meant (ICC) and how they are stored (Adobe's).
        let of_colours = marker == 0xe2 && body.starts_with(b"ICC_PROFILE\0");
        if marker == 0xe1 {
            if let Some(exif) = body.strip_prefix(EXIF).and_then(way_up) {
                let length = (2 + EXIF.len() + exif.len()) as u16;
                kept.extend([0xff, 0xe1]);
                kept.extend(length.to_be_bytes());
                kept.extend(EXIF);
                kept.extend(exif);
            }
        } else if of_colours || !matches!(marker, 0xe2..=0xed | 0xef | 0xfe) {
            kept.extend(segment);
        }
        at = end;
    }
}

fn webp(content: &[u8]) -> Option<Vec<u8>> {
    /// Flags of the extended header.
    const EXIF: u8 = 0x08;
    const XMP: u8 = 0x04;
    let mut kept = content.get(..12)?.to_vec();
    let mut flags_at = None;
    let mut at = 12;
    while at < content.len() {
        let four: [u8; 4] = content.get(at + 4..at + 8)?.try_into().ok()?;
        let length = u32::from_le_bytes(four) as usize;
        let end = at + 8 + length + length % 2;
        let chunk = content.get(at..end.min(content.len()))?;
        match chunk.get(..4)? {
            b"XMP " => {}
            b"EXIF" => {
                let body = chunk.get(8..8 + length)?;
                let body = body.strip_prefix(b"Exif\0\0").unwrap_or(body);
                if let Some(exif) = way_up(body) {
                    kept.extend(b"EXIF");
                    kept.extend((exif.len() as u32).to_le_bytes());
                    kept.extend(&exif);
                    *kept.get_mut(flags_at?)? |= EXIF;
                }
            }
            b"VP8X" => {
                flags_at = Some(kept.len() + 8);
                kept.extend(chunk);
                *kept.get_mut(flags_at?)? &= !(EXIF | XMP);
            }
            _ => kept.extend(chunk),
        }
        at = end;
    }
    let length = (kept.len() as u32).checked_sub(8)?;
    kept.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    Some(kept)
}

fn gif(content: &[u8]) -> Option<Vec<u8>> {
    /// Bytes of the table of colours that a byte of flags announces.
    fn colours(flags: u8) -> usize {
        if flags & 0x80 == 0 {
            0
        } else {
            3 << ((flags & 7) + 1)
        }
    }
    /// The end of a run of blocks, each of which begins with its length.
    fn blocks(content: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let length = usize::from(*content.get(at)?);
            at += 1 + length;
            if length == 0 {
                return Some(at);
            }
        }
    }
    let mut at = 13 + colours(*content.get(10)?);
    let mut kept = content.get(..at)?.to_vec();
    loop {
        let (end, is_note) = match *content.get(at)? {
            0x3b => {
                kept.push(0x3b);
                return Some(kept);
            }
            0x2c => (blocks(content, at + 11 + colours(*content.get(at + 9)?))?, false),
            0x21 => {
                let end = blocks(content, at + 2)?;
                let of_a_program = content.get(at + 1) == Some(&0xff);
                let repeats = matches!(
                    content.get(at + 3..at + 14).unwrap_or_default(),
                    b"NETSCAPE2.0" | b"ANIMEXTS1.0"
                );
                (
                    end,
                    content.get(at + 1) == Some(&0xfe) || of_a_program && !repeats,
                )
            }
            _ => return None,
        };
        if !is_note {
            kept.extend(content.get(at..end)?);
        }
        at = end;
    }
}

fn svg(content: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let start = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let read = text.get(start..)?;
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(read, options).ok()?;
    let inert = |namespace: Option<&str>| {
        namespace.is_some_and(|namespace| INERT.iter().any(|known| namespace.starts_with(known)))
    };
    let mut notes = Vec::new();
    for node in document.descendants() {
        let is_note = match node.node_type() {
            NodeType::Comment => true,
            NodeType::Element => node.tag_name().name() == "metadata" || inert(node.tag_name().namespace()),
            _ => false,
        };
        if is_note {
            notes.push(node.range());
        }
        let written = node.attributes().filter(|attribute| inert(attribute.namespace()));
        notes.extend(written.map(|attribute| attribute.range()));
    }
    notes.sort_by_key(|range| range.start);
    let mut kept = String::with_capacity(read.len());
    let mut at = 0;
    for note in notes {
        // What stands in a note that is left out already.
        if note.start < at {
            continue;
        }
        kept.push_str(read.get(at..note.start)?);
        at = note.end;
    }
    kept.push_str(read.get(at..)?);
    Some(kept.into_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{ImageFormat, RgbImage};

    use super::*;

    const NAME: &[u8] = b"Ada Example";

    fn holds(content: &[u8]) -> bool {
        content.windows(NAME.len()).any(|part| part == NAME)
    }

    fn drawn(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(9, 5, |x, y| image::Rgb([(x * 20) as u8, (y * 40) as u8, 7]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn pixels(content: &[u8]) -> Vec<u8> {
        image::load_from_memory(content).unwrap().to_rgb8().into_raw()
    }

    /// EXIF of a picture that lies on its side, with a name after the field.
    fn exif() -> Vec<u8> {
        [
            b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".as_slice(),
            NAME,
        ]
        .concat()
    }

    #[test]
    fn a_png_loses_its_texts_and_keeps_its_pixels() {
        let plain = drawn(ImageFormat::Png);
        let body = [b"tEXtAuthor\0".as_slice(), NAME].concat();
        let mut sum = Crc::new();
        sum.update(&body);
        let chunk = [
            ((body.len() - 4) as u32).to_be_bytes().as_slice(),
            &body,
            &sum.sum().to_be_bytes(),
        ]
        .concat();
        // After the header, whose chunk has 25 bytes.
        let noted = [&plain[..33], &chunk, &plain[33..]].concat();
        assert!(holds(&noted));
        let without = without_notes(noted);
        assert_eq!(without, plain);
    }

    #[test]
    fn a_jpeg_loses_its_exif_and_comment_and_keeps_which_way_up_it_is() {
        let plain = drawn(ImageFormat::Jpeg);
        let segment = |marker: u8, body: &[u8]| {
            let length = (body.len() + 2) as u16;
            [[0xff, marker].as_slice(), &length.to_be_bytes(), body].concat()
        };
        let noted = [
            &plain[..2],
            &segment(0xe1, &[b"Exif\0\0".as_slice(), &exif()].concat()),
            &segment(0xfe, NAME),
            &plain[2..],
            NAME,
        ]
        .concat();
        let without = without_notes(noted);
        assert!(!holds(&without));
        assert_eq!(pixels(&without), pixels(&plain));
        let at = without.windows(6).position(|part| part == b"Exif\0\0").unwrap();
        let turned = Orientation::from_exif_chunk(&without[at + 6..]);
        assert_eq!(turned, Some(Orientation::Rotate90));
    }

    #[test]
    fn a_gif_loses_its_comments_and_goes_on_repeating() {
        let gif = |comment: &[u8]| {
            let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".as_slice();
            let repeat = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0".as_slice();
            let picture = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b".as_slice();
            [head, repeat, comment, picture].concat()
        };
        let comment = [b"\x21\xfe".as_slice(), &[NAME.len() as u8], NAME, b"\0"].concat();
        assert_eq!(without_notes(gif(&comment)), gif(b""));
    }

    #[test]
    fn a_drawing_loses_its_metadata_comments_and_the_names_of_files() {
        let drawing = r#"<!-- Ada Example --><svg xmlns="http://www.w3.org/2000/svg"
            xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
            sodipodi:docname="/home/Ada Example/a.svg"><metadata>Ada Example</metadata>
            <path d="M0 0h1"/></svg>"#;
        let without = without_notes(drawing.as_bytes().to_vec());
        assert!(!holds(&without), "{}", String::from_utf8_lossy(&without));
        assert_eq!(picture::shown(&without), Ok(Kind::Svg));
        assert!(String::from_utf8_lossy(&without).contains("M0 0h1"));
    }

    #[test]
    fn other_content_and_damaged_pictures_stay_as_they_are() {
        for content in [
            b"%PDF-1.7".to_vec(),
            b"\x89PNG\r\n\x1a\nnonsense".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(without_notes(content.clone()), content);
        }
    }
}
