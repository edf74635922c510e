//! The channels that OME-XML names, one for each plane of the file (OME schema 2016-06, `Image/Pixels`).

use roxmltree::{Document, Node, ParsingOptions};

/// More elements than this are refused: each plane has one `Plane` and one `TiffData`, and 64 planes are
/// read.
const MOST_NODES: u32 = 1 << 20;
/// More planes than this are not looked up.
const MOST_PLANES: usize = 4096;

/// What OME-XML says of a file's planes.
pub(super) struct Ome {
    /// The name of the plane in each directory, by the directory's place in the file.
    planes: Vec<Option<String>>,
    /// The names of the first image's channels.
    channels: Vec<Option<String>>,
}

/// The sizes of an image that its planes are counted along.
struct Sizes {
    /// The axes in the order in which planes follow each other, each with its length.
    axes: [(char, usize); 3],
}

impl Ome {
    /// Reads a TIFF's description; none unless it is OME-XML.
    pub(super) fn of(description: &str) -> Option<Self> {
        let xml = description.trim().trim_start_matches('\u{feff}');
        if !xml.starts_with('<') || !xml.contains("OME") {
            return None;
        }
        // Document type definitions are refused by default, and with them entities that expand.
        let options = ParsingOptions {
            nodes_limit: MOST_NODES,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(xml, options).ok()?;
        let root = document.root_element();
        if root.tag_name().name() != "OME" {
            return None;
        }
        let own = root.attribute("UUID");
        let mut ome = Self {
            planes: Vec::new(),
            channels: Vec::new(),
        };
        for image in children(root, "Image") {
            for pixels in children(image, "Pixels").take(1) {
                ome.add(pixels, own);
            }
        }
        Some(ome)
    }

    /// The name of the plane in a directory.
    pub(super) fn plane(&self, directory: usize) -> Option<String> {
        self.planes.get(directory).cloned().flatten()
    }

    /// The name of a channel, where there are as many as `of`.
    pub(super) fn channel(&self, index: usize, of: usize) -> Option<String> {
        let name = || self.channels.get(index).cloned().flatten();
        (self.channels.len() == of).then(name).flatten()
    }

    fn add(&mut self, pixels: Node, own: Option<&str>) {
        let channels: Vec<Option<String>> = children(pixels, "Channel")
            .map(|channel| {
                channel
                    .attribute("Name")
                    .or_else(|| channel.attribute("Fluor"))
                    .map(str::to_owned)
            })
            .collect();
        let sizes = Sizes::of(pixels, channels.len());
        if self.channels.is_empty() {
            self.channels.clone_from(&channels);
        }
        let mut told = false;
        for data in children(pixels, "TiffData") {
            told = true;
            // In a set of files each describes all of them; only this file's planes are named here.
            let file = children(data, "UUID").next().and_then(|uuid| uuid.text());
            if let (Some(own), Some(file)) = (own, file)
                && own.trim() != file.trim()
            {
                continue;
            }
            let number = |name: &str| {
                data.attribute(name)
                    .and_then(|number| number.trim().parse::<usize>().ok())
            };
            let directory = number("IFD");
            let first = |axis: char| number(&format!("First{axis}")).unwrap_or(0);
            let start = sizes.position(first);
            let all = sizes.planes().saturating_sub(start);
            let count = number("PlaneCount").unwrap_or(if directory.is_some() { 1 } else { all });
            self.place(&sizes, &channels, directory.unwrap_or(0), start, count.min(all));
        }
        if !told {
            let next = self.planes.len();
            self.place(&sizes, &channels, next, 0, sizes.planes());
        }
    }

    /// Names the directories of `count` planes that follow each other.
    fn place(
        &mut self,
        sizes: &Sizes,
        channels: &[Option<String>],
        directory: usize,
        start: usize,
        count: usize,
    ) {
        for step in 0..count.min(MOST_PLANES) {
            let Some(at) = directory.checked_add(step).filter(|&at| at < MOST_PLANES) else {
                return;
            };
            let name = sizes.name(channels, start + step);
            if self.planes.len() <= at {
                self.planes.resize(at + 1, None);
            }
            if let Some(plane) = self.planes.get_mut(at) {
                *plane = name;
            }
        }
    }
}

impl Sizes {
    fn of(pixels: Node, channels: usize) -> Self {
        let order = pixels.attribute("DimensionOrder").unwrap_or("XYCZT");
        let length = |axis: char| {
            // A channel of several samples is one plane, so the channels are counted and not their samples.
            if axis == 'C' && channels > 0 {
                return channels;
            }
            let said = pixels.attribute(format!("Size{axis}").as_str());
            said.and_then(|size| size.trim().parse().ok()).unwrap_or(1).max(1)
        };
        let mut axes = ['C', 'Z', 'T'];
        axes.sort_by_key(|axis| order.find(*axis).unwrap_or(usize::MAX));
        Self {
            axes: axes.map(|axis| (axis, length(axis))),
        }
    }

    fn planes(&self) -> usize {
        self.axes
            .iter()
            .fold(1usize, |planes, (_, length)| planes.saturating_mul(*length))
    }

    /// The number of the plane at a place along each axis.
    fn position(&self, place: impl Fn(char) -> usize) -> usize {
        let mut stride = 1usize;
        let mut position = 0usize;
        for &(axis, length) in &self.axes {
            position = position.saturating_add(place(axis).saturating_mul(stride));
            stride = stride.saturating_mul(length);
        }
        position
    }

    /// The channel of a plane, and its place along depth and time where there is more than one.
    fn name(&self, channels: &[Option<String>], position: usize) -> Option<String> {
        let mut rest = position;
        let mut name = None;
        let mut places = String::new();
        for &(axis, length) in &self.axes {
            let place = rest % length.max(1);
            rest /= length.max(1);
            if axis == 'C' {
                name = channels.get(place).cloned().flatten();
            } else if length > 1 {
                let called = if axis == 'Z' { "slice" } else { "frame" };
                places = format!("{places}, {called} {}", place + 1);
            }
        }
        name.map(|name| format!("{name}{places}"))
    }
}

fn children<'a, 'input: 'a>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(move |child| child.tag_name().name() == name)
}
