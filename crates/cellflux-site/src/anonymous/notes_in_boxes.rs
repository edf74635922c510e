//! AVIF and MP4 without notes: EXIF and XMP of pictures, titles, places and programs of videos. Both are made
//! of boxes (ISO/IEC 14496-12; pictures: 23008-12), whose places are counted from the file's beginning. So a
//! note is overwritten where it stands, and the file keeps its length.

use std::ops::Range;

use super::notes_in_pictures::big;

/// EXIF without a field: where its header begins, the header, an empty list. Decoders expect a header there.
const NO_EXIF: &[u8] = b"\0\0\0\0II*\0\x08\0\0\0\0\0\0\0\0\0";

/// A box that holds nothing.
const FREE: &[u8; 4] = b"free";

/// A box: its name, where it begins, and where its content is.
struct Boxed {
    name: [u8; 4],
    start: usize,
    body: Range<usize>,
}

/// Whether content is made of boxes.
pub(super) fn is_boxes(content: &[u8]) -> bool {
    content.get(4..8) == Some(b"ftyp")
}

/// The file without its notes; none where its boxes cannot be followed.
pub(super) fn without(content: &[u8]) -> Option<Vec<u8>> {
    let mut kept = content.to_vec();
    for outer in boxes(content, 0..content.len())? {
        match &outer.name {
            b"moov" => of_video(content, &outer, &mut kept)?,
            b"meta" => of_items(content, &outer, &mut kept)?,
            b"udta" | b"uuid" | b"free" | b"skip" => empty(&outer, &mut kept)?,
            _ => {}
        }
    }
    Some(kept)
}

/// The boxes of a part of the file, one after the other.
fn boxes(content: &[u8], part: Range<usize>) -> Option<Vec<Boxed>> {
    let mut found = Vec::new();
    let mut at = part.start;
    while at < part.end {
        let name: [u8; 4] = content.get(at + 4..at + 8)?.try_into().ok()?;
        let (head, length) = match big(content, at)? {
            0 => (8, part.end - at),
            1 => (16, number(content, at + 8, 8)?),
            length => (8, length),
        };
        let end = at.checked_add(length)?;
        if length < head || end > part.end {
            return None;
        }
        found.push(Boxed {
            name,
            start: at,
            body: at + head..end,
        });
        at = end;
    }
    Some(found)
}

/// Makes a box one that holds nothing.
fn empty(note: &Boxed, kept: &mut [u8]) -> Option<()> {
    kept.get_mut(note.start + 4..note.start + 8)?
        .copy_from_slice(FREE);
    kept.get_mut(note.body.clone())?.fill(0);
    Some(())
}

/// Empties what a film and its tracks say of themselves.
fn of_video(content: &[u8], around: &Boxed, kept: &mut [u8]) -> Option<()> {
    for inner in boxes(content, around.body.clone())? {
        match &inner.name {
            b"udta" | b"meta" | b"uuid" | b"free" | b"skip" => empty(&inner, kept)?,
            // Of a film only: no track holds another.
            b"trak" if around.name == *b"moov" => of_video(content, &inner, kept)?,
            _ => {}
        }
    }
    Some(())
}

/// Overwrites the EXIF and the XMP that a picture's list of items names; a box without such a list is a note.
fn of_items(content: &[u8], around: &Boxed, kept: &mut [u8]) -> Option<()> {
    // Version and flags come first.
    let inner = boxes(content, around.body.start + 4..around.body.end)?;
    let of = |name: &[u8; 4]| inner.iter().find(|inner| inner.name == *name);
    let Some(infos) = of(b"iinf") else {
        return empty(around, kept);
    };
    let notes = notes(content, infos)?;
    if notes.is_empty() {
        return Some(());
    }
    let own = of(b"idat").map(|data| data.body.clone());
    for (id, place) in places(content, of(b"iloc")?, own.as_ref())? {
        let Some(is_exif) = notes.iter().find(|(note, _)| *note == id).map(|(_, exif)| *exif) else {
            continue;
        };
        let note = kept.get_mut(place)?;
        note.fill(0);
        if is_exif && let Some(start) = note.get_mut(..NO_EXIF.len()) {
            start.copy_from_slice(NO_EXIF);
        }
    }
    Some(())
}

/// The items that are notes: their numbers, and whether each is EXIF.
fn notes(content: &[u8], infos: &Boxed) -> Option<Vec<(usize, bool)>> {
    let at = infos.body.start;
    let first = at + if *content.get(at)? == 0 { 6 } else { 8 };
    let mut found = Vec::new();
    for info in boxes(content, first..infos.body.end)? {
        let at = info.body.start;
        // Items without a kind are of files before AVIF.
        let (id, kind) = match *content.get(at)? {
            2 => (number(content, at + 4, 2)?, at + 8),
            3 => (number(content, at + 4, 4)?, at + 10),
            _ => continue,
        };
        match content.get(kind..kind + 4)? {
            b"Exif" => found.push((id, true)),
            b"mime" => found.push((id, false)),
            _ => {}
        }
    }
    Some(found)
}

/// Where the items lie in the file, by number; `own` is the data inside of the list itself.
fn places(content: &[u8], list: &Boxed, own: Option<&Range<usize>>) -> Option<Vec<(usize, Range<usize>)>> {
    let start = list.body.start;
    let version = *content.get(start)?;
    let [first, second] = *content.get(start + 4..start + 6)? else {
        return None;
    };
    let (offset_size, length_size) = (usize::from(first >> 4), usize::from(first & 15));
    let (base_size, index_size) = (usize::from(second >> 4), usize::from(second & 15));
    let id_size = if version < 2 { 2 } else { 4 };
    let mut at = start + 6;
    let mut next = |size: usize| {
        let value = number(content, at, size)?;
        at += size;
        Some(value)
    };
    let mut found = Vec::new();
    for _ in 0..next(id_size)? {
        let id = next(id_size)?;
        let from = if version == 0 { 0 } else { next(2)? & 15 };
        // Another file's data are not in this one.
        if next(2)? != 0 {
            return None;
        }
        let base = next(base_size)?;
        for _ in 0..next(2)? {
            if version > 0 {
                next(index_size)?;
            }
            let (offset, length) = (next(offset_size)?, next(length_size)?);
            let begin = match from {
                0 => 0,
                1 => own?.start,
                _ => return None,
            };
            let begin = begin.checked_add(base)?.checked_add(offset)?;
            // No length means all that follows.
            if length == 0 {
                return None;
            }
            found.push((id, begin..begin.checked_add(length)?));
        }
    }
    Some(found)
}

/// A number of up to eight bytes, the largest first.
fn number(content: &[u8], at: usize, size: usize) -> Option<usize> {
    let bytes = content.get(at..at.checked_add(size)?)?;
    let value = bytes.iter().try_fold(0_u64, |value, byte| {
        Some(value.checked_mul(256)? | u64::from(*byte))
    })?;
    usize::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &[u8] = b"Ada Example";

    fn boxed(name: &[u8], inside: &[u8]) -> Vec<u8> {
        [&(8 + inside.len() as u32).to_be_bytes()[..], name, inside].concat()
    }

    fn holds(content: &[u8]) -> bool {
        content.windows(NAME.len()).any(|part| part == NAME)
    }

    #[test]
    fn a_film_loses_titles_and_places_and_every_other_byte_stays_where_it_was() {
        let head = boxed(b"ftyp", b"isom\0\0\0\0");
        let note = boxed(b"udta", NAME);
        let track = boxed(b"trak", &[boxed(b"tkhd", b"12345678"), note.clone()].concat());
        let film = boxed(b"moov", &[boxed(b"mvhd", b"12345678"), track, note].concat());
        let data = boxed(b"mdat", b"frames");
        let noted = [head, film, boxed(b"uuid", NAME), data].concat();
        let kept = without(&noted).unwrap();
        assert!(holds(&noted) && !holds(&kept));
        assert_eq!(kept.len(), noted.len());
        for part in [b"frames".as_slice(), b"mvhd12345678", b"tkhd12345678"] {
            let at = |content: &[u8]| content.windows(part.len()).position(|found| found == part);
            assert_eq!(at(&kept), at(&noted));
        }
        assert_eq!(without(&noted[..noted.len() - 1]), None);
    }

    #[test]
    fn a_picture_s_exif_is_emptied_where_its_list_says_and_its_pixels_stay() {
        let exif = [b"\0\0\0\0II*\0".as_slice(), NAME].concat();
        let info = |id: u8, kind: &[u8; 4]| {
            boxed(
                b"infe",
                &[b"\x02\0\0\0\0".as_slice(), &[id], b"\0\0", kind, b"\0"].concat(),
            )
        };
        let infos = [info(1, b"av01"), info(2, b"Exif")].concat();
        let infos = boxed(b"iinf", &[b"\0\0\0\0\0\x02".as_slice(), &infos].concat());
        let item = |id: u8, at: u32, length: usize| {
            let length = length as u32;
            [&[0, id, 0, 0, 0, 1][..], &at.to_be_bytes(), &length.to_be_bytes()].concat()
        };
        for brand in [b"avif", b"heic"] {
            let head = boxed(b"ftyp", brand);
            let whole = |pixels_at: u32| {
                let list = [
                    b"\0\0\0\0\x44\0\0\x02".as_slice(),
                    &item(1, pixels_at, 6),
                    &item(2, pixels_at + 6, exif.len()),
                ]
                .concat();
                let meta = [b"\0\0\0\0".as_slice(), &infos, &boxed(b"iloc", &list)].concat();
                [
                    head.clone(),
                    boxed(b"meta", &meta),
                    boxed(b"mdat", b"pixels"),
                    exif.clone(),
                ]
                .concat()
            };
            // The name stands after the pixels, in the last box.
            let length = whole(0).len() - exif.len() - 6;
            let mut noted = whole(length as u32);
            let data = length - 8;
            noted[data..data + 4].copy_from_slice(&(14 + exif.len() as u32).to_be_bytes());
            let kept = without(&noted).unwrap();
            assert!(holds(&noted) && !holds(&kept));
            assert_eq!(kept[length..length + 6], *b"pixels");
            assert_eq!(kept[length + 6..length + 6 + NO_EXIF.len()], *NO_EXIF);
            assert_eq!(kept[..length], noted[..length]);
        }
    }
}
