//! Whether browsers play a video: its container, and the codec that its container names.

/// Codecs of MP4 that every browser plays, and what others are called.
const PLAYED: [&[u8]; 5] = [b"avc1", b"avc3", b"av01", b"vp09", b"vp08"];
const NOT_PLAYED: [(&[u8], &str); 8] = [
    (b"hvc1", "HEVC"),
    (b"hev1", "HEVC"),
    (b"mp4v", "MPEG-4 part 2"),
    (b"apch", "ProRes"),
    (b"apcn", "ProRes"),
    (b"ap4h", "ProRes"),
    (b"jpeg", "Motion JPEG"),
    (b"mjpa", "Motion JPEG"),
];
const EXPECTED: &str =
    "expected MP4 with H.264 or AV1, or WebM (`ffmpeg -i in -c:v libx264 -pix_fmt yuv420p out.mp4`)";

/// The extension of a video that browsers play.
///
/// # Errors
/// What it is instead.
pub fn played(content: &[u8]) -> Result<&'static str, String> {
    if content.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        let head = content.get(..content.len().min(64)).unwrap_or_default();
        return if head.windows(4).any(|part| part == b"webm") {
            Ok("webm")
        } else {
            Err(format!("Matroska, which not every browser plays: {EXPECTED}"))
        };
    }
    if content.get(4..8) == Some(b"ftyp") {
        let moov = find(content, &[b"moov"])?
            .ok_or_else(|| format!("a damaged or unfinished MP4 (no list of its frames), {EXPECTED}"))?;
        let codecs = codecs(moov)?;
        if codecs.iter().any(|codec| PLAYED.contains(&codec.as_slice())) {
            return Ok("mp4");
        }
        let names: Vec<String> = codecs
            .iter()
            .map(|codec| {
                NOT_PLAYED
                    .iter()
                    .find(|(known, _)| *known == codec.as_slice())
                    .map_or_else(
                        || String::from_utf8_lossy(codec).into_owned(),
                        |(_, name)| (*name).to_owned(),
                    )
            })
            .collect();
        return Err(if names.is_empty() {
            format!("an MP4 without a picture track, {EXPECTED}")
        } else {
            format!(
                "coded as {}, which not every browser plays: {EXPECTED}",
                names.join(", ")
            )
        });
    }
    let found = match content {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => "AVI",
        [b'G', b'I', b'F', b'8', ..] => "a GIF, which the component `figure` shows",
        [b'O', b'g', b'g', b'S', ..] => "Ogg",
        [0x30, 0x26, 0xb2, 0x75, ..] => "Windows Media",
        [0, 0, 1, 0xba | 0xb3, ..] => "MPEG-1 or MPEG-2",
        [b'F', b'L', b'V', ..] => "Flash video",
        [] => "empty",
        _ => "not a video that browsers play",
    };
    Err(format!("{found}: {EXPECTED}"))
}

/// A box's name and content.
type Boxed<'a> = (&'a [u8], &'a [u8]);

/// The boxes, one after the other.
fn boxes(mut rest: &[u8]) -> Result<Vec<Boxed<'_>>, String> {
    let cut = || format!("a damaged MP4 (cut off), {EXPECTED}");
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (Some(size), Some(name)) = (rest.first_chunk::<4>(), rest.get(4..8)) else {
            return Err(cut());
        };
        let (start, size) = match u32::from_be_bytes(*size) {
            0 => (8, rest.len() as u64),
            1 => {
                let long = rest.get(8..).and_then(<[u8]>::first_chunk::<8>).ok_or_else(cut)?;
                (16, u64::from_be_bytes(*long))
            }
            size => (8, u64::from(size)),
        };
        let end = usize::try_from(size).map_err(|_| cut())?;
        let inside = rest.get(start..end).ok_or_else(cut)?;
        found.push((name, inside));
        rest = rest.get(end..).unwrap_or_default();
    }
    Ok(found)
}

/// The first box along a path of names.
fn find<'a>(content: &'a [u8], way: &[&[u8]]) -> Result<Option<&'a [u8]>, String> {
    let mut here = content;
    for name in way {
        match boxes(here)?.into_iter().find(|(found, _)| found == name) {
            Some((_, inside)) => here = inside,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// The codecs of the picture tracks.
fn codecs(moov: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut codecs = Vec::new();
    for (_, track) in boxes(moov)?.into_iter().filter(|(name, _)| *name == b"trak") {
        let handler = find(track, &[b"mdia", b"hdlr"])?;
        if handler.and_then(|handler| handler.get(8..12)) != Some(b"vide") {
            continue;
        }
        // The list of descriptions begins with its version and its length.
        let list = find(track, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
        if let Some(list) = list.and_then(|list| list.get(8..)) {
            codecs.extend(boxes(list)?.into_iter().map(|(name, _)| name.to_vec()));
        }
    }
    Ok(codecs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: [u8; 4], inside: &[u8]) -> Vec<u8> {
        let mut bytes = (8 + inside.len() as u32).to_be_bytes().to_vec();
        bytes.extend(name);
        bytes.extend(inside);
        bytes
    }

    fn mp4(codec: [u8; 4]) -> Vec<u8> {
        let list = [&[0; 8][..], &boxed(codec, &[0; 70])].concat();
        let table = boxed(*b"minf", &boxed(*b"stbl", &boxed(*b"stsd", &list)));
        let handler = boxed(*b"hdlr", b"\0\0\0\0\0\0\0\0vide\0\0\0\0");
        let media = boxed(*b"mdia", &[handler, table].concat());
        [
            boxed(*b"ftyp", b"isom\0\0\0\0"),
            boxed(*b"mdat", &[1; 100]),
            boxed(*b"moov", &boxed(*b"trak", &media)),
        ]
        .concat()
    }

    #[test]
    fn a_video_is_known_by_its_codec_and_what_browsers_do_not_play_is_named() {
        assert_eq!(played(&mp4(*b"avc1")), Ok("mp4"));
        assert_eq!(played(b"\x1a\x45\xdf\xa3\x01\x42\x82\x84webm"), Ok("webm"));
        for (content, expected) in [
            (mp4(*b"hvc1"), "HEVC"),
            (mp4(*b"mp4v"), "MPEG-4 part 2"),
            (b"RIFF\0\0\0\0AVI LIST".to_vec(), "AVI"),
            (b"OggS".to_vec(), "Ogg"),
            (b"not a video".to_vec(), "not a video that browsers play"),
            (Vec::new(), "empty"),
            (boxed(*b"ftyp", b"isom"), "unfinished"),
        ] {
            let error = played(&content).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let mut cut = mp4(*b"avc1");
        cut.truncate(60);
        assert!(played(&cut).unwrap_err().contains("cut off"));
    }
}
