//! The size of a pixel, as TIFF files state it.

use cellflux_image::Picture;
use cellflux_image::assign::Basis;
use cellflux_microscope::PixelSize;

use super::written::{Entries, Fraction, Short, Text, assigned, names, page, read, three_pages, tiff, with};

/// Channels in another order than the model's, and attributes of the pixels.
fn ome(attributes: &str) -> String {
    format!(
        r#"<OME><Image><Pixels DimensionOrder="XYCZT" SizeX="2" SizeY="2" SizeC="3" SizeZ="1" SizeT="1"
        {attributes}><Channel Name="Hoechst 33342"/><Channel Name="beta-tubulin"/><Channel Name="F-actin"/>
        <TiffData/></Pixels></Image></OME>"#
    )
}

/// Micrometres per pixel.
fn um(picture: &Picture) -> Option<f64> {
    picture.scale.pixel.map(PixelSize::um)
}

fn said(picture: &Picture) -> Vec<String> {
    picture.scale.untaken.iter().map(ToString::to_string).collect()
}

/// A page of 2 x 2 pixels with a description and a resolution.
fn one_page(big_endian: bool, description: &str, fraction: (u32, u32), unit: u16) -> Picture {
    let more: Entries = vec![
        (270, Text(description.into())),
        (282, Fraction(fraction.0, fraction.1)),
        (283, Fraction(fraction.0, fraction.1)),
        (296, Short(vec![unit])),
    ];
    read(&tiff(big_endian, &[7; 4], &[with(page(2, 2, 8), more)]))
}

#[test]
fn ome_xml_names_the_channels_and_states_the_size_of_a_pixel() {
    let picture = read(&three_pages(&ome(
        r#"PhysicalSizeX="325" PhysicalSizeXUnit="nm""#,
    )));
    assert!((um(&picture).unwrap() - 0.325).abs() < 1e-9);
    assert_eq!(assigned(picture), (Basis::Names, vec![3.0, 2.0, 1.0]));
}

#[test]
fn a_size_or_an_xml_that_is_not_taken_hinders_no_picture() {
    let picture = read(&three_pages(&ome(r#"PhysicalSizeX="-1""#)));
    assert_eq!(um(&picture), None);
    assert_eq!(
        said(&picture),
        ["it says that its pixels are -1 µm wide, expected 0.001 to 100 µm"]
    );
    assert_eq!(names(&picture)[0], Some("Hoechst 33342"));
    let laughs = "<!DOCTYPE OME [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><OME>&b;</OME>";
    let picture = read(&three_pages(laughs));
    assert_eq!(names(&picture), [None, None, None]);
    assert!(
        said(&picture)[0].contains("document type definition"),
        "{:?}",
        said(&picture)
    );
}

#[test]
fn imagejs_unit_and_a_fine_resolution_state_it_too() {
    for big_endian in [false, true] {
        let imagej = one_page(
            big_endian,
            "ImageJ=1.54f\nunit=micron\n",
            (2_000_000, 1_000_000),
            1,
        );
        assert_eq!(um(&imagej), Some(0.5));
        assert_eq!(um(&one_page(big_endian, "", (20_000, 1), 3)), Some(0.5));
        // What programs write by default, and what cannot be divided.
        for (fraction, unit) in [((72, 1), 2), ((1, 1), 1), ((1, 0), 3), ((0, 0), 2)] {
            let picture = one_page(big_endian, "", fraction, unit);
            assert_eq!((um(&picture), said(&picture)), (None, Vec::new()));
        }
    }
    // A resolution of another type than a fraction is none.
    let whole: Entries = vec![
        (282, Short(vec![20_000])),
        (283, Short(vec![20_000])),
        (296, Short(vec![3])),
    ];
    let picture = read(&tiff(false, &[7; 4], &[with(page(2, 2, 8), whole)]));
    assert_eq!(um(&picture), None);
}
