//! Files that a visitor drops on the page.

use cellflux_image::picture::Limits;
use cellflux_image::{ImageSpec, assign, coded_png, decode::decode_within, preview};
use cellflux_microscope::{LARGEST_UM, Resolution, SMALLEST_UM, Told};

use crate::Outcome;

/// Small enough that a case takes no longer than its parsing.
const LIMITS: Limits = Limits {
    side: 1024,
    planes: 16,
    numbers: 1 << 20,
};

/// Any picture: decoded, its channels guessed by names and by colours, its planes drawn small.
pub fn any(input: &[u8]) -> Outcome {
    let picture = decode_within("input", input, &LIMITS).map_err(|error| error.to_string())?;
    for plane in &picture.planes {
        let preview = preview::plane(plane, 32);
        assert!(
            preview.picture.width <= 32 && preview.picture.height <= 32,
            "a preview larger than asked for"
        );
        if let Some(colour) = plane.colour {
            assert!(colour.rgb() != [0; 3] && !colour.name().is_empty(), "{colour:?}");
        }
    }
    let spec = ImageSpec::bbbc021(16, 16);
    let pictures = std::slice::from_ref(&picture);
    assign::suggest(pictures, &spec)
        .and_then(|_| assign::suggest_with_colours(pictures, &spec))
        .map(|suggestion| {
            let mut found = suggestion.by_colour.iter().zip(&suggestion.guessed);
            assert!(
                found.all(|(&by_colour, &guess)| guess || !by_colour),
                "what a colour says is taken for sure"
            );
        })
        .map_err(|error| error.to_string())
}

/// A PNG, once as it is and once with checksums that agree, so that changed chunks are read too.
pub fn png(input: &[u8]) -> Outcome {
    let made_good = with_checksums(input);
    let spec = ImageSpec::plain(3, 8, 8);
    if let Ok(coded) = coded_png::read(&spec, "input", &made_good) {
        assert_eq!(coded.len(), spec.len(), "a coded crop of another size");
    }
    // The first answer is of the checksums, mostly.
    let _ = any(input);
    any(&made_good)
}

fn with_checksums(png: &[u8]) -> Vec<u8> {
    let mut made_good = png.to_vec();
    let mut at = 8;
    while let Some(length) = png
        .get(at..at + 4)
        .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
    {
        let length = u32::from_be_bytes(length) as usize;
        let Some(content) = png.get(at + 4..at + 8 + length) else {
            break;
        };
        let checksum = crc32fast::hash(content).to_be_bytes();
        let behind = at + 8 + length;
        if let Some(place) = made_good.get_mut(behind..behind + 4) {
            place.copy_from_slice(&checksum);
        }
        at = behind + 4;
    }
    made_good
}

/// A description, in a TIFF of three pages of 4 x 4 px that is otherwise in order.
pub fn description(input: &[u8]) -> Outcome {
    any(&tiff_with_description(input))
}

/// A description beside the resolution that its first 17 bytes are: a unit and two fractions. The size of a
/// pixel is one that can be, or none, and each refusal is a sentence.
pub fn microscope(input: &[u8]) -> Outcome {
    let (head, text) = input.split_at_checked(17).unwrap_or((&[], input));
    let mut words = head.get(1..).unwrap_or_default().chunks_exact(4);
    let mut word = || {
        let bytes = words.next().and_then(|word| <[u8; 4]>::try_from(word).ok());
        f64::from(bytes.map_or(0, u32::from_le_bytes))
    };
    let resolution = Resolution {
        across: word() / word(),
        down: word() / word(),
        unit: u64::from(head.first().copied().unwrap_or_default()),
    };
    let told = Told::of(&String::from_utf8_lossy(text), Some(resolution));
    if let Some(pixel) = told.scale.pixel {
        assert!((SMALLEST_UM..=LARGEST_UM).contains(&pixel.um()), "{pixel:?}");
    }
    let sentences: Vec<String> = told.scale.untaken.iter().map(ToString::to_string).collect();
    if sentences.is_empty() {
        Ok(())
    } else {
        Err(sentences.join("; "))
    }
}

/// Three pages of 16-bit grey that share their pixels; the first page carries the description.
fn tiff_with_description(text: &[u8]) -> Vec<u8> {
    const SIDE: u32 = 4;
    const PIXELS: u32 = 8;
    let mut tiff = b"II*\0".to_vec();
    let text_at = PIXELS + 2 * SIDE * SIDE;
    let first = text_at + text.len() as u32 + 1;
    let first = first + first % 2;
    tiff.extend(first.to_le_bytes());
    tiff.extend((0..SIDE * SIDE).flat_map(|i| (i as u16 * 97).to_le_bytes()));
    tiff.extend(text);
    tiff.resize(first as usize, 0);
    for page in 0..3 {
        let mut entries: Vec<[u32; 4]> = vec![
            [256, 4, 1, SIDE],
            [257, 4, 1, SIDE],
            [258, 3, 1, 16],
            [259, 3, 1, 1],
            [262, 3, 1, 1],
            [273, 4, 1, PIXELS],
            [277, 3, 1, 1],
            [278, 4, 1, SIDE],
            [279, 4, 1, 2 * SIDE * SIDE],
        ];
        if page == 0 {
            // Text of up to four bytes stands in the entry itself; padding keeps it out of there.
            let count = (text.len() as u32 + 1).max(5);
            entries.insert(5, [270, 2, count, text_at]);
        }
        tiff.extend((entries.len() as u16).to_le_bytes());
        for [tag, kind, count, value] in &entries {
            tiff.extend((*tag as u16).to_le_bytes());
            tiff.extend((*kind as u16).to_le_bytes());
            tiff.extend(count.to_le_bytes());
            tiff.extend(value.to_le_bytes());
        }
        let next = if page < 2 { tiff.len() as u32 + 4 } else { 0 };
        tiff.extend(next.to_le_bytes());
    }
    tiff
}
