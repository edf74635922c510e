//! Texts of any length and script on lines of a given length.

use crate::font::Font;

/// What is left out in the middle of a text.
const LEFT_OUT: char = '…';

/// A text as it can stand on a line: white space of every kind is a space, and characters that only control
/// how others are shown are left out.
pub fn plain(text: &str) -> String {
    let shown = text.chars().filter_map(|character| match character {
        character if character.is_whitespace() => Some(' '),
        character if character.is_control() || is_of_format(character) => None,
        character => Some(character),
    });
    shown.collect()
}

/// Whether a character changes how others are shown and is nothing itself, or is none at all (Unicode's
/// general category Cf, and two that no XML may hold).
fn is_of_format(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fffe}'..='\u{ffff}'
    )
}

/// A text of at most `length` dots, with a sign for what is left out in the middle. The end keeps two thirds,
/// as names on the page do: what tells one from another stands at the ends.
pub fn shortened(font: &Font, text: &str, size: f32, length: f32) -> String {
    if font.length(text, size) <= length {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let mut room = length - font.advance(LEFT_OUT) * size;
    // The letters before the first and from the second of these stay.
    let (mut start, mut end) = (0, letters.len());
    while start < end {
        let from_start = 2 * start <= letters.len() - end;
        let next = if from_start { start } else { end - 1 };
        let Some(&letter) = letters.get(next) else {
            break;
        };
        room -= font.advance(letter) * size;
        if room < 0.0 {
            break;
        }
        if from_start {
            start += 1;
        } else {
            end -= 1;
        }
    }
    let (first, rest) = letters.split_at(start);
    let kept = first.iter().chain(std::iter::once(&LEFT_OUT));
    kept.chain(rest.iter().skip(end - start)).collect()
}

/// A text in at most `most` lines of at most `length` dots, broken at spaces where there are any; the last
/// line is shortened if the rest does not fit. No line for an empty text.
pub fn wrapped(font: &Font, text: &str, size: f32, length: f32, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && lines.len() < most {
        let fitting = fitting(font, rest, size, length);
        if fitting == rest.len() {
            lines.push(rest.to_owned());
            break;
        }
        if lines.len() + 1 == most {
            lines.push(shortened(font, rest, size, length));
            break;
        }
        let (line, after) = rest.split_at_checked(broken(rest, fitting)).unwrap_or((rest, ""));
        lines.push(line.trim_end().to_owned());
        rest = after.trim_start();
    }
    lines
}

/// Bytes of the longest beginning of a text that is at most `length` dots long.
fn fitting(font: &Font, text: &str, size: f32, length: f32) -> usize {
    let mut used = 0.0;
    for (at, character) in text.char_indices() {
        used += font.advance(character) * size;
        if used > length {
            return at;
        }
    }
    text.len()
}

/// Where a text is broken of which `fitting` bytes fit: at the last space, else where the line is full, and
/// always after a character.
fn broken(text: &str, fitting: usize) -> usize {
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    let last = spaces.take_while(|&at| at <= fitting).last();
    let first_letter = text.chars().next().map_or(0, char::len_utf8);
    last.filter(|&at| at > 0).unwrap_or(fitting.max(first_letter))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: f32 = 20.0;

    fn font() -> Font {
        Font::embedded().unwrap()
    }

    #[test]
    fn a_long_name_keeps_both_ends_and_most_of_the_end() {
        let font = font();
        let name = "CC(=O)Oc1ccccc1C(=O)O-of-a-long-name";
        let short = shortened(&font, name, SIZE, 150.0);
        let (start, end) = short.split_once('…').unwrap();
        assert!(name.starts_with(start) && name.ends_with(end), "{short}");
        assert!(end.len() > start.len() && !start.is_empty(), "{short}");
        assert!(font.length(&short, SIZE) <= 150.0);
        assert_eq!(shortened(&font, "taxol", SIZE, 150.0), "taxol");
    }

    #[test]
    fn lines_are_broken_at_spaces_and_the_last_is_shortened() {
        let font = font();
        let lines = wrapped(&font, "start (measured control)", SIZE, 190.0, 2);
        assert_eq!(lines, ["start (measured", "control)"]);
        let one = wrapped(&font, "start (measured control)", SIZE, 190.0, 1);
        assert!(one.len() == 1 && one[0].contains('…'), "{one:?}");
        assert_eq!(wrapped(&font, " \u{20} ", SIZE, 190.0, 2), Vec::<String>::new());
        let unbroken = wrapped(&font, &"x".repeat(90), SIZE, 100.0, 20);
        assert_eq!(unbroken.concat(), "x".repeat(90));
    }

    #[test]
    fn what_only_steers_other_characters_is_left_out() {
        assert_eq!(plain("a\u{202e}b\u{2068}c\n\td\u{0}e\u{ffff}"), "abc  de");
    }

    proptest! {
        #[test]
        fn any_text_fits_its_lines(text in "\\PC{0,80}", length in 0.0f32..400.0, most in 0usize..4) {
            let font = font();
            let text = plain(&text);
            let lines = wrapped(&font, &text, SIZE, length, most);
            prop_assert!(lines.len() <= most);
            // A line holds a character or the sign at least, even where there is room for neither.
            let longest = lines.iter().map(|line| font.length(line, SIZE)).fold(0.0, f32::max);
            prop_assert!(longest <= length.max(3.0 * SIZE), "{longest} of {length}");
        }
    }
}
