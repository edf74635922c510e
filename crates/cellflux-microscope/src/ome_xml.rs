//! What OME-XML says of a TIFF's planes (OME schema 2016-06, `Image/Pixels`): the channel that each one is
//! of, its colour, and the size of a pixel.

use roxmltree::{Document, Node, ParsingOptions};

use crate::colour::PlaneColour;
use crate::error::{Untaken, quoted};
use crate::pixel_size::{PixelSize, Source};
use crate::unit::{Unit, unit};

/// More bytes than this are not read. In a set of files each describes the planes of all of them: a plate
/// of 384 wells with nine fields of five channels has 17,280, at less than 200 bytes each.
const MOST_BYTES: usize = 4 << 20;
/// More tags than this are not read: such a plate has two to four for each plane.
const MOST_TAGS: usize = 1 << 18;
/// More elements and pieces of text than this are not read.
const MOST_NODES: u32 = 1 << 19;
/// More attributes than this in all, or of one element, are not read: the schema's largest element has 25.
const MOST_ATTRIBUTES: usize = 1 << 19;
const MOST_ATTRIBUTES_OF_ONE: usize = 256;
/// More prefixes of namespaces than this are not read; writers declare a handful, at the top.
const MOST_PREFIXES: usize = 64;
/// More planes than this are not looked up.
const MOST_PLANES: usize = 4096;

/// What OME-XML says of a file's planes.
#[derive(Clone, Debug, PartialEq)]
pub struct OmeXml {
    /// What is said of the plane in each directory, by the directory's place in the file.
    planes: Vec<Channel>,
    /// The first image's channels.
    channels: Vec<Channel>,
    /// The size that the images state.
    pixel: Result<Option<PixelSize>, Untaken>,
}

/// What is said of a channel, or of one of its planes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Channel {
    name: Option<String>,
    colour: Option<PlaneColour>,
}

/// The sizes of an image that its planes are counted along.
struct Sizes {
    /// The axes in the order in which planes follow each other, each with its length.
    axes: [(char, usize); 3],
}

impl OmeXml {
    /// Reads a TIFF's description; none unless it is OME-XML.
    ///
    /// # Errors
    /// [`Untaken::Xml`] for XML that is not well-formed, has a document type definition, and with it entities
    /// that could expand, or is larger than any file's own.
    pub fn of(description: &str) -> Result<Option<Self>, Untaken> {
        let xml = description.trim().trim_start_matches('\u{feff}');
        if !xml.starts_with('<') || !xml.contains("OME") {
            return Ok(None);
        }
        let refused = |reason: String| Untaken::Xml { reason };
        if let Some(excess) = excess(xml) {
            return Err(refused(excess));
        }
        let options = ParsingOptions {
            // It is the default, and what keeps entities from expanding.
            allow_dtd: false,
            nodes_limit: MOST_NODES,
            ..ParsingOptions::default()
        };
        let document = match Document::parse_with_options(xml, options) {
            Ok(document) => document,
            Err(roxmltree::Error::DtdDetected) => {
                return Err(refused("it has a document type definition, expected none".into()));
            }
            Err(error) => return Err(refused(quoted(&error.to_string()))),
        };
        let root = document.root_element();
        if root.tag_name().name() != "OME" {
            return Ok(None);
        }
        let own = root.attribute("UUID");
        let mut read = Self {
            planes: Vec::new(),
            channels: Vec::new(),
            pixel: Ok(None),
        };
        let mut sizes = Vec::new();
        for image in children(root, "Image") {
            for pixels in children(image, "Pixels").take(1) {
                read.add(pixels, own);
                sizes.push(pixel(pixels));
            }
        }
        let sizes: Result<Vec<Option<PixelSize>>, Untaken> = sizes.into_iter().collect();
        read.pixel = sizes.and_then(|sizes| PixelSize::shared(sizes.into_iter().flatten()));
        Ok(Some(read))
    }

    /// The name of the plane in a directory.
    pub fn plane(&self, directory: usize) -> Option<&str> {
        self.planes.get(directory)?.name.as_deref()
    }

    /// The colour of the plane in a directory. The schema's default, white, is not said for a file that
    /// states none.
    pub fn colour(&self, directory: usize) -> Option<PlaneColour> {
        self.planes.get(directory)?.colour
    }

    /// The name of a channel, where there are as many as `of`.
    pub fn channel(&self, index: usize, of: usize) -> Option<&str> {
        self.channel_of(index, of)?.name.as_deref()
    }

    /// The colour of a channel, where there are as many as `of`.
    pub fn channel_colour(&self, index: usize, of: usize) -> Option<PlaneColour> {
        self.channel_of(index, of)?.colour
    }

    fn channel_of(&self, index: usize, of: usize) -> Option<&Channel> {
        let channels = Some(&self.channels).filter(|channels| channels.len() == of)?;
        channels.get(index)
    }

    /// The size of a pixel.
    pub(crate) fn pixel(&self) -> Result<Option<PixelSize>, Untaken> {
        self.pixel.clone()
    }

    fn add(&mut self, pixels: Node, own: Option<&str>) {
        let channels: Vec<Channel> = children(pixels, "Channel")
            .map(|channel| Channel {
                name: channel
                    .attribute("Name")
                    .or_else(|| channel.attribute("Fluor"))
                    .map(str::to_owned),
                colour: channel.attribute("Color").and_then(PlaneColour::of_ome),
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

    /// Says which planes the directories of `count` planes that follow each other are.
    fn place(&mut self, sizes: &Sizes, channels: &[Channel], directory: usize, start: usize, count: usize) {
        for step in 0..count.min(MOST_PLANES) {
            let Some(at) = directory.checked_add(step).filter(|&at| at < MOST_PLANES) else {
                return;
            };
            let said = sizes.plane(channels, start.saturating_add(step));
            if self.planes.len() <= at {
                self.planes.resize(at + 1, Channel::default());
            }
            if let Some(plane) = self.planes.get_mut(at) {
                *plane = said;
            }
        }
    }
}

/// What would cost the XML's reader more time or memory than a file's own XML can: it reserves memory by
/// counting `<` and `=`, compares each attribute of an element with those before it, and gives each element a
/// list of the prefixes in force.
fn excess(xml: &str) -> Option<String> {
    let beyond = |found: usize, most: usize, what: &str| {
        (found > most).then(|| format!("it has {found} {what}, expected at most {most}"))
    };
    // Neither a name nor a value may hold `<`, so that an element's attributes lie between two of them.
    let of_one = xml.split('<').map(attributes).max().unwrap_or_default();
    beyond(xml.len(), MOST_BYTES, "bytes")
        .or_else(|| beyond(xml.matches('<').count(), MOST_TAGS, "tags"))
        .or_else(|| beyond(xml.matches('=').count(), MOST_ATTRIBUTES, "attributes"))
        .or_else(|| beyond(of_one, MOST_ATTRIBUTES_OF_ONE, "attributes of one element"))
        .or_else(|| beyond(xml.matches("xmlns:").count(), MOST_PREFIXES, "prefixes"))
}

/// An upper bound on the attributes in a piece of XML: equals signs with a quote after them.
fn attributes(piece: &str) -> usize {
    let after = piece.split('=').skip(1);
    after
        .filter(|value| value.trim_start().starts_with(['"', '\'']))
        .count()
}

/// The size of a pixel that an image states.
fn pixel(pixels: Node) -> Result<Option<PixelSize>, Untaken> {
    let (across, down) = (physical(pixels, 'X')?, physical(pixels, 'Y')?);
    match (across.or(down), down.or(across)) {
        (Some(across), Some(down)) => PixelSize::new(across, down, Source::OmeXml).map(Some),
        _ => Ok(None),
    }
}

/// Micrometres along one side of a pixel; none where it states none, or pixels.
fn physical(pixels: Node, axis: char) -> Result<Option<f64>, Untaken> {
    let attribute = |name: String| pixels.attribute(name.as_str());
    let Some(length) = attribute(format!("PhysicalSize{axis}")) else {
        return Ok(None);
    };
    // The schema's default.
    let name = attribute(format!("PhysicalSize{axis}Unit")).unwrap_or("µm");
    match (unit(name), length.trim().parse::<f64>()) {
        (Some(Unit::Length(um)), Ok(length)) => Ok(Some(length * um)),
        (Some(Unit::Length(_)), Err(_)) => Err(Untaken::Size {
            found: quoted(length),
        }),
        (Some(Unit::None), _) => Ok(None),
        (None, _) => Err(Untaken::Unit { found: quoted(name) }),
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

    /// The channel of a plane, named with its place along depth and time where there is more than one.
    fn plane(&self, channels: &[Channel], position: usize) -> Channel {
        let mut rest = position;
        let mut plane = Channel::default();
        let mut places = String::new();
        for &(axis, length) in &self.axes {
            let place = rest % length.max(1);
            rest /= length.max(1);
            if axis == 'C' {
                plane = channels.get(place).cloned().unwrap_or_default();
            } else if length > 1 {
                let called = if axis == 'Z' { "slice" } else { "frame" };
                places = format!("{places}, {called} {}", place + 1);
            }
        }
        plane.name = plane.name.map(|name| format!("{name}{places}"));
        plane
    }
}

fn children<'a, 'input: 'a>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children()
        .filter(move |child| child.tag_name().name() == name)
}
