//! The colours in which TIFF files say that their planes are shown.

use cellflux_image::Picture;
use cellflux_microscope::PlaneColour;

use super::written::{
    Bytes, Entries, Long, Short, Text, in_four, in_two, names, page, read, three_pages, tiff, with,
};

fn colours(picture: &Picture) -> Vec<Option<[u8; 3]>> {
    picture
        .planes
        .iter()
        .map(|plane| plane.colour.map(PlaneColour::rgb))
        .collect()
}

/// From black to a colour in equal steps: 256 reds, greens and blues.
fn table(rgb: [u8; 3]) -> Vec<u8> {
    rgb.into_iter()
        .flat_map(|full| (0..256u32).map(move |at| (u32::from(full) * at / 255) as u8))
        .collect()
}

/// ImageJ's metadata of one label and these look-up tables.
fn metadata(big_endian: bool, tables: &[Vec<u8>]) -> Entries {
    let (two, four) = (in_two(big_endian), in_four(big_endian));
    let kind = |name: &[u8; 4]| four(u32::from_be_bytes(*name));
    let mut data = [
        kind(b"IJIJ"),
        kind(b"labl"),
        four(1),
        kind(b"luts"),
        four(tables.len() as u32),
    ]
    .concat();
    let label: Vec<u8> = "first".encode_utf16().flat_map(two).collect();
    let mut counts = vec![data.len() as u32];
    for part in std::iter::once(&label).chain(tables) {
        counts.push(part.len() as u32);
        data.extend(part);
    }
    vec![(50_838, Long(counts)), (50_839, Bytes(data))]
}

/// Four images of 2 x 2 pixels in one directory: two channels of two slices.
fn stack(big_endian: bool, more: Entries) -> Picture {
    let text = "ImageJ=1.54f\nimages=4\nchannels=2\nslices=2\nhyperstack=true\nmode=composite\n";
    let entries = with(page(2, 2, 8), vec![(270, Text(text.into()))]);
    read(&tiff(big_endian, &[5; 16], &[with(entries, more)]))
}

const BLUE: [u8; 3] = [0, 0, 255];
const RED: [u8; 3] = [255, 0, 0];

#[test]
fn imagejs_tables_colour_each_channel_of_a_stack() {
    for big_endian in [false, true] {
        let tables = [table(BLUE), table(RED)];
        let picture = stack(big_endian, metadata(big_endian, &tables));
        assert_eq!(
            colours(&picture),
            [BLUE, RED, BLUE, RED].map(Some),
            "big endian {big_endian}"
        );
        assert_eq!(names(&picture)[0], Some("first"));
    }
    // ImageJ's own choice of colours for a composite is not in the file.
    assert_eq!(colours(&stack(false, Vec::new())), [None; 4]);
}

#[test]
fn tables_that_are_no_colour_damaged_or_missing_hinder_nothing() {
    let inverted: Vec<u8> = table([255; 3]).into_iter().map(|part| 255 - part).collect();
    let of = |tables: &[Vec<u8>]| colours(&stack(false, metadata(false, tables)));
    let second = [None, Some(RED), None, Some(RED)];
    assert_eq!(of(&[inverted, table(RED)]), second);
    assert_eq!(of(&[vec![7; 5], table(RED)]), second);
    assert_eq!(of(&[Vec::new(), table(RED)]), second);
    assert_eq!(of(&[table(BLUE)]), [Some(BLUE), None, Some(BLUE), None]);
    // Lengths that lead beyond the metadata.
    let beyond = with(
        metadata(false, &[table(BLUE), table(RED)]),
        vec![(50_838, Long(vec![20, 10, u32::MAX, 768]))],
    );
    assert_eq!(colours(&stack(false, beyond)), [None; 4]);
}

#[test]
fn a_palette_that_only_shows_values_is_the_planes_colour() {
    let map: Vec<u16> = table(BLUE)
        .into_iter()
        .map(|part| 257 * u16::from(part))
        .collect();
    let shown = with(
        page(2, 2, 8),
        vec![(262, Short(vec![3])), (320, Short(map.clone()))],
    );
    assert_eq!(colours(&read(&tiff(false, &[5; 4], &[shown]))), [Some(BLUE)]);
    // A map of another length.
    let odd = with(page(2, 2, 8), vec![(320, Short(map[..700].to_vec()))]);
    assert_eq!(colours(&read(&tiff(false, &[5; 4], &[odd]))), [None]);
    assert_eq!(colours(&read(&tiff(false, &[5; 4], &[page(2, 2, 8)]))), [None]);
}

#[test]
fn ome_xml_colours_the_planes_of_grey_pages_and_no_others() {
    let xml = r#"<OME><Image><Pixels DimensionOrder="XYCZT" SizeC="3" SizeZ="1" SizeT="1"><Channel
        Color="65535"/><Channel Color="out of range"/><Channel Color="-16776961"/><TiffData/></Pixels></Image>
        </OME>"#;
    assert_eq!(colours(&read(&three_pages(xml))), [Some(BLUE), None, Some(RED)]);
    let samples = |photometric: u16| {
        let entries = vec![
            (258, Short(vec![8; 3])),
            (262, Short(vec![photometric])),
            (270, Text(xml.into())),
            (277, Short(vec![3])),
            (279, Long(vec![12])),
        ];
        colours(&read(&tiff(false, &[5; 12], &[with(page(2, 2, 8), entries)])))
    };
    // Three samples of one pixel are three channels, unless they are colours themselves.
    assert_eq!(samples(1), [Some(BLUE), None, Some(RED)]);
    assert_eq!(samples(2), [None; 3]);
}
