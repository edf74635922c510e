//! Plain text of which a reader of Markdown makes several pieces: put together again, with what it names.

use std::ops::Range;

/// A piece, where it stands, and whether it is as it was written.
#[derive(Debug)]
struct Piece {
    text: String,
    at: Range<usize>,
    verbatim: bool,
}

/// Pieces that follow each other without a gap.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pieces: Vec<Piece>,
}

impl Run {
    /// Whether a piece at this place would follow the last one.
    pub fn reaches(&self, at: &Range<usize>) -> bool {
        self.pieces.last().is_none_or(|last| last.at.end == at.start)
    }

    /// Takes a piece of what was written.
    pub fn push(&mut self, text: &str, at: Range<usize>, written: &str) {
        let verbatim = written.get(at.clone()) == Some(text);
        self.pieces.push(Piece {
            text: text.to_owned(),
            at,
            verbatim,
        });
    }

    /// Where the run stands; nothing of one without pieces.
    pub fn at(&self) -> Option<Range<usize>> {
        Some(self.pieces.first()?.at.start..self.pieces.last()?.at.end)
    }

    /// The text from one place to another, quotation marks and dashes as the reader has set them.
    pub fn part(&self, from: usize, to: usize) -> String {
        let inside = |piece: &Piece| {
            let (start, end) = (piece.at.start.max(from), piece.at.end.min(to));
            if piece.verbatim {
                let cut = start.saturating_sub(piece.at.start)..end.saturating_sub(piece.at.start);
                piece.text.get(cut).unwrap_or_default().to_owned()
            } else if (from..to).contains(&piece.at.start) {
                piece.text.clone()
            } else {
                String::new()
            }
        };
        self.pieces.iter().map(inside).collect()
    }

    /// Forgets the pieces.
    pub fn clear(&mut self) {
        self.pieces.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_as_written_except_what_the_reader_has_set_otherwise() {
        let written = "a -- b_c";
        let mut run = Run::default();
        for (text, at) in [("a ", 0..2), ("–", 2..4), (" b", 4..6), ("_", 6..7), ("c", 7..8)] {
            assert!(run.reaches(&at));
            run.push(text, at, written);
        }
        assert!(!run.reaches(&(9..10)));
        assert_eq!(run.at(), Some(0..8));
        assert_eq!(run.part(0, 8), "a – b_c");
        assert_eq!(run.part(0, 5), "a – ");
        assert_eq!(run.part(5, 8), "b_c");
    }
}
