//! Lines that are too long. rustfmt leaves comments and strings as they are, and the page's modules have no
//! formatter.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{capture, root, stage};

/// The most characters of a line, as rustfmt.toml has it for code.
const MOST: usize = 110;

/// Folders of files that are what they are.
const GIVEN: [&str; 3] = ["fixtures", "corpus", "vendored"];

/// Refuses lines of more than `MOST` characters in the Rust and JavaScript that git tracks.
pub fn check() -> Result<()> {
    stage("Lengths of lines");
    let mut git = Command::new("git");
    git.current_dir(root())
        .args(["ls-files", "-z", "--", "*.rs", "*.js", "*.mjs"]);
    let tracked = capture(&mut git).context("lines are checked in a clone")?;
    let mut found = Vec::new();
    for path in tracked.split_terminator('\0').filter(|path| is_ours(path)) {
        let file = root().join(path);
        // Removed, and not yet committed.
        if !file.is_file() {
            continue;
        }
        let text = fs::read_to_string(&file).with_context(|| path.to_owned())?;
        found.extend(too_long(path, &text));
    }
    if !found.is_empty() {
        bail!("{}", found.join("\n"));
    }
    Ok(())
}

/// Whether people write the file at this path, and can break its lines.
fn is_ours(path: &str) -> bool {
    !path.split('/').any(|part| GIVEN.contains(&part))
}

/// A sentence for each line that is too long.
fn too_long(path: &str, text: &str) -> Vec<String> {
    (1_usize..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.chars().count()))
        .filter(|&(_, length)| length > MOST)
        .map(|(number, length)| {
            format!("{path}:{number}: the line has {length} characters, expected at most {MOST}; break it")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_longer_than_an_editor_shows_is_named_by_file_and_number() {
        let (whole, over) = ("é".repeat(MOST), "é".repeat(MOST + 1));
        assert_eq!(
            too_long("web/a.js", &format!("{whole}\r\n{over}\n{whole}")),
            ["web/a.js:2: the line has 111 characters, expected at most 110; break it"]
        );
    }

    #[test]
    fn what_nobody_writes_is_left_out() {
        for (path, ours) in [
            ("crates/cellflux-data/src/fixtures.rs", true),
            ("fuzz/src/corpus.rs", true),
            ("tests/fixtures/micro/a.js", false),
            ("fuzz/corpus/a.js", false),
        ] {
            assert_eq!(is_ours(path), ours, "{path}");
        }
    }
}
