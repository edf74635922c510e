//! A table of walks: a picture for each row and column, with what it is below.

use cellflux_image::composite::Rgba;
use serde::{Deserialize, Serialize};

use crate::about::{About, Content};
use crate::error::PrintError;
use crate::font::Font;
use crate::layout::{Composer, INK, LABEL, Layout, Mark, PARAGRAPH, Place, QUIET, SMALL, line_height};
use crate::legend;
use crate::panels::{CAPTION_LINES, CLOSE, GAP, WIDEST, panel_size};
use crate::paper::{Width, dots, points};
use crate::sheet::{whole, wrong_size};
use crate::text::{plain, wrapped};

/// The room of the rows' headings, and the least of a picture with its caption, in millimetres.
const HEADINGS: f64 = 20.0;
const NARROWEST: f64 = 17.0;
/// The most lines of a heading.
const HEADING_LINES: usize = 3;

/// The content of a table. In JSON it is everything but the pictures, which are handed over beside it in the
/// order in which the numbers name them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its words and legends.
    pub about: About,
    /// The headings of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a cell for each column.
    pub rows: Vec<Row>,
    /// The pictures, all of one size.
    #[serde(skip)]
    pub pictures: Vec<Rgba>,
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its heading.
    pub heading: String,
    /// Its cells, left to right.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The picture, counted from 0; `None` where there is none.
    pub picture: Option<usize>,
    /// What it shows, and whether it was measured or generated; or why there is no picture.
    pub caption: String,
}

impl Table {
    /// Checks every picture that is named, and returns their width and height in pixels.
    ///
    /// # Errors
    /// [`PrintError::Empty`], [`PrintError::Missing`], [`PrintError::Size`].
    pub fn panel_size(&self) -> Result<(usize, usize), PrintError> {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        let mut size = None;
        for picture in cells.filter_map(|cell| cell.picture) {
            let panel = whole(&self.pictures, picture)?;
            let found = (panel.width, panel.height);
            let (width, height) = *size.get_or_insert(found);
            if found != (width, height) {
                let expected = format!("{width} x {height} px as the first");
                return Err(wrong_size(picture, panel, expected));
            }
        }
        size.ok_or(PrintError::Empty)
    }
}

impl Content for Table {
    fn about(&self) -> &About {
        &self.about
    }

    fn pictures(&self) -> &[Rgba] {
        &self.pictures
    }

    fn described(&self) -> Vec<String> {
        let of_row = |row: &Row| {
            let cells = row.cells.iter().zip(&self.columns);
            cells
                .map(|(cell, column)| format!("{}, {column}: {}", row.heading, cell.caption))
                .collect::<Vec<String>>()
        };
        self.rows.iter().flat_map(of_row).collect()
    }

    fn layout(&self, width: Width, font: &Font) -> Result<Layout, PrintError> {
        let pixels = self.panel_size()?;
        let mut composer = Composer::begin(&self.about, width, font);
        let gap = dots(GAP);
        let begin = dots(HEADINGS) + gap;
        let room = composer.inner.saturating_sub(begin) + gap;
        let most = (room / (dots(NARROWEST) + gap)).max(1);
        // Parts of a table that is too wide are equally full.
        let parts = self.columns.len().div_ceil(most).max(1);
        let across = self.columns.len().div_ceil(parts).max(1);
        let cell = (room / across).saturating_sub(gap).max(1);
        let panel = panel_size(cell.min(dots(WIDEST)), pixels);
        let grid = Grid {
            begin: composer.left + begin,
            cell,
            gap,
            panel,
        };
        for first in (0..self.columns.len()).step_by(across) {
            grid.part(&mut composer, self, first, across);
            composer.space(PARAGRAPH);
        }
        legend::channels(&mut composer, (panel.0, pixels.0));
        composer.end()
    }
}

/// Where columns stand, in dots.
struct Grid {
    /// The left edge of the first.
    begin: usize,
    /// The width of each.
    cell: usize,
    gap: usize,
    panel: (usize, usize),
}

impl Grid {
    fn left(&self, column: usize) -> usize {
        self.begin + column * (self.cell + self.gap)
    }

    /// Some columns of the table, with all rows.
    fn part(&self, composer: &mut Composer, table: &Table, first: usize, across: usize) {
        let headings = table.columns.iter().skip(first).take(across);
        let headings: Vec<(usize, &str)> = headings
            .enumerate()
            .map(|(column, heading)| (self.left(column), heading.as_str()))
            .collect();
        let bottom = self.texts(composer, &headings, points(LABEL), HEADING_LINES, INK);
        composer.top = bottom;
        composer.space(CLOSE);
        for row in &table.rows {
            self.row(composer, row, first, across);
            composer.space(GAP);
        }
    }

    fn row(&self, composer: &mut Composer, row: &Row, first: usize, across: usize) {
        let (top, left) = (composer.top, composer.left);
        let size = points(LABEL);
        let lines = wrapped(
            composer.font,
            &plain(&row.heading),
            size,
            dots(HEADINGS) as f32,
            HEADING_LINES,
        );
        for line in lines {
            composer.line(line, left as f32, size, INK);
            composer.top += line_height(size);
        }
        let below_heading = composer.top;
        let cells = row.cells.iter().skip(first).take(across).enumerate();
        let mut captions = Vec::new();
        for (column, cell) in cells {
            let x = self.left(column);
            if let Some(picture) = cell.picture {
                let place = Place {
                    x,
                    y: top,
                    width: self.panel.0,
                    height: self.panel.1,
                };
                composer.marks.push(Mark::Picture(picture, place));
            }
            captions.push((x, cell.caption.as_str()));
        }
        composer.top = top + self.panel.1;
        composer.space(CLOSE);
        let bottom = self.texts(composer, &captions, points(SMALL), CAPTION_LINES, QUIET);
        composer.top = bottom.max(below_heading);
    }

    /// Texts side by side that begin where the composer is. Returns the lower edge of the longest.
    fn texts(
        &self,
        composer: &mut Composer,
        texts: &[(usize, &str)],
        size: f32,
        most: usize,
        colour: [u8; 3],
    ) -> usize {
        let top = composer.top;
        let mut bottom = top;
        for (x, text) in texts {
            composer.top = top;
            for line in wrapped(composer.font, &plain(text), size, self.cell as f32, most) {
                composer.line(line, *x as f32, size, colour);
                composer.top += line_height(size);
            }
            bottom = bottom.max(composer.top);
        }
        bottom
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::tests::{about, plain as coloured};
    use crate::{png, svg};

    /// A table of so many rows and columns whose last cell has no picture.
    fn table(rows: usize, columns: usize) -> Table {
        let cell = |last: bool| Cell {
            picture: (!last).then_some(0),
            caption: if last {
                "beyond the doses"
            } else {
                "t = 1.000, generated"
            }
            .into(),
        };
        Table {
            about: about(),
            columns: (0..columns).map(|column| format!("α = {column}")).collect(),
            rows: (0..rows)
                .map(|row| Row {
                    heading: format!("compound {row}"),
                    cells: (0..columns)
                        .map(|column| cell((row + 1, column + 1) == (rows, columns)))
                        .collect(),
                })
                .collect(),
            pictures: vec![coloured(16, 16, [0, 255, 0])],
        }
    }

    #[test]
    fn every_cell_has_its_picture_and_its_words_inside_the_figure_and_none_covers_another() {
        let font = Font::embedded().unwrap();
        for (rows, columns) in [(1, 2), (3, 4), (2, 18), (18, 2), (1, 36)] {
            for width in Width::ALL {
                let layout = table(rows, columns).layout(width, &font).unwrap();
                let mut places: Vec<Place> = Vec::new();
                for mark in &layout.marks {
                    match mark {
                        Mark::Picture(_, place) => {
                            assert!(place.x + place.width <= layout.width, "{rows} x {columns}");
                            assert!(place.y + place.height <= layout.height);
                            let apart = |other: &Place| {
                                place.x >= other.x + other.width
                                    || other.x >= place.x + place.width
                                    || place.y >= other.y + other.height
                                    || other.y >= place.y + place.height
                            };
                            assert!(places.iter().all(apart), "{rows} x {columns}");
                            places.push(*place);
                        }
                        Mark::Text(line) => {
                            assert!(line.x + line.length <= layout.width as f32, "{line:?}");
                            assert!(line.baseline <= layout.height as f32, "{line:?}");
                        }
                        _ => {}
                    }
                }
                assert_eq!(places.len(), rows * columns - 1);
            }
        }
    }

    #[test]
    fn a_table_is_written_with_its_headings_and_texts() {
        let table = table(2, 3);
        let drawing = svg(&table, Width::Double).unwrap();
        for expected in [
            ">compound 1<",
            ">α = 2<",
            ">2 µm<",
            ">DNA<",
            "compound 1, α = 2: beyond the doses",
            "#v=1&amp;c=taxol",
        ] {
            assert!(drawing.contains(expected), "{expected}");
        }
        assert!(png(&table, Width::Single).unwrap().starts_with(b"\x89PNG"));
    }

    #[test]
    fn a_table_without_pictures_or_with_wrong_ones_is_refused() {
        let mut none = table(1, 1);
        assert_eq!(none.panel_size(), Err(PrintError::Empty));
        none.rows.clear();
        assert_eq!(none.panel_size(), Err(PrintError::Empty));
        let mut missing = table(1, 2);
        missing.pictures.clear();
        assert!(matches!(missing.panel_size(), Err(PrintError::Missing { .. })));
        let mut other = table(1, 3);
        other.pictures.push(coloured(16, 15, [0; 3]));
        other.rows[0].cells[1].picture = Some(1);
        assert!(matches!(
            other.panel_size(),
            Err(PrintError::Size { picture: 1, .. })
        ));
    }

    #[test]
    fn in_json_a_table_is_everything_but_its_pictures() {
        let whole = table(2, 2);
        let text = serde_json::to_string(&whole).unwrap();
        let mut again: Table = serde_json::from_str(&text).unwrap();
        assert!(again.pictures.is_empty());
        again.pictures.clone_from(&whole.pictures);
        assert_eq!(again, whole);
    }
}
