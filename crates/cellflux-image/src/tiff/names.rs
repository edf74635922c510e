//! What a TIFF calls its planes: OME-XML's channels, ImageJ's labels, or a page's own name.

use cellflux_microscope::{Description, OmeXml};

use super::directory::{Container, tag};
use super::imagej;
use super::pages::{Colours, Page};

/// A longer name is text about the picture, not a channel's name.
const LONGEST_NAME: usize = 200;

/// For every page the names of its planes. A picture is not refused because such a text cannot be read.
pub(super) fn of(file: Container, pages: &[Page], description: &Description) -> Vec<Vec<Option<String>>> {
    let xml = match description {
        Description::OmeXml(xml) => Some(xml),
        Description::ImageJ(_) | Description::Other => None,
    };
    let labels = match pages.first() {
        Some(first) if xml.is_none() => imagej::labels(file, &first.directory),
        _ => Vec::new(),
    };
    pages
        .iter()
        .enumerate()
        .map(|(number, page)| {
            let label = labels
                .get(number)
                .filter(|label| !label.trim().is_empty())
                .cloned();
            let own = || file.text(&page.directory, tag::PAGE_NAME, LONGEST_NAME);
            let name = match description {
                Description::OmeXml(xml) => xml.plane(page.index).map(str::to_owned),
                Description::ImageJ(imagej) => label.or_else(|| imagej.place(number, pages.len())),
                Description::Other => label,
            }
            .or_else(own)
            .and_then(|name| tidy(&name));
            (0..page.planes())
                .map(|sample| name_of_sample(page, sample, name.as_ref(), xml))
                .collect()
        })
        .collect()
}

fn name_of_sample(page: &Page, sample: usize, name: Option<&String>, xml: Option<&OmeXml>) -> Option<String> {
    if page.alpha.contains(&sample) {
        return Some("alpha".into());
    }
    let colour = ["red", "green", "blue"].get(sample);
    match (&page.colours, colour) {
        (Colours::Rgb | Colours::YCbCr(_) | Colours::Palette(_), Some(colour)) => Some((*colour).into()),
        // Several samples, none of them a colour, are one channel each, where the XML lists that many
        // channels.
        _ if page.planes() > 1 => xml
            .and_then(|xml| xml.channel(sample, page.planes()))
            .and_then(tidy)
            .or_else(|| name.cloned()),
        _ => name.cloned(),
    }
}

/// A name in one line.
fn tidy(name: &str) -> Option<String> {
    let line = name.trim().lines().next().unwrap_or_default().trim();
    (!line.is_empty() && line.len() <= LONGEST_NAME).then(|| line.to_owned())
}
