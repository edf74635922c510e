//! Whether an SVG only draws. One that a visitor opens by itself is a page of the site's own origin: a script
//! in it would run there.

use std::collections::BTreeMap;

use roxmltree::{Document, Node, ParsingOptions};

/// Elements that only draw.
const DRAWING: &[&str] = &[
    "svg",
    "g",
    "defs",
    "symbol",
    "use",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "textPath",
    "title",
    "desc",
    "metadata",
    "style",
    "image",
    "switch",
    "view",
    "clipPath",
    "mask",
    "pattern",
    "marker",
    "linearGradient",
    "radialGradient",
    "stop",
    "solidColor",
    "filter",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feImage",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "font",
    "font-face",
    "glyph",
    "missing-glyph",
    "hkern",
    "flowRoot",
    "flowRegion",
];

const SVG: &str = "http://www.w3.org/2000/svg";

/// What drawing programs write beside the drawing, and browsers ignore.
pub(crate) const INERT: [&str; 7] = [
    "http://www.inkscape.org/",
    "http://sodipodi.sourceforge.net/",
    "http://creativecommons.org/ns#",
    "http://web.resource.org/cc/",
    "http://purl.org/dc/",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://ns.adobe.com/",
];

/// Limits on the elements in a file, and on those drawn when every `<use>`, pattern and marker is followed.
const MOST_NODES: u32 = 2_000_000;
const MOST_DRAWN: u64 = 1_000_000;
/// Limit on how deep elements are nested.
const DEEPEST: usize = 200;

/// Refuses an SVG that does more than draw, or draws without end.
///
/// # Errors
/// What it holds, with its line.
pub fn harmless(content: &[u8]) -> Result<(), String> {
    let text =
        std::str::from_utf8(content).map_err(|_| "an SVG that is not UTF-8, expected UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains("<!ENTITY") {
        return Err("an SVG that defines entities, expected none".into());
    }
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    if depth(text) > DEEPEST {
        return Err(format!(
            "an SVG with elements more than {DEEPEST} deep, expected fewer"
        ));
    }
    let read =
        Document::parse_with_options(text, options).map_err(|error| format!("a broken SVG: {error}"))?;
    if !read.root_element().has_tag_name((SVG, "svg")) {
        return Err(format!("expected an SVG, <svg xmlns=\"{SVG}\">"));
    }
    for node in read.descendants() {
        let wrong = |found: String| {
            let line = read.text_pos_at(node.range().start).row;
            Err(format!(
                "{found} on line {line} of the SVG, expected a drawing only"
            ))
        };
        if let Some(instruction) = node.pi() {
            return wrong(format!("an instruction <?{}", instruction.target));
        }
        if !node.is_element() {
            continue;
        }
        let (name, space) = (node.tag_name().name(), node.tag_name().namespace());
        match space {
            Some(SVG) if DRAWING.contains(&name) => {}
            Some(space) if INERT.iter().any(|inert| space.starts_with(inert)) => continue,
            _ => return wrong(format!("an element <{name}>")),
        }
        if name == "style" && node.text().is_some_and(reaches_out) {
            return wrong("a style that loads a file".into());
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            if name.len() > 2 && name.to_ascii_lowercase().starts_with("on") {
                return wrong(format!("a script, {name}"));
            }
            if matches!(name, "href" | "src") && !within(value) {
                return wrong(format!(
                    "a link to {:?}",
                    value.chars().take(40).collect::<String>()
                ));
            }
            if name != "href" && reaches_out(value) {
                return wrong(format!("a file loaded by {name}"));
            }
        }
    }
    drawn(&read)
}

/// How deep tags are nested, found before a parser follows them down.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for (at, _) in text.match_indices('<') {
        let rest = text.get(at + 1..).unwrap_or_default();
        if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if rest.starts_with(|c: char| c.is_alphabetic()) {
            let closed = rest
                .split_once('>')
                .is_some_and(|(inside, _)| inside.ends_with('/'));
            if !closed {
                depth += 1;
                deepest = deepest.max(depth);
            }
        }
    }
    deepest
}

/// Whether an address stays in the file: a part of it, or pixels written out.
fn within(address: &str) -> bool {
    let address = address.trim();
    address.starts_with('#')
        || ["png", "jpeg", "jpg", "gif", "webp"]
            .iter()
            .any(|kind| address.starts_with(&format!("data:image/{kind};base64,")))
}

/// Whether CSS loads anything from outside of the file.
fn reaches_out(css: &str) -> bool {
    let plain: String = css.to_lowercase();
    // An escape could hide a word; drawing programs write none.
    let hidden = plain.contains('\\') && plain.contains('(');
    let loads = plain.match_indices("url(").any(|(at, form)| {
        let inside = plain.get(at + form.len()..).unwrap_or_default();
        !within(inside.trim_start_matches(['\'', '"', ' ']))
    });
    plain.contains("@import") || plain.contains("javascript:") || hidden || loads
}

/// Refuses a file that draws itself over and over: each `<use>` of a group of `<use>`s multiplies.
fn drawn(read: &Document) -> Result<(), String> {
    let by_id: BTreeMap<&str, Node> = read
        .descendants()
        .filter_map(|node| node.attribute("id").map(|id| (id, node)))
        .collect();
    let mut known = BTreeMap::new();
    let total = count(read.root_element(), &by_id, &mut known, 0)?;
    if total > MOST_DRAWN {
        return Err(format!(
            "an SVG that draws {total} elements by using some again and again, expected at most {MOST_DRAWN}"
        ));
    }
    Ok(())
}

/// Elements drawn for one: itself, what stands in it, and what it refers to.
fn count<'a>(
    node: Node<'a, 'a>,
    by_id: &BTreeMap<&'a str, Node<'a, 'a>>,
    known: &mut BTreeMap<usize, Option<u64>>,
    depth: usize,
) -> Result<u64, String> {
    let key = node.id().get_usize();
    match known.get(&key) {
        Some(Some(count)) => return Ok(*count),
        Some(None) => return Err("an SVG that uses itself, expected a finite drawing".into()),
        None => {}
    }
    if depth > 2 * DEEPEST {
        return Err("an SVG whose elements use each other too deeply, expected fewer".into());
    }
    known.insert(key, None);
    let mut total = 1_u64;
    for attribute in node.attributes() {
        for target in referred(attribute.name(), attribute.value()) {
            if let Some(target) = by_id.get(target) {
                // An element's clip or fill that contains the element itself draws nothing.
                total = total.saturating_add(count(*target, by_id, known, depth + 1)?);
            }
        }
    }
    for child in node.children().filter(Node::is_element) {
        total = total.saturating_add(count(child, by_id, known, depth + 1)?);
    }
    known.insert(key, Some(total));
    Ok(total)
}

/// The ids that an attribute refers to.
fn referred<'a>(name: &str, value: &'a str) -> Vec<&'a str> {
    if name == "href" {
        return value.trim().strip_prefix('#').into_iter().collect();
    }
    value
        .split("url(")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .filter_map(|(inside, _)| inside.trim_matches(['\'', '"', ' ']).strip_prefix('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(inside: &str) -> Result<(), String> {
        harmless(
            format!(
                "<svg xmlns=\"{SVG}\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
                xmlns:h=\"http://www.w3.org/1999/xhtml\">{inside}</svg>"
            )
            .as_bytes(),
        )
    }

    #[test]
    fn a_drawing_passes_as_plotting_programs_write_it() {
        let plot = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"no\"?>\n\
            <!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \
            \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">\n<svg \
            xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"9pt\" xmlns=\"{SVG}\"><metadata><rdf:RDF \
            xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"/></metadata><defs><style \
            type=\"text/css\">*{{stroke-linejoin: round}}</style><path id=\"m\" d=\"M0 0\"/><clipPath \
            id=\"c\"><rect/></clipPath></defs><g clip-path=\"url(#c)\"><use xlink:href=\"#m\" \
            x=\"1\"/><image xlink:href=\"data:image/png;base64,AA==\"/></g></svg>"
        );
        assert_eq!(harmless(plot.as_bytes()), Ok(()));
        assert_eq!(svg("<text>CH<tspan dy=\"3\">3</tspan></text>"), Ok(()));
    }

    #[test]
    fn what_runs_or_loads_is_refused() {
        for (inside, expected) in [
            ("<script>alert(1)</script>", "<script>"),
            ("<g onload=\"alert(1)\"/>", "onload"),
            ("<foreignObject/>", "<foreignObject>"),
            ("<h:script>alert(1)</h:script>", "<script>"),
            ("<a href=\"javascript:alert(1)\"/>", "<a>"),
            ("<use href=\"other.svg#a\"/>", "a link to"),
            ("<image xlink:href=\"https://example.org/a.png\"/>", "a link to"),
            ("<image href=\"data:image/svg+xml;base64,AA==\"/>", "a link to"),
            ("<style>@import 'https://example.org/a.css';</style>", "a style"),
            (
                "<g style=\"fill:url(https://example.org/#a)\"/>",
                "a file loaded by style",
            ),
            (
                "<set attributeName=\"href\" to=\"javascript:alert(1)\"/>",
                "<set>",
            ),
            ("<?xml-stylesheet href=\"a.css\"?>", "an instruction"),
        ] {
            let error = svg(inside).unwrap_err();
            assert!(error.contains(expected), "{inside}: {error}");
        }
        let bomb = format!("<!DOCTYPE svg [<!ENTITY a \"b\">]><svg xmlns=\"{SVG}\"/>");
        assert!(harmless(bomb.as_bytes()).unwrap_err().contains("entities"));
    }

    #[test]
    fn a_drawing_that_multiplies_or_never_ends_is_refused() {
        let mut bomb = String::from("<g id=\"a0\"><path/></g>");
        for level in 1..20 {
            let uses = format!("<use href=\"#a{}\"/>", level - 1).repeat(10);
            bomb.push_str(&format!("<g id=\"a{level}\">{uses}</g>"));
        }
        assert!(svg(&bomb).unwrap_err().contains("again and again"));
        assert!(
            svg("<g id=\"a\"><use href=\"#a\"/></g>")
                .unwrap_err()
                .contains("uses itself")
        );
        let deep = "<g>".repeat(100_000) + &"</g>".repeat(100_000);
        assert!(svg(&deep).unwrap_err().contains("deep"));
    }
}
