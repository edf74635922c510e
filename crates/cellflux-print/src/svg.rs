//! A layout as SVG: panels as the pictures that they are, texts as texts.
//!
//! Texts stay texts, which can be searched, edited and read out, and the embedded font goes along: that is a
//! few lines of code, where outlines would be a second description of every letter. `textLength` gives each
//! line its place also where a program does not read embedded fonts and takes one of its own.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cellflux_image::composite::Rgba;
use cellflux_image::strip::encode_png;

use crate::about::Content;
use crate::error::PrintError;
use crate::font::{self, Font};
use crate::layout::{Disc, Layout, Line, Mark, Place, Stroke};
use crate::paper::{Width, mm};
use crate::text::plain;

/// The namespace of the texts in `<metadata>`, where each is `<text keyword="…">`.
pub const NAMESPACE: &str = "urn:cellflux:figure";

/// A figure as SVG, with its texts as metadata.
///
/// # Errors
/// As [`Content::layout`]; [`PrintError::Write`] for a picture that cannot be written.
pub fn svg(content: &impl Content, width: Width) -> Result<String, PrintError> {
    let font = Font::embedded()?;
    let layout = content.layout(width, &font)?;
    let pictures = content.pictures();
    let mut file = head(content, &layout);
    for mark in &layout.marks {
        match mark {
            Mark::Picture(picture, place) => {
                if let Some(picture) = pictures.get(*picture) {
                    image(&mut file, picture, *place)?;
                }
            }
            Mark::Box(place, colour) => rectangle(&mut file, *place, *colour),
            Mark::Text(line) => text(&mut file, line),
            Mark::Stroke(line) => stroke(&mut file, line),
            Mark::Area(outline, colour) => {
                let (places, fill) = (places(outline), hex(*colour));
                let _ = writeln!(file, "<polygon points=\"{places}\" fill=\"{fill}\"/>");
            }
            Mark::Disc(round) => disc(&mut file, round),
        }
    }
    file.push_str("</svg>\n");
    Ok(file)
}

/// Everything before the first mark. Writing to a String cannot fail, here and below.
fn head(content: &impl Content, layout: &Layout) -> String {
    let about = content.about();
    let Layout { width, height, .. } = *layout;
    let mut file = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        file,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.2}mm\" height=\"{:.2}mm\" \
         viewBox=\"0 0 {width} {height}\">",
        mm(width),
        mm(height)
    );
    let mut described = content.described();
    described.extend(about.footer.iter().cloned());
    let _ = writeln!(file, "<title>{}</title>", escaped(&about.title));
    let _ = writeln!(file, "<desc>{}</desc>", escaped(&described.join("\n")));
    let _ = writeln!(file, "<metadata><texts xmlns=\"{NAMESPACE}\">");
    for text in &about.texts {
        let (keyword, text) = (escaped(&text.keyword), escaped(&text.text));
        let _ = writeln!(file, "<text keyword=\"{keyword}\">{text}</text>");
    }
    let _ = writeln!(
        file,
        "</texts></metadata>\n<style>@font-face{{font-family:\"CellFlux figure\";\
         src:url(data:font/ttf;base64,{})}}text{{font-family:\"CellFlux figure\",\"Noto \
         Sans\",Arial,sans-serif}}image{{image-rendering:pixelated}}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>",
        STANDARD.encode(font::FILE)
    );
    file
}

fn image(file: &mut String, picture: &Rgba, place: Place) -> Result<(), PrintError> {
    let png = encode_png(picture).map_err(|error| PrintError::Write {
        reason: error.to_string(),
    })?;
    // The attribute is for programs that do not read the style.
    let _ = writeln!(
        file,
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
         image-rendering=\"optimizeSpeed\" href=\"data:image/png;base64,{}\"/>",
        place.x,
        place.y,
        place.width,
        place.height,
        STANDARD.encode(png)
    );
    Ok(())
}

fn rectangle(file: &mut String, place: Place, colour: [u8; 3]) {
    let _ = writeln!(
        file,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
        place.x,
        place.y,
        place.width,
        place.height,
        hex(colour)
    );
}

fn stroke(file: &mut String, line: &Stroke) {
    let _ = writeln!(
        file,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:.2}\" \
         stroke-linejoin=\"round\"/>",
        places(&line.points),
        hex(line.colour),
        line.width
    );
}

fn disc(file: &mut String, disc: &Disc) {
    let Disc {
        centre: (x, y),
        radius,
        ring,
        colour,
    } = *disc;
    if !(x.is_finite() && y.is_finite()) {
        return;
    }
    let colour = hex(colour);
    // The edge of a ring lies within its radius.
    let (fill, edge) = match ring {
        Some(_) => ("#ffffff", colour.as_str()),
        None => (colour.as_str(), "none"),
    };
    let ring = ring.unwrap_or_default();
    let radius = radius - ring / 2.0;
    let _ = writeln!(
        file,
        "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius:.2}\" fill=\"{fill}\" stroke=\"{edge}\" \
         stroke-width=\"{ring:.2}\"/>"
    );
}

/// Points as SVG has them; those that are no numbers are left out.
fn places(points: &[(f32, f32)]) -> String {
    let finite = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
    let places: Vec<String> = finite.map(|(x, y)| format!("{x:.2},{y:.2}")).collect();
    places.join(" ")
}

fn text(file: &mut String, line: &Line) {
    let _ = writeln!(
        file,
        "<text x=\"{:.2}\" y=\"{:.2}\" font-size=\"{:.2}\" textLength=\"{:.2}\" \
         lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\">{}</text>",
        line.x,
        line.baseline,
        line.size,
        line.length,
        hex(line.colour),
        escaped(&plain(&line.text))
    );
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A text between tags or in quotes, without the characters that no XML may hold.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => escaped.push(character),
            _ => {}
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use roxmltree::Document;

    use super::*;
    use crate::sheet::tests::sheet;

    const SVG: &str = "http://www.w3.org/2000/svg";

    #[test]
    fn a_figure_is_svg_with_its_panels_texts_and_size() {
        let sheet = sheet(2);
        let file = svg(&sheet, Width::Double).unwrap();
        let document = Document::parse(&file).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("width"), Some("180.00mm"));
        assert!(root.attribute("viewBox").unwrap().starts_with("0 0 2126 "));
        let named = |name: &'static str| {
            document
                .descendants()
                .filter(move |node| node.has_tag_name((SVG, name)))
        };
        assert_eq!(named("image").count(), 1 + 2 * 2 + 1);
        let shown: Vec<&str> = named("text").filter_map(|node| node.text()).collect();
        for expected in ["t = 1.000", "generated", "DNA", "−0.25", "10 µm"] {
            assert!(shown.contains(&expected), "{expected} in {shown:?}");
        }
        let described = named("desc").next().and_then(|node| node.text()).unwrap();
        assert!(described.contains("t = 0.500: generated"), "{described}");
        let kept = document
            .descendants()
            .find(|node| node.attribute("keyword") == Some("CellFlux link"))
            .unwrap();
        assert!(kept.has_tag_name((NAMESPACE, "text")));
        assert_eq!(kept.text(), Some("#v=1&c=taxol"));
    }

    #[test]
    fn the_pictures_in_it_are_the_sheet_s() {
        let sheet = sheet(1);
        let file = svg(&sheet, Width::Single).unwrap();
        let document = Document::parse(&file).unwrap();
        let image = document
            .descendants()
            .find(|node| node.has_tag_name((SVG, "image")))
            .unwrap();
        let href = image.attribute("href").unwrap();
        let png = STANDARD
            .decode(href.strip_prefix("data:image/png;base64,").unwrap())
            .unwrap();
        let picture = cellflux_image::decode("panel.png", &png).unwrap();
        assert_eq!((picture.width(), picture.height()), (64, 64));
        assert!(picture.planes[1].values.iter().all(|&value| value > 254.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_title_gives_svg_and_png(title in any::<String>(), label in "\\PC{0,200}") {
            let mut sheet = sheet(1);
            sheet.about.title = title;
            sheet.columns[1].label = label;
            sheet.about.texts[0].text.clone_from(&sheet.about.title);
            let file = svg(&sheet, Width::Single).unwrap();
            prop_assert!(Document::parse(&file).is_ok());
            let png = crate::png(&sheet, Width::Single).unwrap();
            prop_assert!(png.starts_with(b"\x89PNG"));
            prop_assert!(crate::animation(&sheet).is_ok());
        }
    }
}
