//! Names of files and of channels, as words that can be compared.

/// A name cut into text and numbers, numbers by value (their length after leading zeros, then their digits).
pub(super) fn sort_key(name: &str) -> Vec<(bool, usize, String)> {
    let mut parts: Vec<(bool, usize, String)> = Vec::new();
    for c in name.to_lowercase().chars() {
        let digit = c.is_ascii_digit();
        match parts.last_mut() {
            Some((kind, _, text)) if *kind == digit => text.push(c),
            _ => parts.push((digit, 0, c.into())),
        }
    }
    for (digit, length, text) in &mut parts {
        if *digit {
            *text = text.trim_start_matches('0').to_owned();
            *length = text.len();
        }
    }
    parts
}

/// Whether a hint is only a channel's number: letters and a number, as `w1`, `ch5` or `C2`.
pub(super) fn is_number(hint: &[String]) -> bool {
    let [word] = hint else { return false };
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    letters.len() < word.len() && letters.len() <= 4 && letters.chars().all(char::is_alphabetic)
}

/// Lower-case runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

pub(super) fn contains(name: &[String], hint: &[String]) -> bool {
    name.windows(hint.len()).any(|window| window == hint)
}
