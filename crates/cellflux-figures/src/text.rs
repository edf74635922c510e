//! How wide a text is. Fonts differ from reader to reader, so widths are those of `DejaVu Sans`, which is
//! wider than the other fonts that a file names.

/// The size of labels in pixels.
pub(crate) const LABEL: f64 = 12.0;
/// The size of ticks and notes.
pub(crate) const NOTE: f64 = 11.0;
/// The size of the title of a file.
pub(crate) const TITLE: f64 = 16.0;
/// How much wider a bold text is.
pub(crate) const BOLD: f64 = 1.16;

/// The width in pixels that a text takes at most, in letters of `size` pixels.
pub fn width(text: &str, size: f64) -> f64 {
    size * text.chars().map(advance).sum::<f64>()
}

/// The width of a text of a class of [`crate::drawing::Drawing::text`].
pub(crate) fn class_width(text: &str, class: &str) -> f64 {
    match class {
        "title" => BOLD * width(text, TITLE),
        "heading" => BOLD * width(text, LABEL),
        "note" | "tick" => width(text, NOTE),
        _ => width(text, LABEL),
    }
}

/// Widths of the characters from space to `~`, in thousandths of the font's size: those of `DejaVu Sans` or,
/// where it is wider, of Arial.
const ASCII: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636,
    636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 556, 1015, 684, 686, 722, 770, 667, 611, 778, 752, 295,
    500, 667, 557, 863, 748, 787, 667, 787, 722, 667, 611, 732, 684, 989, 685, 667, 685, 390, 337, 390, 838,
    556, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
    392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/// A letter's width as a share of the font's size.
fn advance(letter: char) -> f64 {
    let ascii = (letter as usize).checked_sub(32).and_then(|at| ASCII.get(at));
    if let Some(&thousandths) = ascii {
        return f64::from(thousandths) / 1000.0;
    }
    match letter {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' => 0.0,
        '\u{a0}' => 0.37,
        '−' => 0.84,
        'µ' | 'μ' | 'à'..='ÿ' => 0.65,
        '…' | '→' | '↑' | '—' => 1.01,
        '\0'..='\u{24f}' => 1.1,
        '\u{250}'..='\u{10ff}' => 1.2,
        '\u{1100}'..='\u{ffff}' => 1.05,
        _ => 1.4,
    }
}

/// A text that takes at most `room` pixels; in a longer one dots take the place of its middle, since the ends
/// tell names of a series, and doses, apart.
pub(crate) fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let free = room - size * advance('…');
    let within = |letters: &mut dyn Iterator<Item = char>, mut left: f64| -> Vec<char> {
        letters
            .take_while(|&letter| {
                left -= size * advance(letter);
                left >= 0.0
            })
            .collect()
    };
    let mut end = within(&mut text.chars().rev(), 0.4 * free);
    let taken = width(&end.iter().collect::<String>(), size);
    let start: String = within(&mut text.chars(), free - taken).into_iter().collect();
    end.reverse();
    let end: String = end.into_iter().collect();
    format!("{}…{}", start.trim_end(), end.trim_start())
}

/// Lines of at most `room` pixels, divided between words; a word that is longer ends in dots.
pub(crate) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = fitted(word, size, room);
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// The room that the widest of some texts takes.
pub(crate) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>, class: &str) -> f64 {
    texts
        .into_iter()
        .map(|text| class_width(text, class))
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_ends_and_takes_no_more_than_its_room() {
        assert_eq!(fitted("taxol", 12.0, 80.0), "taxol");
        let cut = fitted(&"WWWW ".repeat(50), 12.0, 80.0);
        assert!(cut.contains('…') && width(&cut, 12.0) <= 80.0, "{cut}");
        let dosed = fitted(&format!("{}at 3 µM", "very long ".repeat(9)), 12.0, 150.0);
        assert!(dosed.starts_with("very") && dosed.ends_with("3 µM"), "{dosed}");
        assert_eq!(fitted("abc", 12.0, 1.0), "…", "no room at all");
    }

    #[test]
    fn lines_are_divided_between_words() {
        let lines = wrapped("one two three", 10.0, 50.0);
        assert_eq!(lines, ["one two", "three"]);
        assert!(wrapped(&"x".repeat(500), 10.0, 60.0).len() == 1);
    }
}
