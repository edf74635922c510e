//! The skeletal formula as SVG.
//!
//! Everything is drawn in `currentColor`, so that a picture placed inline in a page takes the text's colour,
//! light or dark. Carbon is a corner, other atoms are letters with their hydrogens; there is no script, no
//! style sheet and no font of its own. The same molecule always gives the same bytes.

use std::fmt::Write as _;

use crate::layout::{Layout, PlacedAtom, PlacedBond, Stroke};
use crate::{ChemError, Molecule};

/// Length of a bond in SVG units, which are pixels at natural size.
const BOND: f64 = 22.0;
/// Height of an atom's letters.
const FONT: f64 = 11.0;
/// Height of indices and charges.
const SMALL_FONT: f64 = 8.0;
/// How far indices hang, and charges rise.
const SHIFT: f64 = 3.5;
/// Distance between the lines of a double bond.
const LINE_GAP: f64 = 3.4;
/// Half the wide end of a wedge.
const WEDGE: f64 = 2.8;
/// Space left around letters, and around the whole picture.
const CLEARANCE: f64 = 1.8;
const MARGIN: f64 = 6.0;

impl Molecule {
    /// Draws the molecule; `title` is what a screen reader says.
    ///
    /// # Errors
    /// [`ChemError::Drawing`] when the molecule cannot be laid out in the plane.
    pub fn to_svg(&self, title: &str) -> Result<String, ChemError> {
        Ok(draw(&self.layout()?, title))
    }
}

type Point = [f64; 2];

/// An atom's letters: where they are centred, how much room they take, where the hydrogens go.
struct Label {
    at: Point,
    half_width: f64,
    hydrogens: Side,
}

/// Where an atom's hydrogens stand, as seen from its symbol.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Right,
    Left,
    Below,
    Above,
}

impl Side {
    /// In the order of preference: a line of text first.
    const ALL: [(Self, Point); 4] = [
        (Self::Right, [1.0, 0.0]),
        (Self::Left, [-1.0, 0.0]),
        (Self::Below, [0.0, 1.0]),
        (Self::Above, [0.0, -1.0]),
    ];

    /// The side that no neighbour is on.
    fn free_of(neighbours: &[Point], at: Point) -> Self {
        // The cosine of the angle to the nearest neighbour, the smaller the freer; one side must be clearly
        // freer than another to be preferred.
        let crowding = |direction: Point| {
            let cosine = |other: &Point| {
                let (dx, dy) = (other[0] - at[0], other[1] - at[1]);
                (dx * direction[0] + dy * direction[1]) / dx.hypot(dy).max(f64::MIN_POSITIVE)
            };
            neighbours.iter().map(cosine).fold(-1.0, f64::max)
        };
        // The end of a chain always has room on its line.
        let sides = if neighbours.len() > 1 { Self::ALL.len() } else { 2 };
        let mut best = (Self::Right, f64::MAX);
        for (side, direction) in Self::ALL.into_iter().take(sides) {
            let crowded = crowding(direction);
            if crowded < best.1 - 0.2 {
                best = (side, crowded);
            }
        }
        best.0
    }
}

fn draw(layout: &Layout, title: &str) -> String {
    let mut labels: Vec<Option<Label>> = (0..layout.atoms.len())
        .map(|index| label(layout, index))
        .collect();
    let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
    for (atom, label) in layout.atoms.iter().zip(&labels) {
        let [left, right, up, down] = label.as_ref().map_or([0.0; 4], |label| extent(atom, label));
        low = [
            low[0].min(atom.at[0] * BOND - left),
            low[1].min(atom.at[1] * BOND - up),
        ];
        high = [
            high[0].max(atom.at[0] * BOND + right),
            high[1].max(atom.at[1] * BOND + down),
        ];
    }
    let place = |at: Point| [at[0] * BOND - low[0] + MARGIN, at[1] * BOND - low[1] + MARGIN];
    let [width, height] = [0, 1].map(|axis| high[axis] - low[axis] + 2.0 * MARGIN);
    let points: Vec<Point> = layout.atoms.iter().map(|atom| place(atom.at)).collect();
    for label in labels.iter_mut().flatten() {
        label.at = place(label.at);
    }

    let mut lines = String::new();
    let mut dashes = String::new();
    let mut wedges = String::new();
    for bond in &layout.bonds {
        let from = clip(points[bond.begin], points[bond.end], labels[bond.begin].as_ref());
        let to = clip(points[bond.end], points[bond.begin], labels[bond.end].as_ref());
        match bond.stroke {
            Stroke::Single => line(&mut lines, from, to),
            Stroke::Double => {
                let lettered = [bond.begin, bond.end].map(|atom| labels[atom].is_some());
                let centre = bond.ring_centre.map(place);
                double(&mut lines, layout, bond, &points, ([from, to], lettered), centre);
            }
            Stroke::Triple => {
                line(&mut lines, from, to);
                for offset in [LINE_GAP, -LINE_GAP] {
                    let [from, to] = shift([from, to], offset);
                    line(&mut lines, from, to);
                }
            }
            Stroke::Wedge => {
                let ([left, _], [right, _]) = (shift([to, from], WEDGE), shift([to, from], -WEDGE));
                polygon(&mut wedges, [from, left, right]);
            }
            Stroke::Hashed => {
                for rung in 1..=6 {
                    let part = f64::from(rung) / 6.0;
                    let middle = between(from, to, part);
                    let ([left, _], [right, _]) = (
                        shift([middle, from], WEDGE * part),
                        shift([middle, from], -WEDGE * part),
                    );
                    line(&mut lines, left, right);
                }
            }
            Stroke::Dashed => line(&mut dashes, from, to),
        }
    }

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
        role=\"img\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.3\" stroke-linecap=\"round\" \
        stroke-linejoin=\"round\"><title>{}</title>",
        escape(title),
        w = number(width),
        h = number(height),
    );
    path(&mut svg, "", &lines);
    path(&mut svg, " stroke-dasharray=\"2 2.5\"", &dashes);
    path(&mut svg, " fill=\"currentColor\" stroke=\"none\"", &wedges);
    if labels.iter().any(Option::is_some) {
        let _ = write!(
            svg,
            "<g fill=\"currentColor\" stroke=\"none\" font-family=\"Helvetica,Arial,sans-serif\" \
            font-size=\"{}\">",
            number(FONT)
        );
        for (atom, label) in layout.atoms.iter().zip(&labels) {
            if let Some(label) = label {
                letters(&mut svg, atom, label);
            }
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>\n");
    svg
}

/// Widths of the symbol, and of all that stands beside it.
fn room(atom: &PlacedAtom) -> [f64; 2] {
    let small = |characters: usize| characters as f64 * 0.56 * SMALL_FONT;
    // Letter widths of the usual sans-serif faces: capitals about 0.72 of the height, small letters half.
    let symbol = FONT * (0.72 + 0.5 * (atom.symbol.len().saturating_sub(1)) as f64);
    let mut beside = 0.0;
    if atom.hydrogens > 0 {
        beside += 0.72 * FONT;
    }
    if atom.hydrogens > 1 {
        beside += small(atom.hydrogens.to_string().len());
    }
    beside += small(charge_text(atom.charge).chars().count());
    beside += small(atom.isotope.map_or(0, |mass| mass.to_string().len()));
    [symbol, beside]
}

/// How far an atom's letters reach to the left, right, up and down of its place.
fn extent(atom: &PlacedAtom, label: &Label) -> [f64; 4] {
    let [_, beside] = room(atom);
    let line = FONT / 2.0;
    let mut extent = [label.half_width, label.half_width, line, line];
    let reach = match label.hydrogens {
        Side::Left => [beside, 0.0, 0.0, 0.0],
        Side::Right => [0.0, beside, 0.0, 0.0],
        // A charge or an isotope stays beside the symbol.
        Side::Above => [beside, beside, FONT, 0.0],
        Side::Below => [beside, beside, 0.0, FONT],
    };
    for (side, more) in extent.iter_mut().zip(reach) {
        *side += more;
    }
    extent
}

fn label(layout: &Layout, index: usize) -> Option<Label> {
    let atom = &layout.atoms[index];
    let neighbours: Vec<Point> = layout
        .bonds
        .iter()
        .filter_map(|bond| match index {
            _ if bond.begin == index => Some(layout.atoms[bond.end].at),
            _ if bond.end == index => Some(layout.atoms[bond.begin].at),
            _ => None,
        })
        .collect();
    if atom.symbol == "C" && !neighbours.is_empty() && atom.charge == 0 && atom.isotope.is_none() {
        return None;
    }
    let [symbol, _] = room(atom);
    Some(Label {
        at: atom.at,
        half_width: symbol / 2.0,
        hydrogens: if atom.hydrogens > 0 {
            Side::free_of(&neighbours, atom.at)
        } else {
            Side::Right
        },
    })
}

fn charge_text(charge: i32) -> String {
    let sign = if charge < 0 { "\u{2212}" } else { "+" };
    match charge.unsigned_abs() {
        0 => String::new(),
        1 => sign.to_owned(),
        size => format!("{size}{sign}"),
    }
}

fn letters(svg: &mut String, atom: &PlacedAtom, label: &Label) {
    let hydrogens = match atom.hydrogens {
        0 => String::new(),
        1 => "H".to_owned(),
        count => format!("H{}", small(&count.to_string(), SHIFT)),
    };
    let mass = atom
        .isotope
        .map_or_else(String::new, |mass| small(&mass.to_string(), -SHIFT));
    let charge = match charge_text(atom.charge) {
        none if none.is_empty() => none,
        charge => small(&charge, -SHIFT),
    };
    let symbol = atom.symbol;
    let left = label.at[0] - label.half_width;
    let right = label.at[0] + label.half_width;
    // A capital's middle is 0.36 of the font size above its base line.
    let base = label.at[1] + 0.36 * FONT;
    match label.hydrogens {
        Side::Right => text(svg, left, base, "", &format!("{mass}{symbol}{hydrogens}{charge}")),
        Side::Left => text(
            svg,
            right,
            base,
            " text-anchor=\"end\"",
            &format!("{hydrogens}{mass}{symbol}{charge}"),
        ),
        side => {
            text(svg, left, base, "", &format!("{mass}{symbol}{charge}"));
            let line = if side == Side::Below { FONT } else { -FONT };
            text(svg, left, base + line, "", &hydrogens);
        }
    }
}

fn text(svg: &mut String, x: f64, y: f64, attributes: &str, text: &str) {
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\"{attributes}>{text}</text>",
        number(x),
        number(y)
    );
}

/// An index or exponent; the empty span after it brings the base line back.
fn small(text: &str, shift: f64) -> String {
    format!(
        "<tspan dy=\"{}\" font-size=\"{}\">{text}</tspan><tspan dy=\"{}\">\u{200b}</tspan>",
        number(shift),
        number(SMALL_FONT),
        number(-shift)
    )
}

/// Where the line from `from` to `towards` leaves the ellipse around an atom's letters.
fn clip(from: Point, towards: Point, label: Option<&Label>) -> Point {
    let Some(label) = label else { return from };
    let (dx, dy) = (towards[0] - from[0], towards[1] - from[1]);
    let length = dx.hypot(dy);
    if length == 0.0 {
        return from;
    }
    let (half_width, half_height) = (label.half_width + CLEARANCE, 0.36 * FONT + CLEARANCE);
    let reach = 1.0 / (dx / length / half_width).hypot(dy / length / half_height);
    between(from, towards, (reach / length).min(0.45))
}

/// A double bond: one line on the axis and one inside the ring or on the crowded side; two lines beside the
/// axis where one end has no other neighbour, as in a ketone.
fn double(
    lines: &mut String,
    layout: &Layout,
    bond: &PlacedBond,
    points: &[Point],
    (ends, lettered): ([Point; 2], [bool; 2]),
    ring_centre: Option<Point>,
) {
    let degree = |atom: usize| {
        layout
            .bonds
            .iter()
            .filter(|other| other.begin == atom || other.end == atom)
            .count()
    };
    let alone = degree(bond.begin) == 1 || degree(bond.end) == 1;
    if ring_centre.is_none() && alone {
        for offset in [LINE_GAP / 2.0, -LINE_GAP / 2.0] {
            let [from, to] = shift(ends, offset);
            line(lines, from, to);
        }
        return;
    }
    let axis = [points[bond.begin], points[bond.end]];
    let side = ring_centre.map_or_else(
        || {
            let of_neighbour = |other: &PlacedBond| {
                let shared = [other.begin, other.end].map(|atom| atom == bond.begin || atom == bond.end);
                match shared {
                    [true, false] => side_of(axis, points[other.end]),
                    [false, true] => side_of(axis, points[other.begin]),
                    _ => 0.0,
                }
            };
            layout.bonds.iter().map(of_neighbour).sum()
        },
        |centre| side_of(axis, centre),
    );
    line(lines, ends[0], ends[1]);
    let [from, to] = shift(ends, if side < 0.0 { -LINE_GAP } else { LINE_GAP });
    // The inner line ends before the corner, except at letters, where the axis is already cut back.
    let [at_begin, at_end] = lettered.map(|lettered| if lettered { 0.0 } else { 0.14 });
    line(lines, between(from, to, at_begin), between(to, from, at_end));
}

/// Positive where `point` lies to the side that [`shift`] moves to with a positive offset.
fn side_of([from, to]: [Point; 2], point: Point) -> f64 {
    let cross = (to[0] - from[0]) * (point[1] - from[1]) - (to[1] - from[1]) * (point[0] - from[0]);
    // A neighbour straight ahead belongs to no side.
    if cross.abs() < 1e-6 { 0.0 } else { cross.signum() }
}

/// Moves a line sideways by `offset`.
fn shift([from, to]: [Point; 2], offset: f64) -> [Point; 2] {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy).max(f64::MIN_POSITIVE);
    let normal = [-dy / length * offset, dx / length * offset];
    [from, to].map(|point| [point[0] + normal[0], point[1] + normal[1]])
}

fn between(from: Point, to: Point, part: f64) -> Point {
    [
        from[0] + (to[0] - from[0]) * part,
        from[1] + (to[1] - from[1]) * part,
    ]
}

fn line(path: &mut String, from: Point, to: Point) {
    let _ = write!(path, "M{}L{}", point(from), point(to));
}

fn polygon(path: &mut String, [a, b, c]: [Point; 3]) {
    let _ = write!(path, "M{}L{}L{}Z", point(a), point(b), point(c));
}

fn path(svg: &mut String, attributes: &str, data: &str) {
    if !data.is_empty() {
        let _ = write!(svg, "<path{attributes} d=\"{data}\"/>");
    }
}

fn point([x, y]: Point) -> String {
    format!("{} {}", number(x), number(y))
}

/// One decimal is a tenth of a pixel; whole numbers have none.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    match (tenths.abs() / 10, tenths.abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, tenth) => format!("{sign}{whole}.{tenth}"),
    }
}

/// A title is text from a table: it must not become markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // Characters that XML cannot hold at all.
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(smiles: &str) -> String {
        Molecule::from_smiles(smiles)
            .unwrap()
            .to_svg("a compound")
            .unwrap()
    }

    #[test]
    fn the_picture_takes_the_text_colour_and_no_other() {
        let taxane =
            svg("CC(=O)O[C@H]1C(=O)[C@]2(C)[C@@H](O)C[C@H]3OC[C@@]3(OC(=O)C)[C@H]2[C@H](OC(=O)c4ccccc4)1");
        assert!(taxane.contains("stroke=\"currentColor\""));
        for colour in ["#", "rgb", "black", "white", "style", "script", "href"] {
            assert!(!taxane.contains(colour), "{colour}");
        }
    }

    #[test]
    fn heteroatoms_are_lettered_with_their_hydrogens_and_carbons_are_corners() {
        let ethanol = svg("CCO");
        assert_eq!(ethanol.matches("<text").count(), 1);
        assert!(
            ethanol.contains(">OH</text>") || ethanol.contains(">HO</text>"),
            "{ethanol}"
        );
        let methane = svg("C");
        assert!(methane.contains(">CH<tspan"), "{methane}");
        assert!(svg("C[NH3+]").contains('+'));
    }

    #[test]
    fn the_same_molecule_gives_the_same_bytes() {
        let colchicine = "COC1=CC=C2C(=CC1=O)[C@H](CCc3cc(OC)c(OC)c(OC)c23)NC(=O)C";
        assert_eq!(svg(colchicine), svg(colchicine));
        assert!(svg(colchicine).len() < 4096);
    }

    #[test]
    fn a_title_cannot_become_markup() {
        let molecule = Molecule::from_smiles("C").unwrap();
        let svg = molecule.to_svg("<script>a & b\u{0}</script>").unwrap();
        assert!(
            svg.contains("<title>&lt;script&gt;a &amp; b &lt;/script&gt;</title>"),
            "{svg}"
        );
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.0, -0.04, 12.0, 3.26, -7.5].map(number),
            ["0", "0", "12", "3.3", "-7.5"]
        );
    }
}
