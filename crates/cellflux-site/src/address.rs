//! Addresses that authors write: what a page may lead to, and which file a name means.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// Schemes that a link of a page may have. Others run code or lead to what is on this computer only.
const SCHEMES: [&str; 3] = ["https", "http", "mailto"];

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// To another site, to a mail program, or to a place on this page.
    Elsewhere,
    /// To a file beside the text, with what follows its name (`#page=3`).
    File(&'a str, &'a str),
    /// To what no page may lead to.
    Refused,
}

/// Sites that show videos.
const VIDEO_HOSTS: [&str; 4] = ["youtube.com", "youtu.be", "youtube-nocookie.com", "vimeo.com"];

/// Why a page shows nothing of another site, for an address of one, and what to do instead.
pub fn elsewhere(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    if !["https", "http"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return None;
    }
    let host = rest
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let shows_videos = VIDEO_HOSTS
        .iter()
        .any(|known| host == *known || host.ends_with(&format!(".{known}")));
    let instead = if shows_videos {
        "a player of that site would report every visitor to it. Lead there with a link, \
        [Watch the video](ADDRESS) or [[link]] with kind = \"video\", or put the video's own file (MP4, \
        WebM) beside this text and name it"
    } else {
        "expected a file beside this one"
    };
    Some(format!(
        "{address}: pages ask no other site for anything; {instead}"
    ))
}

/// Where an address leads, by its scheme.
pub fn target(address: &str) -> Target<'_> {
    if address.starts_with('#') {
        return Target::Elsewhere;
    }
    // Browsers leave out control characters before they look for the scheme.
    if address.starts_with("//") || address.contains(|c: char| c.is_control()) {
        return Target::Refused;
    }
    if let Some((scheme, rest)) = address.split_once(':') {
        let known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let whole =
            !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>'));
        return if known && whole {
            Target::Elsewhere
        } else {
            Target::Refused
        };
    }
    let end = address.find(['#', '?']).unwrap_or(address.len());
    let (file, rest) = address.split_at(end);
    Target::File(file, rest)
}

/// The id of the element that an address such as `#methods` names on its own page; none for another address,
/// or for the page's top.
pub fn on_this_page(address: &str) -> Option<String> {
    let id = address.strip_prefix('#').filter(|id| !id.is_empty())?;
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}

/// The file that a name in an address means: the name as written, or with `%20` and the like decoded.
pub fn file(folder: &Path, name: &str) -> PathBuf {
    let written = folder.join(name);
    if written.exists() {
        return written;
    }
    match percent_decode_str(name).decode_utf8() {
        Ok(decoded) => folder.join(&*decoded),
        Err(_) => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_schemes_that_run_nothing_lead_elsewhere() {
        for address in [
            "#a",
            "https://example.org/a",
            "HTTP://example.org",
            "mailto:a@example.org",
        ] {
            assert_eq!(target(address), Target::Elsewhere, "{address}");
        }
        for address in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "java\tscript:alert(1)",
            "//example.org/a",
            "https:",
        ] {
            assert_eq!(target(address), Target::Refused, "{address}");
        }
        assert_eq!(target("a.pdf#page=3"), Target::File("a.pdf", "#page=3"));
    }

    #[test]
    fn a_name_is_taken_as_it_stands_or_decoded() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("fig 1.png"), "").unwrap();
        std::fs::write(folder.path().join("100%25.png"), "").unwrap();
        assert_eq!(
            file(folder.path(), "fig%201.png"),
            folder.path().join("fig 1.png")
        );
        assert_eq!(
            file(folder.path(), "100%25.png"),
            folder.path().join("100%25.png")
        );
    }
}
