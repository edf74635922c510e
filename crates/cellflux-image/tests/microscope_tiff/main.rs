//! TIFF files as microscopes, Fiji and other programs write them, made here entry by entry.
// Helpers of tests may stop a test as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod colours;
mod scale;
mod written;

use cellflux_image::assign::Basis;
use cellflux_image::decode;
use cellflux_image::picture::Depth;
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder};

use written::{
    Bytes, Entries, Long, Short, Text, assigned, in_four, in_two, names, page, read, refusal, three_pages,
    tiff, with, without,
};

fn ome(tail: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1"><Image ID="Image:0">
        <Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8"
        SizeX="2" SizeY="2" SizeZ="1" SizeC="3" SizeT="1">
        <Channel ID="Channel:0:0" Name="DNA"/><Channel ID="Channel:0:1" Name="beta-tubulin"/>
        <Channel ID="Channel:0:2" Name="F-actin"/>
        {tail}</Pixels></Image></OME>"#
    )
}

#[test]
fn channel_names_of_ome_xml_assign_the_channels() {
    let picture = read(&three_pages(&ome("<TiffData/>")));
    assert_eq!(
        names(&picture),
        [Some("DNA"), Some("beta-tubulin"), Some("F-actin")]
    );
    assert_eq!(assigned(picture), (Basis::Names, vec![3.0, 2.0, 1.0]));
    assert_eq!(
        assigned(read(&three_pages(&ome("")))),
        (Basis::Names, vec![3.0, 2.0, 1.0])
    );
    // The directories are not in the channels' order; a plane in another file is not one of this file.
    let turned = ome(
        r#"<TiffData IFD="2" FirstC="0"/><TiffData IFD="0" FirstC="1" PlaneCount="1"/>
           <TiffData IFD="1" FirstC="2"/>
           <TiffData IFD="0" FirstC="0"><UUID FileName="b.tif">urn:uuid:2</UUID></TiffData>"#,
    );
    let picture = read(&three_pages(&turned));
    assert_eq!(
        names(&picture),
        [Some("beta-tubulin"), Some("F-actin"), Some("DNA")]
    );
    assert_eq!(assigned(picture), (Basis::Names, vec![2.0, 1.0, 3.0]));
}

#[test]
fn planes_of_a_depth_stack_are_told_apart_by_slice() {
    let text = ome("")
        .replace(r#"SizeZ="1""#, r#"SizeZ="3""#)
        .replace("XYZCT", "XYCZT");
    let xml = text.replace(
        r#"<Channel ID="Channel:0:1" Name="beta-tubulin"/>
        <Channel ID="Channel:0:2" Name="F-actin"/>"#,
        "",
    );
    let picture = read(&three_pages(&xml));
    assert_eq!(
        names(&picture),
        [Some("DNA, slice 1"), Some("DNA, slice 2"), Some("DNA, slice 3")]
    );
}

#[test]
fn xml_that_is_damaged_or_grows_names_nothing_and_hinders_nothing() {
    for text in [
        "<OME",
        "<OME><Image/></OME>",
        "<OME><Image><Pixels DimensionOrder='' SizeC='99999999999999999999'><TiffData \
        IFD='18446744073709551615'/></Pixels></Image></OME>",
        "<OME><Image><Pixels SizeC='18446744073709551615' SizeZ='18446744073709551615'><TiffData FirstC='9' \
        FirstZ='18446744073709551615'/></Pixels></Image></OME>",
        "<!DOCTYPE OME [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><OME>&b;</OME>",
    ] {
        let picture = read(&three_pages(text));
        assert_eq!(names(&picture), [None, None, None], "{text}");
    }
}

/// ImageJ's metadata: labels as UTF-16 in the file's byte order.
fn imagej_labels(big_endian: bool, labels: &[&str]) -> Entries {
    let (two, four) = (in_two(big_endian), in_four(big_endian));
    let mut data = [b"IJIJ", b"info", b"labl"]
        .map(|word| u32::from_be_bytes(*word))
        .map(four)
        .to_vec();
    data.insert(2, four(1));
    data.push(four(labels.len() as u32));
    let mut data = data.concat();
    let mut counts = vec![data.len() as u32];
    for text in ["Info about it"].iter().chain(labels) {
        let part: Vec<u8> = text.encode_utf16().flat_map(two).collect();
        counts.push(part.len() as u32);
        data.extend(part);
    }
    vec![(50_838, Long(counts)), (50_839, Bytes(data))]
}

#[test]
fn a_stack_of_imagej_in_one_directory_gives_every_plane_with_its_label() {
    for big_endian in [false, true] {
        let pixels = [[1u8; 4], [2; 4], [3; 4]].concat();
        let text = "ImageJ=1.54f\nimages=3\nchannels=3\nmode=composite\n";
        let entries = with(page(2, 2, 8), vec![(270, Text(text.into()))]);
        let labels = imagej_labels(big_endian, &["DNA", "tubulin\nsecond line", "c:3/3 - actin"]);
        let picture = read(&tiff(big_endian, &pixels, &[with(entries.clone(), labels)]));
        assert_eq!(
            names(&picture),
            [Some("DNA"), Some("tubulin"), Some("c:3/3 - actin")]
        );
        assert_eq!(assigned(picture), (Basis::Names, vec![3.0, 2.0, 1.0]));
        // Without labels the planes have no names.
        let picture = read(&tiff(big_endian, &pixels, std::slice::from_ref(&entries)));
        assert_eq!((picture.planes.len(), names(&picture)), (3, vec![None; 3]));
        assert_eq!(picture.planes[2].values, [3.0; 4]);
        // Two strips that follow one another are still one page; 16 bits in the file's byte
        // order.
        let strips = vec![
            (273, Long(vec![8, 10])),
            (278, Short(vec![1])),
            (279, Long(vec![2, 2])),
        ];
        let picture = read(&tiff(big_endian, &pixels, &[with(entries.clone(), strips)]));
        assert_eq!(picture.planes[1].values, [2.0; 4]);
        let words: Vec<u8> = (1..=12u16)
            .flat_map(|v| {
                if big_endian {
                    v.to_be_bytes()
                } else {
                    v.to_le_bytes()
                }
            })
            .collect();
        let sixteen = with(entries, vec![(258, Short(vec![16])), (279, Long(vec![8]))]);
        let picture = read(&tiff(big_endian, &words, &[sixteen]));
        assert_eq!(
            (picture.depth, &picture.planes[2].values[..]),
            (Depth::Sixteen, &[9.0, 10.0, 11.0, 12.0][..])
        );
    }
}

#[test]
fn a_stack_that_cannot_be_taken_apart_is_refused_by_name() {
    let stack = |images: usize, changes: Entries| {
        let text = format!("ImageJ=1.54f\nimages={images}\n");
        refusal(&tiff(
            false,
            &[1; 12],
            &[with(with(page(2, 2, 8), vec![(270, Text(text))]), changes)],
        ))
    };
    let short = stack(400, Vec::new());
    assert!(
        short.contains("planes") || short.contains("stack of 400 images"),
        "{short}"
    );
    let short = stack(60, Vec::new());
    assert!(
        short.contains("it says that it is a stack of 60 images and holds"),
        "{short}"
    );
    let packed = stack(3, vec![(259, Short(vec![32_773]))]);
    assert!(
        packed.contains("an ImageJ stack of 3 images in one compressed, tiled or planar page"),
        "{packed}"
    );
    assert!(stack(usize::MAX, Vec::new()).contains("planes"));
    let apart = vec![
        (273, Long(vec![8, 14])),
        (278, Short(vec![1])),
        (279, Long(vec![2, 2])),
    ];
    assert!(stack(2, apart).contains("whose strips do not follow one another"));
}

#[test]
fn a_hyperstack_of_imagej_says_where_each_plane_is() {
    let text = "ImageJ=1.54f\nimages=4\nchannels=2\nslices=2\nhyperstack=true\n";
    let pixels: Vec<u8> = (0..16).collect();
    let picture = read(&tiff(
        false,
        &pixels,
        &[with(page(2, 2, 8), vec![(270, Text(text.into()))])],
    ));
    assert_eq!(
        names(&picture)[1..3],
        [
            Some("channel 2, slice 1, frame 1"),
            Some("channel 1, slice 2, frame 1")
        ]
    );
}

#[test]
fn a_metamorph_stack_gives_every_plane() {
    let planes = Long(vec![0; 6]);
    let pixels = [[1u8; 4], [2; 4], [3; 4]].concat();
    // UIC2Tag counts planes and holds six numbers for each; its type is RATIONAL there, and only its count
    // matters.
    let mut file = tiff(false, &pixels, &[with(page(2, 2, 8), vec![(33_629, planes)])]);
    let entry = file
        .windows(2)
        .rposition(|tag| tag == 33_629u16.to_le_bytes())
        .unwrap();
    file[entry + 2..entry + 8].copy_from_slice(&[5, 0, 3, 0, 0, 0]);
    let picture = read(&file);
    let values: Vec<f32> = picture.planes.iter().map(|plane| plane.values[3]).collect();
    assert_eq!(values, [1.0, 2.0, 3.0]);
    let entry = file
        .windows(2)
        .position(|tag| tag == 259u16.to_le_bytes())
        .unwrap();
    file[entry + 8] = 5;
    assert!(
        refusal(&file).contains("a MetaMorph stack of 3 images in one compressed"),
        "{}",
        refusal(&file)
    );
}

#[test]
fn page_names_stay() {
    let pages = vec![
        with(page(2, 2, 8), vec![(285, Text("DNA".into()))]),
        with(page(2, 2, 8), vec![(285, Text("F-actin".into()))]),
    ];
    assert_eq!(
        names(&read(&tiff(false, &[5; 4], &pages))),
        [Some("DNA"), Some("F-actin")]
    );
}

/// 256 x 1 pixels, 0 to 255, in a palette.
fn in_palette(description: &str, colour: impl Fn(u16) -> [u16; 3]) -> Vec<u8> {
    let pixels: Vec<u8> = (0..=255).collect();
    let map: Vec<u16> = (0..3)
        .flat_map(|part| (0..256).map(|v| colour(v)[part]).collect::<Vec<_>>())
        .collect();
    let entries = with(
        page(256, 1, 8),
        vec![
            (262, Short(vec![3])),
            (320, Short(map)),
            (270, Text(description.into())),
        ],
    );
    tiff(false, &pixels, &[entries])
}

#[test]
fn a_lookup_table_of_fiji_shows_values_and_does_not_change_them() {
    let values: Vec<f32> = (0..256u16).map(f32::from).collect();
    // Green, as Fiji saves an 8-bit channel; and Fire, which is not a ramp, in a file that says it is
    // ImageJ's.
    for file in [
        in_palette("", |v| [0, 257 * v, 0]),
        in_palette("ImageJ=1.54f\n", |v| [257 * (v * 7 % 256), 257 * v, 0]),
    ] {
        let picture = read(&file);
        assert_eq!((picture.planes.len(), picture.depth), (1, Depth::Eight));
        assert_eq!(picture.planes[0].values, values);
    }
    // Colours of a drawing: places in the palette mean nothing by themselves.
    let picture = read(&in_palette("", |v| {
        [257 * (255 - v), 257 * (v * 7 % 256), 257 * 9]
    }));
    assert_eq!(names(&picture), [Some("red"), Some("green"), Some("blue")]);
    assert_eq!(
        [0, 1, 2].map(|part| picture.planes[part].values[3] as u8),
        [252, 21, 9]
    );
    let short = refusal(&tiff(
        false,
        &[0; 4],
        &[with(page(2, 2, 8), vec![(262, Short(vec![3]))])],
    ));
    assert!(
        short.contains("expected one 8-bit sample per pixel and a palette of 256 colours"),
        "{short}"
    );
}

#[test]
fn what_readers_fill_in_is_filled_in() {
    let pixels: Vec<u8> = (0..12).collect();
    let expected: Vec<f32> = (0..12u8).map(f32::from).collect();
    let lengths = without(page(3, 4, 8), 279);
    assert_eq!(
        read(&tiff(false, &pixels, std::slice::from_ref(&lengths))).planes[0].values,
        expected
    );
    let three = with(lengths, vec![(273, Long(vec![8, 14])), (278, Short(vec![2]))]);
    assert_eq!(read(&tiff(false, &pixels, &[three])).planes[0].values, expected);
    let bare = without(without(without(page(3, 4, 8), 262), 277), 278);
    assert_eq!(read(&tiff(false, &pixels, &[bare])).planes[0].values, expected);
    let rgb = with(
        without(page(2, 2, 8), 262),
        vec![
            (258, Short(vec![8; 3])),
            (277, Short(vec![3])),
            (279, Long(vec![12])),
        ],
    );
    let picture = read(&tiff(false, &pixels, &[rgb]));
    assert_eq!(names(&picture), [Some("red"), Some("green"), Some("blue")]);
    assert_eq!(picture.planes[2].values, [2.0, 5.0, 8.0, 11.0]);
    // PackBits: a strip's length is up to the next strip, or to the file's end.
    let packed = [&[2u8, 0, 1, 2, 2, 3, 4, 5][..], &[2, 6, 7, 8, 2, 9, 10, 11]].concat();
    let entries = with(
        without(page(3, 4, 8), 279),
        vec![
            (259, Short(vec![32_773])),
            (273, Long(vec![8, 16])),
            (278, Short(vec![2])),
        ],
    );
    assert_eq!(read(&tiff(false, &packed, &[entries])).planes[0].values, expected);
}

#[test]
fn five_samples_that_are_called_rgb_are_five_channels() {
    let entries = with(
        page(2, 1, 8),
        vec![
            (258, Short(vec![8; 5])),
            (262, Short(vec![2])),
            (277, Short(vec![5])),
            (279, Long(vec![10])),
            (338, Short(vec![0, 0])),
        ],
    );
    let picture = read(&tiff(false, &(0..10).collect::<Vec<u8>>(), &[entries]));
    assert_eq!(picture.planes.len(), 5);
    assert_eq!(picture.planes[4].values, [4.0, 9.0]);
}

#[test]
fn a_thumbnail_is_no_plane_wherever_it_lies() {
    let pixels: Vec<u8> = (0..16).collect();
    let full = page(4, 4, 8);
    for small in [
        vec![(254, Long(vec![1]))],
        vec![(255, Short(vec![2]))],
        vec![(254, Long(vec![4]))],
    ] {
        // A kind that is not read, which a thumbnail may be.
        let small = with(with(page(2, 2, 8), small), vec![(258, Short(vec![1]))]);
        for pages in [[small.clone(), full.clone()], [full.clone(), small.clone()]] {
            let picture = read(&tiff(false, &pixels, &pages));
            assert_eq!((picture.planes.len(), picture.width()), (1, 4));
        }
    }
    let alone = with(page(4, 4, 8), vec![(254, Long(vec![1]))]);
    assert_eq!(read(&tiff(false, &pixels, &[alone])).planes.len(), 1);
}

#[test]
fn a_tiff_is_turned_as_its_orientation_says() {
    let entries = with(page(3, 2, 8), vec![(274, Short(vec![6]))]);
    let picture = read(&tiff(false, &[2, 4, 6, 1, 3, 5], &[entries]));
    assert_eq!((picture.width(), picture.height()), (2, 3));
    assert_eq!(picture.planes[0].values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

/// A JPEG of smooth colours, 16 x 16.
fn jpeg() -> Vec<u8> {
    let pixels: Vec<u8> = (0..256u32)
        .flat_map(|i| [(i % 16 * 15) as u8, (i / 16 * 15) as u8, 90])
        .collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 95)
        .encode(&pixels, 16, 16, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

fn of_jpegs(strips: &[&[u8]], width: u16, height: u16) -> Vec<u8> {
    let starts = strips.iter().scan(8u32, |at, strip| {
        let start = *at;
        *at += strip.len() as u32;
        Some(start)
    });
    let entries = with(
        page(width, height, 8),
        vec![
            (258, Short(vec![8; 3])),
            (259, Short(vec![7])),
            (262, Short(vec![6])),
            (273, Long(starts.collect())),
            (277, Short(vec![3])),
            (278, Short(vec![height / strips.len() as u16])),
            (279, Long(strips.iter().map(|strip| strip.len() as u32).collect())),
        ],
    );
    tiff(false, &strips.concat(), &[entries])
}

#[test]
fn jpeg_in_tiff_has_the_colours_of_the_jpeg() {
    let jpeg = jpeg();
    let (direct, within) = (decode("a.jpg", &jpeg).unwrap(), read(&of_jpegs(&[&jpeg], 16, 16)));
    assert_eq!(names(&within), [Some("red"), Some("green"), Some("blue")]);
    for (a, b) in direct.planes.iter().zip(&within.planes) {
        let furthest = a
            .values
            .iter()
            .zip(&b.values)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(furthest <= 2.0, "{furthest}");
    }
    let two = read(&of_jpegs(&[&jpeg, &jpeg], 16, 32));
    assert_eq!(two.planes[0].values[..256], two.planes[0].values[256..]);
}

#[test]
fn strips_that_claim_more_than_their_page_are_refused_before_they_are_decoded() {
    let mut claims = jpeg();
    let frame = claims
        .windows(2)
        .position(|marker| marker == [0xff, 0xc0])
        .unwrap();
    claims[frame + 5..frame + 9].copy_from_slice(&[0x3f, 0xff, 0x3f, 0xff]);
    let sentence = refusal(&of_jpegs(&[&claims], 16, 16));
    assert!(
        sentence.contains("a JPEG of 16383 x 16383 px in a strip or tile of 16 x 16 px"),
        "{sentence}"
    );
    assert!(refusal(&of_jpegs(&[&[0; 40]], 16, 16)).contains("should be a JPEG and is not"));
    let tiles = |width: u16, height: u16| {
        let entries = vec![
            (256, Short(vec![20])),
            (257, Short(vec![10])),
            (258, Short(vec![8])),
            (259, Short(vec![5])),
            (262, Short(vec![1])),
            (322, Short(vec![width])),
            (323, Short(vec![height])),
            (324, Long(vec![8])),
            (325, Long(vec![8])),
        ];
        refusal(&tiff(false, &[0; 8], &vec![entries; 4]))
    };
    assert!(tiles(60_000, 16).contains("tiles of 60000 x 16 px"));
    assert!(tiles(16_000, 16_000).contains("its tiles are far larger than its pages"));
    // No memory is reserved for pixels that are not in the file.
    let claimed = refusal(&tiff(false, &[0; 4], &[with(page(8000, 8000, 8), Vec::new())]));
    assert!(claimed.contains("fewer samples than it says"), "{claimed}");
}

#[test]
fn what_is_not_read_is_named() {
    let cases: [(Entries, &str); 5] = [
        (vec![(259, Short(vec![6]))], "compressed as JPEG of the old kind"),
        (vec![(259, Short(vec![34_712]))], "compressed as JPEG 2000"),
        (
            vec![
                (262, Short(vec![5])),
                (258, Short(vec![8; 4])),
                (277, Short(vec![4])),
            ],
            "CMYK colours",
        ),
        (
            vec![
                (262, Short(vec![8])),
                (258, Short(vec![8; 3])),
                (277, Short(vec![3])),
            ],
            "L*a*b* colours",
        ),
        (vec![(262, Short(vec![4]))], "a transparency mask"),
    ];
    for (changes, part) in cases {
        let sentence = refusal(&tiff(false, &[0; 40], &[with(page(2, 2, 8), changes)]));
        assert!(
            sentence.contains(part) && sentence.contains("expected"),
            "{sentence}"
        );
    }
}

#[test]
fn directories_that_lead_in_a_circle_or_lie_are_refused() {
    let mut circle = tiff(false, &[0; 4], &[page(2, 2, 8), page(2, 2, 8)]);
    let end = circle.len();
    let first = 8u32 + 4;
    circle[end - 4..].copy_from_slice(&first.to_le_bytes());
    assert!(
        refusal(&circle).contains("lead in a circle"),
        "{}",
        refusal(&circle)
    );
    let mut many = tiff(false, &[0; 4], &[page(2, 2, 8)]);
    many[12..14].copy_from_slice(&[0xff, 0xff]);
    assert!(refusal(&many).contains("within a directory"));
    let mut big = b"II+\0\x08\0\0\0".to_vec();
    big.extend([0xff; 8]);
    assert!(refusal(&big).contains("damaged"));
}

#[test]
fn exif_orientation_of_a_jpeg_and_a_png_is_followed() {
    // 16 x 8: the left half white, the right half black; lying on its right side it is 8 x 16 with the white
    // above.
    let pixels: Vec<u8> = (0..128).map(|i| if i % 16 < 8 { 255 } else { 0 }).collect();
    let exif = |orientation: u8| {
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        exif
    };
    let file = |png: bool, orientation: u8| {
        let mut bytes = Vec::new();
        if png {
            let mut encoder = PngEncoder::new(&mut bytes);
            encoder.set_exif_metadata(exif(orientation)).unwrap();
            encoder
                .write_image(&pixels, 16, 8, ExtendedColorType::L8)
                .unwrap();
        } else {
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 100);
            encoder.set_exif_metadata(exif(orientation)).unwrap();
            encoder.encode(&pixels, 16, 8, ExtendedColorType::L8).unwrap();
        }
        bytes
    };
    for png in [false, true] {
        let upright = decode("a", &file(png, 1)).unwrap();
        assert_eq!((upright.width(), upright.planes[0].values[15]), (16, 0.0));
        let turned = decode("a", &file(png, 6)).unwrap();
        assert_eq!((turned.width(), turned.height()), (8, 16));
        assert!(turned.planes[0].values[..64].iter().all(|&v| v > 250.0));
        assert!(turned.planes[0].values[64..].iter().all(|&v| v < 5.0));
        let over = decode("a", &file(png, 3)).unwrap();
        assert!((over.width(), over.planes[0].values[0]) == (16, 0.0));
    }
}

#[test]
fn microscopes_own_formats_are_named_with_what_to_do() {
    let at = |offset: usize, mark: &[u8]| [vec![0; offset], mark.to_vec(), vec![0; 40]].concat();
    let cases: [(Vec<u8>, &str); 10] = [
        (at(0, b"ZISRAWFILE"), "a CZI file (Zeiss)"),
        (at(0, b"\xda\xce\xbe\x0a"), "an ND2 file (Nikon)"),
        (at(0, b"\x70\0\0\0\x2a"), "a LIF file (Leica)"),
        (at(128, b"DICM"), "a DICOM file"),
        (at(4, b"ftypheic"), "a HEIC picture"),
        (at(4, b"ftypmif1"), "a HEIC picture"),
        (at(4, b"ftypavif"), "an AVIF picture"),
        (
            at(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            "an OIB, ZVI or office file",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            "a Git LFS pointer",
        ),
        (b"FLEX".to_vec(), "a text file"),
    ];
    for (bytes, found) in cases {
        let sentence = decode("x", &bytes).unwrap_err().to_string();
        assert!(sentence.starts_with(&format!("x is {found}")), "{sentence}");
    }
    assert_eq!(
        decode("cells.czi", &at(0, b"ZISRAWFILE"))
            .unwrap_err()
            .to_string(),
        "cells.czi is a CZI file (Zeiss), expected a PNG, JPEG, TIFF or .npy picture; Fiji opens it \
        (Bio-Formats) and saves its channels as TIFF"
    );
}
