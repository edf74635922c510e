//! An upload's steps on real microscopy files, where `../shared/data` stands beside the repository.
// Helpers of tests may stop a test as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use cellflux_image::assign::{Assignment, Basis, PlaneRef, suggest};
use cellflux_image::coding::Meaning;
use cellflux_image::crop::{Crop, cut};
use cellflux_image::picture::Depth;
use cellflux_image::{ImageSpec, Picture, coded_png, decode, preview};

/// The files below `folder` whose names have this ending, sorted; `None` (and a message) where the data is
/// absent.
fn files(folder: &str, ending: &str, count: usize) -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(&root)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    found.truncate(count);
    if found.is_empty() {
        println!("skipped: {} is not there", root.display());
        return None;
    }
    Some(found)
}

fn load(paths: &[PathBuf]) -> Vec<Picture> {
    let load = |path: &PathBuf| {
        decode(
            &path.file_name().unwrap().to_string_lossy(),
            &std::fs::read(path).unwrap(),
        )
        .unwrap()
    };
    paths.iter().map(load).collect()
}

#[test]
fn a_training_crop_keeps_its_bytes() {
    let Some(paths) = files("bbbc021-cells/Week4_27481", ".png", 5) else {
        return;
    };
    let spec = ImageSpec::bbbc021(64, 64);
    for picture in load(&paths) {
        assert_eq!(
            (picture.width(), picture.height(), picture.depth),
            (68, 68, Depth::Eight)
        );
        let pictures = [picture];
        let suggestion = suggest(&pictures, &spec).unwrap();
        assert_eq!(suggestion.basis, Basis::Order);
        let assignment = suggestion.complete(&pictures, &spec).unwrap();
        let crop = cut(&spec, &pictures, &assignment, Crop::centred(68, 68, &spec), None).unwrap();
        for (channel, plane) in crop.bytes.chunks(64 * 64).zip(&pictures[0].planes) {
            assert_eq!(channel[0], plane.values[2 * 68 + 2] as u8);
            assert_eq!(channel[64 * 64 - 1], plane.values[65 * 68 + 65] as u8);
        }
        let png = coded_png::write(&spec, &crop.bytes).unwrap();
        assert_eq!(coded_png::read(&spec, "link", &png).unwrap(), crop.bytes);
        // A link holds this: about 10 kB.
        assert!(png.len() < 13_000, "{} bytes", png.len());
    }
}

#[test]
fn a_raw_field_is_assigned_by_name_and_coded_like_the_training_crops() {
    let Some(paths) = files("bbbc021-fields", "_16bit.png", 3) else {
        return;
    };
    let spec = ImageSpec::bbbc021(64, 64);
    let pictures = load(&paths);
    let suggestion = suggest(&pictures, &spec).unwrap();
    assert_eq!(suggestion.basis, Basis::Names);
    let assignment = suggestion.complete(&pictures, &spec).unwrap();
    let names: Vec<&str> = assignment
        .resolve(&pictures)
        .iter()
        .map(|(picture, _)| picture.name.as_str())
        .collect();
    for (name, channel) in names.iter().zip(["actin", "tubulin", "DNA"]) {
        assert!(name.contains(channel), "{name}");
    }
    for picture in &pictures {
        assert_eq!(picture.depth, Depth::Sixteen);
        // 12 bits times 16.
        assert!(picture.max <= 65_520.0);
        assert!(picture.planes[0].values.iter().all(|v| v % 16.0 == 0.0));
    }
    let crop = cut(
        &spec,
        &pictures,
        &assignment,
        Crop {
            x: 600,
            y: 400,
            side: 64,
        },
        None,
    )
    .unwrap();
    let raw = assignment.resolve(&pictures)[0].1.values[400 * 1280 + 600];
    assert_eq!(
        crop.bytes[0],
        (255.0 * (f64::from(raw) / 16.0 / 4095.0).sqrt()).round() as u8
    );
    let preview = preview::assignment(&spec, &pictures, &assignment, 512);
    assert_eq!(
        (preview.picture.width, preview.picture.height, preview.reduction),
        (427, 342, 3)
    );
}

/// One crop of the data set was cut from one of these fields: cutting and coding it again gives the same
/// bytes.
#[test]
fn a_crop_cut_from_its_raw_field_equals_the_data_sets_own_in_every_byte() {
    let Some(fields) = files("bbbc021-fields", "_16bit.png", 6) else {
        return;
    };
    let Some(cells) = files("bbbc021-cells/Week2_24381", "B02_s2_084.png", 1) else {
        return;
    };
    let second_site: Vec<PathBuf> = fields
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("B02_s2"))
        .collect();
    let spec = ImageSpec::bbbc021(68, 68);
    let fields = load(&second_site);
    let assignment = suggest(&fields, &spec).unwrap().complete(&fields, &spec).unwrap();
    let crop = cut(
        &spec,
        &fields,
        &assignment,
        Crop {
            x: 1139,
            y: 565,
            side: 68,
        },
        None,
    )
    .unwrap();
    let cell = &load(&cells)[0];
    let expected: Vec<u8> = cell
        .planes
        .iter()
        .flat_map(|plane| plane.values.iter().map(|&v| v as u8))
        .collect();
    assert_eq!(crop.bytes, expected);
}

#[test]
fn a_five_channel_set_is_named_by_its_files() {
    let Some(paths) = files("jump/BR00117010_A01_f1", ".tiff", 5) else {
        return;
    };
    let pictures = load(&paths);
    assert_eq!(pictures.len(), 5);
    assert!(
        pictures
            .iter()
            .all(|p| (p.width(), p.height(), p.depth) == (1080, 1080, Depth::Sixteen))
    );
    let mut spec = ImageSpec::plain(5, 96, 96);
    for (channel, name) in spec.channels.iter_mut().zip(["DNA", "ER", "RNA", "AGP", "Mito"]) {
        channel.name = name.into();
    }
    spec.coding.full_scale = 65_535.0;
    let suggestion = suggest(&pictures, &spec).unwrap();
    assert_eq!(suggestion.basis, Basis::Names);
    let assignment = suggestion.complete(&pictures, &spec).unwrap();
    assert_eq!(assignment.resolve(&pictures)[0].0.name, "ch5_DNA.tiff");
    let crop = cut(
        &spec,
        &pictures,
        &assignment,
        Crop {
            x: 100,
            y: 200,
            side: 300,
        },
        None,
    )
    .unwrap();
    assert_eq!(crop.bytes.len(), 5 * 96 * 96);

    // On a three-channel model a person chooses; the choice is taken as it is.
    let three = ImageSpec::bbbc021(64, 64);
    assert_eq!(suggest(&pictures, &three).unwrap().basis, Basis::Unclear);
    let place = |picture| PlaneRef { picture, plane: 0 };
    let chosen = Assignment::new(vec![place(1), place(3), place(4)], &pictures, &three).unwrap();
    let white = Meaning::Linear {
        black: 0.0,
        white: 20_000.0,
    };
    let crop = cut(
        &three,
        &pictures,
        &chosen,
        Crop {
            x: 10,
            y: 10,
            side: 128,
        },
        Some(white),
    )
    .unwrap();
    assert_eq!(crop.bytes.len(), three.len());
}

#[test]
fn six_numbered_files_are_six_channels_in_order() {
    let Some(paths) = files("rxrx1", ".png", 6) else {
        return;
    };
    let pictures = load(&paths);
    let spec = ImageSpec::plain(6, 96, 96);
    let suggestion = suggest(&pictures, &spec).unwrap();
    assert_eq!(suggestion.basis, Basis::Order);
    let assignment = suggestion.complete(&pictures, &spec).unwrap();
    for (index, (picture, plane)) in assignment.resolve(&pictures).iter().enumerate() {
        assert!(picture.name.ends_with(&format!("w{}.png", index + 1)));
        assert_eq!((plane.width, plane.height), (512, 512));
    }
    let crop = cut(
        &spec,
        &pictures,
        &assignment,
        Crop {
            x: 0,
            y: 0,
            side: 512,
        },
        None,
    )
    .unwrap();
    assert_eq!(crop.bytes.len(), spec.len());
}
