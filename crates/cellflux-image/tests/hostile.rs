//! Files that lie, break off or were never pictures: each gives one sentence, none a panic or a large
//! allocation.
// Helpers of tests may stop a test as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::io::Cursor;

use cellflux_image::picture::{Depth, Limits};
use cellflux_image::{ImageError, decode, decode::decode_within};
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder};
use proptest::prelude::*;
use tiff::encoder::{Compression, TiffEncoder, colortype};

fn png(width: u32, height: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i * 7 % 251) as u8).collect();
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes)
        .encode(
            &vec![128; (width * height) as usize],
            width,
            height,
            ExtendedColorType::L8,
        )
        .unwrap();
    bytes
}

/// One page a size; 16-bit grey.
fn tiff(sizes: &[(u32, u32)]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    for &(width, height) in sizes {
        let pixels: Vec<u16> = (0..width * height).map(|i| (i * 31 % 4096) as u16).collect();
        encoder
            .write_image::<colortype::Gray16>(width, height, &pixels)
            .unwrap();
    }
    bytes.into_inner()
}

/// A little-endian TIFF of one directory without any pixel behind it. Entries: tag, type (3 short, 4 long),
/// value.
fn tiff_header(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for &(tag, kind, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

fn claimed_tiff(width: u32, height: u32, bits: u32, format: u32) -> Vec<u8> {
    tiff_header(&[
        (256, 4, width),
        (257, 4, height),
        (258, 3, bits),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 200),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, 1000),
        (339, 3, format),
    ])
}

/// The one sentence a file is refused with.
fn refusal(name: &str, bytes: &[u8]) -> String {
    decode(name, bytes).expect_err(name).to_string()
}

#[test]
fn a_text_file_named_png_is_called_a_text_file() {
    assert_eq!(
        refusal("cells.png", "well,site\nB02,1\n".as_bytes()),
        "cells.png is a text file, expected a PNG, JPEG, TIFF or .npy picture"
    );
    // A character cut in two at the end of the examined bytes is still text.
    let long = "ä".repeat(2000);
    assert!(refusal("a.png", &long.as_bytes()[..1025]).contains("a text file"));
}

#[test]
fn other_files_are_called_what_they_are() {
    let cases: [(&[u8], &str); 7] = [
        (b"", "an empty file"),
        (b"GIF89a", "a GIF"),
        (b"PK\x03\x04\x14", "a ZIP archive"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"RIFF\0\0\0\0WEBP", "a WebP"),
        (b"\x00\x01\x02\x03", "of an unknown kind"),
        (b"\xff\xfe\xfd", "of an unknown kind"),
    ];
    for (bytes, part) in cases {
        let sentence = refusal("x", bytes);
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn a_wrong_file_name_does_not_matter() {
    assert_eq!(decode("cells.tif", &png(6, 5)).unwrap().planes.len(), 3);
    assert_eq!(
        decode("cells.png", &tiff(&[(6, 5)])).unwrap().depth,
        Depth::Sixteen
    );
    assert_eq!(decode("cells", &jpeg(16, 16)).unwrap().depth, Depth::Eight);
}

#[test]
fn pictures_cut_off_anywhere_are_refused_as_damaged() {
    for (name, whole) in [("a.png", png(20, 20)), ("a.tif", tiff(&[(20, 20), (20, 20)]))] {
        decode(name, &whole).unwrap();
        for end in 8..whole.len() - 1 {
            // A TIFF's last bytes are its last directory; a PNG's are a chunk without pixels.
            match decode(name, &whole[..end]) {
                Err(ImageError::Damaged { .. } | ImageError::Unsupported { .. }) => {}
                Ok(picture) => assert!(
                    name == "a.png" && end >= whole.len() - 16 && picture.planes.len() == 3,
                    "{name} cut at {end} of {} was read",
                    whole.len()
                ),
                Err(other) => panic!("{name} cut at {end}: {other}"),
            }
        }
    }
    let sentence = refusal("cells.png", &png(20, 20)[..100]);
    assert!(sentence.starts_with("cells.png is a damaged PNG: "), "{sentence}");
}

#[test]
fn a_30000_px_tiff_is_refused_from_its_header_alone() {
    assert_eq!(
        refusal("plate.tif", &claimed_tiff(30_000, 30_000, 16, 1)),
        "plate.tif has 30000 x 30000 px, at most sides of 16384 px are read"
    );
}

#[test]
fn a_30000_px_png_and_a_decompression_bomb_are_refused_from_their_headers() {
    // The length and the checksum of the header chunk are kept right; the checksum is the codec's first
    // question.
    let mut bytes = png(4, 4);
    bytes[16..20].copy_from_slice(&30_000u32.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(
        refusal("a.png", &bytes).contains("30000 x 4 px, at most sides of 16384 px"),
        "{}",
        refusal("a.png", &bytes)
    );
    bytes[16..20].copy_from_slice(&16_000u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&16_000u32.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(refusal("a.png", &bytes).contains("768000000 numbers, at most 67108864 numbers"));
}

/// The checksum of PNG chunks (ISO 3309), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| {
            if c & 1 == 1 {
                (c >> 1) ^ 0xedb8_8320
            } else {
                c >> 1
            }
        })
    })
}

#[test]
fn tiffs_of_no_pixels_of_packed_or_signed_samples_are_refused_in_words() {
    let zero = refusal("a.tif", &claimed_tiff(0, 10, 16, 1));
    assert!(zero.contains("no pixels") || zero.contains("damaged"), "{zero}");
    let packed = refusal("a.tif", &claimed_tiff(10, 10, 12, 1));
    assert!(packed.contains("12") && packed.contains("expected"), "{packed}");
    let signed = refusal("a.tif", &claimed_tiff(10, 10, 16, 2));
    assert!(
        signed.contains("signed 16-bit samples, expected grey or RGB"),
        "{signed}"
    );
    let wide = refusal("a.tif", &claimed_tiff(10, 10, 32, 1));
    assert!(wide.contains("32-bit samples"), "{wide}");
}

#[test]
fn pages_are_planes_and_must_be_of_one_size() {
    let picture = decode("stack.tif", &tiff(&[(6, 5), (6, 5), (6, 5), (6, 5), (6, 5)])).unwrap();
    assert_eq!(picture.planes.len(), 5);
    assert_eq!((picture.width(), picture.height()), (6, 5));
    assert_eq!(
        refusal("stack.tif", &tiff(&[(6, 5), (7, 5)])),
        "stack.tif page 2 is 7 x 5 px, but page 1 is 6 x 5 px; expected one size for all channels"
    );
    let many = refusal("stack.tif", &tiff(&[(2, 2); 70]));
    assert!(many.contains("65 planes, at most 64 planes"), "{many}");
}

#[test]
fn multi_sample_tiffs_are_split_chunky_and_planar() {
    let mut bytes = Cursor::new(Vec::new());
    let rgb: Vec<u16> = (0..5 * 4 * 3).collect();
    TiffEncoder::new(&mut bytes)
        .unwrap()
        .write_image::<colortype::RGB16>(5, 4, &rgb)
        .unwrap();
    let chunky = decode("a.tif", &bytes.into_inner()).unwrap();
    assert_eq!(chunky.planes.len(), 3);
    assert_eq!(chunky.planes[1].values[..3], [1.0, 4.0, 7.0]);
    assert_eq!(chunky.planes[2].name.as_deref(), Some("blue"));

    // Planar by hand: 3 samples of 2 x 2 8-bit pixels, one strip each; three offsets and counts do not fit an
    // entry.
    let data_at = 8 + 2 + 12 * 11 + 4;
    let lists_at = data_at + 12;
    let mut planar = tiff_header(&[
        (256, 3, 2),
        (257, 3, 2),
        (258, 3, lists_at + 24),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, lists_at),
        (277, 3, 3),
        (278, 3, 2),
        (279, 4, lists_at + 12),
        (284, 3, 2),
        (339, 3, lists_at + 30),
    ]);
    for entry in [2, 5, 8, 10] {
        planar[10 + 12 * entry + 4] = 3;
    }
    planar.extend(1..=12u8);
    for list in [[data_at, data_at + 4, data_at + 8], [4, 4, 4]] {
        planar.extend(list.iter().flat_map(|v| v.to_le_bytes()));
    }
    planar.extend([8u16, 8, 8, 1, 1, 1].iter().flat_map(|v| v.to_le_bytes()));
    let picture = decode("planar.tif", &planar).unwrap();
    let values: Vec<&[f32]> = picture.planes.iter().map(|p| p.values.as_slice()).collect();
    assert_eq!(
        values,
        [
            [1.0, 2.0, 3.0, 4.0],
            [5.0, 6.0, 7.0, 8.0],
            [9.0, 10.0, 11.0, 12.0]
        ]
    );
}

#[test]
fn floating_point_tiffs_are_read_and_their_nans_refused() {
    let write = |values: &[f32]| {
        let mut bytes = Cursor::new(Vec::new());
        TiffEncoder::new(&mut bytes)
            .unwrap()
            .write_image::<colortype::Gray32Float>(2, 2, values)
            .unwrap();
        bytes.into_inner()
    };
    let picture = decode("a.tif", &write(&[0.0, 0.5, 1.0, 0.25])).unwrap();
    assert_eq!((picture.depth, picture.max), (Depth::Float, 1.0));
    let sentence = refusal("a.tif", &write(&[0.0, 0.5, f32::INFINITY, 0.25]));
    assert_eq!(
        sentence,
        "a.tif: plane 1 is inf at x 0, y 1, expected finite numbers"
    );
}

#[test]
fn compressed_and_big_tiffs_hold_the_same_pixels() {
    let pixels: Vec<u16> = (0..20 * 11).map(|i| i * 17 % 4096).collect();
    let expected: Vec<f32> = pixels.iter().map(|&v| f32::from(v)).collect();
    for compression in [Compression::Uncompressed, Compression::Lzw, Compression::Packbits] {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new_big(&mut bytes)
            .unwrap()
            .with_compression(compression);
        encoder.write_image::<colortype::Gray16>(20, 11, &pixels).unwrap();
        let picture = decode("a.tif", &bytes.into_inner()).unwrap();
        assert_eq!((picture.depth, picture.planes.len()), (Depth::Sixteen, 1));
        assert_eq!(picture.planes[0].values, expected);
    }
}

#[test]
fn tiles_are_put_together_and_cut_to_the_picture() {
    // 20 x 10 pixels of 8 bits in two tiles of 16 x 16; a pixel's value is its column plus ten times its row,
    // mod 256.
    let value = |x: u32, y: u32| (x + 10 * y) as u8;
    let lists_at = 8 + 2 + 12 * 9 + 4;
    let mut bytes = tiff_header(&[
        (256, 3, 20),
        (257, 3, 10),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (322, 3, 16),
        (323, 3, 16),
        (324, 4, lists_at),
        (325, 4, lists_at + 8),
    ]);
    for entry in [7, 8] {
        bytes[10 + 12 * entry + 4] = 2;
    }
    bytes.extend(
        [lists_at + 16, lists_at + 16 + 256, 256, 256]
            .iter()
            .flat_map(|v| v.to_le_bytes()),
    );
    for left in [0, 16] {
        bytes.extend((0..256).map(|i| value(left + i % 16, i / 16)));
    }
    let picture = decode("tiled.tif", &bytes).unwrap();
    let expected: Vec<f32> = (0..200).map(|i| f32::from(value(i % 20, i / 20))).collect();
    assert_eq!(picture.planes[0].values, expected);
}

#[test]
fn white_is_zero_is_turned_and_palettes_are_refused() {
    let kind = |photometric: u32| {
        let mut bytes = tiff_header(&[
            (256, 3, 2),
            (257, 3, 1),
            (258, 3, 8),
            (259, 3, 1),
            (262, 3, photometric),
            (273, 4, 8 + 2 + 12 * 8 + 4),
            (278, 3, 1),
            (279, 4, 2),
        ]);
        bytes.extend([0, 200]);
        bytes
    };
    assert_eq!(decode("a.tif", &kind(1)).unwrap().planes[0].values, [0.0, 200.0]);
    assert_eq!(decode("a.tif", &kind(0)).unwrap().planes[0].values, [255.0, 55.0]);
    let palette = refusal("a.tif", &kind(3));
    assert!(palette.contains("expected"), "{palette}");
}

#[test]
fn sixteen_bit_and_alpha_pngs_keep_their_samples() {
    let mut bytes = Vec::new();
    let samples: Vec<u8> = [1u16, 65_535, 4095, 7]
        .iter()
        .flat_map(|v| v.to_ne_bytes())
        .collect();
    PngEncoder::new(&mut bytes)
        .write_image(&samples, 2, 1, ExtendedColorType::La16)
        .unwrap();
    let picture = decode("a.png", &bytes).unwrap();
    assert_eq!(picture.depth, Depth::Sixteen);
    assert_eq!(picture.planes[0].values, [1.0, 4095.0]);
    assert_eq!(picture.planes[1].name.as_deref(), Some("alpha"));
    assert_eq!((picture.min, picture.max), (1.0, 65_535.0));
}

#[test]
fn limits_of_a_caller_hold() {
    let limits = Limits {
        side: 10,
        planes: 2,
        numbers: 150,
    };
    let error = |bytes: &[u8]| decode_within("a", bytes, &limits).unwrap_err().to_string();
    assert!(error(&tiff(&[(11, 2)])).contains("11 x 2 px, at most sides of 10 px"));
    assert!(error(&png(5, 5)).contains("3 planes, at most 2 planes"));
    assert!(error(&tiff(&[(10, 10), (10, 10)])).contains("200 numbers, at most 150 numbers"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A whole picture with some bytes changed: read or refused, never a panic.
    #[test]
    fn spoiled_pictures_are_read_or_refused(
        kind in 0usize..3, places in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)
    ) {
        let mut bytes = match kind {
            0 => png(9, 7),
            1 => jpeg(17, 9),
            _ => tiff(&[(9, 7), (9, 7)]),
        };
        for (place, value) in places {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        let limits = Limits { side: 2000, planes: 8, numbers: 1 << 20 };
        if let Ok(picture) = decode_within("spoiled", &bytes, &limits) {
            for plane in &picture.planes {
                prop_assert_eq!(plane.values.len(), plane.width * plane.height);
            }
        }
    }
}
