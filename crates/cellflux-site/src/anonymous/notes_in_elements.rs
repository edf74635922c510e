//! `WebM` without notes: its tags, its attachments, and its title. It is made of elements (EBML, RFC 8794;
//! Matroska, RFC 9559), whose places other elements name. So a note is overwritten where it stands, and the
//! file keeps its length.

use std::ops::Range;

const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_a966;
const TAGS: u64 = 0x1254_c367;
const ATTACHMENTS: u64 = 0x1941_a469;
/// Of the information: the title, and the name of the file that it was.
const TITLE: u64 = 0x7ba9;
const FILE_NAME: u64 = 0x7384;

/// An element that holds nothing, with a length of eight bytes.
const VOID: u8 = 0xec;
const VOID_HEAD: usize = 9;

/// An element: its name, where it begins, and where its content is.
struct Element {
    name: u64,
    start: usize,
    body: Range<usize>,
}

/// Whether content is made of elements.
pub(super) fn is_elements(content: &[u8]) -> bool {
    content.starts_with(b"\x1a\x45\xdf\xa3")
}

/// The file without its notes; none where its elements cannot be followed.
pub(super) fn without(content: &[u8]) -> Option<Vec<u8>> {
    let mut kept = content.to_vec();
    let outer = elements(content, 0..content.len())?;
    let segment = outer.into_iter().find(|element| element.name == SEGMENT)?;
    for element in elements(content, segment.body)? {
        match element.name {
            TAGS | ATTACHMENTS => void(&element, &mut kept)?,
            INFO => {
                for inner in elements(content, element.body)? {
                    if matches!(inner.name, TITLE | FILE_NAME) {
                        // A text ends at its first zero.
                        kept.get_mut(inner.body)?.fill(0);
                    }
                }
            }
            _ => {}
        }
    }
    Some(kept)
}

/// The elements of a part of the file, one after the other. One without a length goes on to the end.
fn elements(content: &[u8], part: Range<usize>) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    let mut at = part.start;
    while at < part.end {
        let (name, name_length) = number(content, at)?;
        let (length, length_length) = number(content, at + name_length)?;
        let body = at + name_length + length_length;
        // The highest bit says how many bytes there are; ones in all others say that there is no length.
        let mask = (1_u64 << (7 * length_length)) - 1;
        let end = if length & mask == mask {
            part.end
        } else {
            body.checked_add(usize::try_from(length & mask).ok()?)?
        };
        if end > part.end {
            return None;
        }
        found.push(Element {
            name,
            start: at,
            body: body..end,
        });
        at = end;
    }
    Some(found)
}

/// A number whose first byte says how many bytes it has, with this mark; and how many these are.
fn number(content: &[u8], at: usize) -> Option<(u64, usize)> {
    let length = content.get(at)?.leading_zeros() as usize + 1;
    if length > 8 {
        return None;
    }
    let bytes = content.get(at..at + length)?;
    let value = bytes
        .iter()
        .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    Some((value, length))
}

/// Makes an element one that holds nothing. One without room for that stays, and so does the file.
fn void(note: &Element, kept: &mut [u8]) -> Option<()> {
    let whole = kept.get_mut(note.start..note.body.end)?;
    let length = u64::try_from(whole.len().checked_sub(VOID_HEAD)?).ok()?;
    whole.fill(0);
    let head = whole.get_mut(..VOID_HEAD)?;
    let (name, size) = head.split_first_mut()?;
    *name = VOID;
    size.copy_from_slice(&(length | (1 << 56)).to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &[u8] = b"Ada Example";

    fn element(name: &[u8], inside: &[u8]) -> Vec<u8> {
        [name, &[0x80 | inside.len() as u8], inside].concat()
    }

    fn video() -> Vec<u8> {
        let title = element(b"\x7b\xa9", NAME);
        let inside = [
            element(b"\x15\x49\xa9\x66", &title),
            element(b"\x12\x54\xc3\x67", NAME),
            element(b"\x1f\x43\xb6\x75", b"frames"),
        ]
        .concat();
        let head = element(b"\x1a\x45\xdf\xa3", b"webm");
        [head, element(b"\x18\x53\x80\x67", &inside)].concat()
    }

    #[test]
    fn a_video_loses_title_and_tags_and_its_frames_stay_where_they_were() {
        let noted = video();
        let kept = without(&noted).unwrap();
        let holds = |content: &[u8]| content.windows(NAME.len()).any(|part| part == NAME);
        assert!(holds(&noted) && !holds(&kept));
        assert_eq!(kept.len(), noted.len());
        assert!(kept.ends_with(b"frames"));
        // What is left is made of elements still, of which one holds nothing.
        let outer = elements(&kept, 0..kept.len()).unwrap();
        let inner = elements(&kept, outer[1].body.clone()).unwrap();
        let names: Vec<u64> = inner.iter().map(|element| element.name).collect();
        assert_eq!(names, [INFO, u64::from(VOID), 0x1f43_b675]);
    }

    #[test]
    fn a_video_that_is_cut_off_stays_as_it_is() {
        let noted = video();
        assert_eq!(without(&noted[..noted.len() - 1]), None);
    }
}
