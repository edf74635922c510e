//! The colours in which a TIFF says that its planes are shown: OME-XML's of a channel, ImageJ's look-up
//! tables, or a palette.

use cellflux_microscope::{Description, PlaneColour};

use super::directory::{Container, tag};
use super::imagej;
use super::pages::{Colours, Page};

/// For every page the colours of its planes; none for red, green and blue themselves, and for alpha.
pub(super) fn of(
    file: Container,
    pages: &[Page],
    description: &Description,
) -> Vec<Vec<Option<PlaneColour>>> {
    // One table for each channel.
    let tables = match (description, pages.first()) {
        (Description::ImageJ(_), Some(first)) => imagej::parts(file, &first.directory, *b"luts"),
        _ => Vec::new(),
    };
    let of_page = |number: usize, page: &Page| match description {
        Description::OmeXml(xml) => xml.colour(page.index),
        Description::ImageJ(imagej) if !tables.is_empty() => {
            let table = tables.get(imagej.channel(number, pages.len())?)?;
            PlaneColour::of_table(table)
        }
        Description::ImageJ(_) | Description::Other => palette(file, page),
    };
    let of_plane = |page: &Page, sample: usize, own: Option<PlaneColour>| match (description, &page.colours) {
        _ if page.alpha.contains(&sample) => None,
        (_, Colours::Rgb | Colours::YCbCr(_) | Colours::Palette(_)) => None,
        (Description::OmeXml(xml), _) if page.planes() > 1 => xml.channel_colour(sample, page.planes()),
        // A table or a palette is of pages that have one sample.
        _ => own.filter(|_| page.planes() == 1),
    };
    pages
        .iter()
        .enumerate()
        .map(|(number, page)| {
            let own = of_page(number, page);
            (0..page.planes())
                .map(|sample| of_plane(page, sample, own))
                .collect()
        })
        .collect()
}

/// The colour of a palette that only says how values are shown.
fn palette(file: Container, page: &Page) -> Option<PlaneColour> {
    let map = page.directory.0.get(&tag::COLOUR_MAP)?;
    // Before a longer one is read.
    if map.count != 3 * 256 {
        return None;
    }
    let parts = file.numbers(&page.directory, tag::COLOUR_MAP)?;
    let table: Vec<u8> = parts.into_iter().map(|part| (part >> 8) as u8).collect();
    PlaneColour::of_table(&table)
}
