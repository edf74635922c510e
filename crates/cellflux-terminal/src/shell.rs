//! Commands as a person types them: words with blanks or quotes in them are quoted, so that a hint can be
//! copied.

use std::path::Path;

/// A path as one word of a command.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    // Only a NUL is refused, and no path has one.
    shlex::try_quote(&text).map_or_else(|_| text.clone(), std::borrow::Cow::into_owned)
}

/// Words as one command.
pub fn command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_blanks_are_quoted_and_others_are_as_they_were() {
        assert_eq!(quoted(Path::new("runs/x")), "runs/x");
        let command = command(["cellflux-train", "train", "--out", "runs/my cells", "it's"]);
        assert_eq!(
            shlex::split(&command).unwrap(),
            ["cellflux-train", "train", "--out", "runs/my cells", "it's"]
        );
        assert!(
            command.starts_with("cellflux-train train --out 'runs/my cells'"),
            "{command}"
        );
    }
}
