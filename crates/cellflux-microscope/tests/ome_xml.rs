//! OME-XML as microscopes write it, and as nobody should.
// Helpers of tests may stop a test as the tests themselves do.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, Instant};

use cellflux_microscope::{Description, OmeXml, PixelSize, PlaneColour, Resolution, Source, Told};
use proptest::prelude::*;

/// One image of the channels DNA, tubulin and actin with more attributes of `Pixels`.
fn ome(attributes: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">
        <Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="64" SizeY="64" SizeZ="1" SizeC="3"
        SizeT="1" {attributes}>
        <Channel ID="Channel:0:0" Name="DNA"/><Channel ID="Channel:0:1" Name="tubulin"/>
        <Channel ID="Channel:0:2" Fluor="actin"/><TiffData/></Pixels></Image></OME>"#
    )
}

fn told(attributes: &str) -> Told {
    Told::of(&ome(attributes), None)
}

/// What is said of a description that is not taken.
fn said(told: &Told) -> Vec<String> {
    told.scale.untaken.iter().map(ToString::to_string).collect()
}

fn names(told: &Told) -> Vec<Option<&str>> {
    let Description::OmeXml(xml) = &told.description else {
        return Vec::new();
    };
    (0..3).map(|directory| xml.plane(directory)).collect()
}

#[test]
fn names_of_planes_and_the_size_of_a_pixel_are_read() {
    let told = told(r#"PhysicalSizeX="0.65" PhysicalSizeY="0.65""#);
    assert_eq!(names(&told), [Some("DNA"), Some("tubulin"), Some("actin")]);
    let pixel = told.scale.pixel.unwrap();
    assert_eq!((pixel.um(), pixel.source()), (0.65, Source::OmeXml));
    assert_eq!(said(&told), [""; 0]);
}

/// The colours of the three planes.
fn colours(text: &str) -> Vec<Option<[u8; 3]>> {
    let xml = OmeXml::of(text).unwrap().unwrap();
    (0..3)
        .map(|directory| xml.colour(directory).map(PlaneColour::rgb))
        .collect()
}

#[test]
fn a_planes_colour_is_its_channels_and_none_where_none_is_stated() {
    assert_eq!(colours(&ome("")), [None; 3]);
    let coloured = ome("")
        .replace(r#"Name="DNA""#, r#"Name="DNA" Color="65535""#)
        .replace(r#"Fluor="actin""#, r#"Color="-16776961""#);
    assert_eq!(colours(&coloured), [Some([0, 0, 255]), None, Some([255, 0, 0])]);
    // Directories in another order than the channels.
    let turned = coloured.replace(
        "<TiffData/>",
        r#"<TiffData IFD="0" FirstC="2"/><TiffData IFD="1" FirstC="0"/><TiffData IFD="2" FirstC="1"/>"#,
    );
    assert_eq!(colours(&turned), [Some([255, 0, 0]), Some([0, 0, 255]), None]);
    let xml = OmeXml::of(&coloured).unwrap().unwrap();
    assert_eq!(
        [(0, 3), (0, 2), (3, 3)].map(|(index, of)| xml.channel_colour(index, of).map(PlaneColour::name)),
        [Some("blue"), None, None]
    );
}

#[test]
fn a_colour_that_cannot_be_is_none_and_hinders_nothing() {
    for wrong in [
        "",
        "blue",
        "0",
        "4294967296",
        "-99999999999999999999",
        "NaN",
        "0x0000ff",
    ] {
        let text = ome("").replace(r#"Name="DNA""#, &format!(r#"Name="DNA" Color="{wrong}""#));
        assert_eq!(colours(&text), [None; 3], "{wrong}");
        let told = Told::of(&text, None);
        assert_eq!(names(&told), [Some("DNA"), Some("tubulin"), Some("actin")]);
        assert_eq!(said(&told), [""; 0]);
    }
}

#[test]
fn a_unit_is_followed_and_one_side_stands_for_both() {
    let um = |attributes: &str| told(attributes).scale.pixel.map(PixelSize::um);
    let nanometres = um(r#"PhysicalSizeX="325" PhysicalSizeXUnit="nm" PhysicalSizeY="0.325""#).unwrap();
    assert!((nanometres - 0.325).abs() < 1e-9);
    assert_eq!(um(r#"PhysicalSizeY="0.5" PhysicalSizeYUnit="µm""#), Some(0.5));
    assert_eq!(um(r#"PhysicalSizeX="1" PhysicalSizeXUnit="pixel""#), None);
    assert_eq!(um(""), None);
}

#[test]
fn a_size_that_cannot_be_is_told_and_the_names_are_taken() {
    for (attributes, expected) in [
        (
            r#"PhysicalSizeX="0""#,
            "it says that its pixels are 0 µm wide, expected 0.001 to 100 µm",
        ),
        (
            r#"PhysicalSizeX="-0.5""#,
            "it says that its pixels are -0.5 µm wide, expected 0.001 to 100 µm",
        ),
        (
            r#"PhysicalSizeX="NaN""#,
            "it says that its pixels are NaN µm wide, expected 0.001 to 100 µm",
        ),
        (
            r#"PhysicalSizeX="1e999""#,
            "it says that its pixels are inf µm wide, expected 0.001 to 100 µm",
        ),
        (
            r#"PhysicalSizeX="wide""#,
            "it says that its pixels are \"wide\" wide, expected 0.001 to 100 µm",
        ),
        (
            r#"PhysicalSizeX="0.5" PhysicalSizeXUnit="furlong""#,
            "its pixels are measured in \"furlong\", expected a unit of length such as µm",
        ),
        (
            r#"PhysicalSizeX="0.5" PhysicalSizeY="1""#,
            "its pixels are 0.5 µm wide and 1 µm high, expected square ones",
        ),
    ] {
        let told = told(attributes);
        assert_eq!(said(&told), [expected]);
        assert_eq!(told.scale.pixel, None);
        assert_eq!(names(&told), [Some("DNA"), Some("tubulin"), Some("actin")]);
    }
}

#[test]
fn images_of_two_scales_have_none() {
    let one = ome(r#"PhysicalSizeX="0.5""#);
    let image = one
        .split_once("<Image")
        .unwrap()
        .1
        .split_once("</OME>")
        .unwrap()
        .0
        .replace("0.5", "0.65");
    let two = one.replace("</OME>", &format!("<Image{image}</OME>"));
    assert_eq!(
        said(&Told::of(&two, None)),
        ["pixels of two sizes, 0.5 µm and 0.65 µm, expected one size"]
    );
}

#[test]
fn more_channels_than_planes_and_sizes_beyond_all_planes_hinder_nothing() {
    let told = told(r#"PhysicalSizeX="0.5""#);
    assert_eq!(told.scale.pixel.map(PixelSize::um), Some(0.5));
    for sizes in [
        r#"SizeC="99999999999999999999""#,
        r#"SizeC="18446744073709551615""#,
        r#"SizeC="-1""#,
    ] {
        let text = ome("")
            .replace(r#"SizeC="3""#, sizes)
            .replace(r#"SizeZ="1""#, r#"SizeZ="4294967296""#);
        let xml = OmeXml::of(&text).unwrap().unwrap();
        assert_eq!(xml.plane(usize::MAX), None);
        assert_eq!(xml.plane(0), Some("DNA, slice 1"));
    }
}

#[test]
fn without_a_size_in_the_xml_a_resolution_finer_than_print_counts() {
    let resolution = Resolution {
        across: 20_000.0,
        down: 20_000.0,
        unit: 3,
    };
    let pixel = Told::of(&ome(""), Some(resolution)).scale.pixel.unwrap();
    assert_eq!((pixel.um(), pixel.source()), (0.5, Source::Resolution));
    // What the XML says wrongly is not replaced by a guess.
    assert_eq!(
        Told::of(&ome(r#"PhysicalSizeX="0""#), Some(resolution))
            .scale
            .pixel,
        None
    );
}

/// A text that would grow or take long, and a part of what is said of it.
fn hostile() -> Vec<(String, &'static str)> {
    let many = |count: usize, of: &dyn Fn(usize) -> String| (0..count).map(of).collect::<String>();
    let laughs = many(9, &|level| {
        format!(
            "<!ENTITY l{} \"{}\">",
            level + 1,
            format!("&l{level};").repeat(10)
        )
    });
    vec![
        (
            format!("<!DOCTYPE OME [<!ENTITY l0 \"ha\">{laughs}]><OME><Image>&l9;</Image></OME>"),
            "it has a document type definition, expected none",
        ),
        ("<OME".to_owned(), "not read"),
        (format!("<OME>{}", "<Image>".repeat(1000)), "not read"),
        (format!("<OME>{}", "\u{1}".repeat(1 << 20)), "not read"),
        (format!("<OME {}/>", "a".repeat(1 << 20)), "not read"),
        (
            format!("<OME>{}</OME>", "x".repeat(5 << 20)),
            "bytes, expected at most",
        ),
        (
            format!("<OME>{}</OME>", "<a/>".repeat(1 << 19)),
            "tags, expected at most",
        ),
        (
            format!("<OME>{}</OME>", "=".repeat(1 << 20)),
            "attributes, expected at most",
        ),
        (
            format!("<OME {}/>", many(20_000, &|n| format!("a{n}=\"\" "))),
            "attributes of one element, expected at most",
        ),
        (
            format!("<OME>{}", many(20_000, &|n| format!("<a xmlns:n{n}='{n}'>"))),
            "prefixes, expected at most",
        ),
    ]
}

#[test]
fn xml_that_would_grow_or_take_long_is_refused_in_a_sentence() {
    for (text, expected) in hostile() {
        let start = Instant::now();
        let told = Told::of(&text, None);
        let [sentence]: [String; 1] = said(&told).try_into().unwrap();
        assert!(sentence.contains(expected), "{sentence:.300}");
        assert!(sentence.len() < 600, "{} bytes", sentence.len());
        assert_eq!(told.description, Description::Other);
        // Milliseconds; the bound is for a loaded machine without optimisation.
        assert!(start.elapsed() < Duration::from_secs(10), "{expected}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_in_a_short_sentence(text in "\\PC{0,200}", across in any::<f64>()) {
        let inside = [format!("<OME>{text}</OME>"), format!("ImageJ=1\nunit={text}\n"), ome(&text), text];
        for text in inside {
            let told = Told::of(&text, Some(Resolution { across, down: across, unit: 2 }));
            if let Some(pixel) = told.scale.pixel {
                prop_assert!((0.001..=100.0).contains(&pixel.um()));
            }
            for sentence in said(&told) {
                prop_assert!(sentence.len() < 1000);
            }
        }
    }

    #[test]
    fn every_size_within_the_bounds_comes_back(um in 0.001f64..=100.0) {
        let read = told(&format!(r#"PhysicalSizeX="{um}" PhysicalSizeY="{um}""#)).scale.pixel;
        prop_assert_eq!(read.map(PixelSize::um), Some(um));
    }
}
