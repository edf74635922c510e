//! The page's HTML and its style sheets, with what they load written into them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{text, wrong};
use crate::components::FALLBACK;
use crate::error::SiteError;
use crate::fingerprint::resolve;
use crate::html::escape;

/// What stands where an explorer has not started: of the reasons that a site has, two remain.
const SINGLE_FALLBACK: &str = "<div class=\"fallback\" slot=\"fallback\" lang=\"en\"><p>The explorer has not \
    started. It needs JavaScript and WebAssembly, which a current version of Chrome, Edge, Firefox or Safari \
    has; a preview in a mail program may allow neither. Save the file and open it in a browser.</p></div>";

/// A page's head, taken apart.
pub(super) struct Page {
    /// What stands before the policy, and after it.
    pub(super) before_policy: String,
    pub(super) after_policy: String,
    /// Paths of style sheets and of scripts, in their order.
    pub(super) sheets: Vec<String>,
    pub(super) scripts: Vec<String>,
    /// The address that the page has elsewhere, where it says one.
    pub(super) address: Option<String>,
}

/// Takes apart what stands above `</head>`.
pub(super) fn head(html: &str, site: &BTreeMap<String, Vec<u8>>) -> Result<Page, SiteError> {
    let mut page = Page {
        before_policy: String::new(),
        after_policy: String::new(),
        sheets: Vec::new(),
        scripts: Vec::new(),
        address: None,
    };
    let mut has_policy = false;
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (words, from) = rest.split_at(start);
        let end = if from.starts_with("<script") {
            "</script>"
        } else {
            ">"
        };
        let length = from.find(end).map_or(from.len(), |at| at + end.len());
        let (element, after) = from.split_at(length);
        rest = after;
        let is = |what: &str| element.contains(what);
        let mut kept = element.to_owned();
        if is("http-equiv=\"Content-Security-Policy\"") {
            has_policy = true;
            page.before_policy.push_str(words);
            continue;
        }
        if is("<link rel=\"stylesheet\"") {
            page.sheets.extend(attribute(element, "href"));
            continue;
        }
        if is("<script type=\"module\"") {
            page.scripts.extend(attribute(element, "src"));
            continue;
        }
        if is("<script type=\"importmap\"") || is("<link rel=\"modulepreload\"") {
            continue;
        }
        if is("<link rel=\"canonical\"") {
            page.address = attribute(element, "href");
        } else if is("<link rel=\"icon\"")
            && let Some(path) = attribute(element, "href")
            && let Some(icon) = site.get(&path)
        {
            kept = kept.replace(&path, &data_address(&path, icon));
        }
        let into = if has_policy {
            &mut page.after_policy
        } else {
            &mut page.before_policy
        };
        into.push_str(words);
        into.push_str(&kept);
    }
    if !has_policy {
        return Err(wrong(
            "index.html",
            "has no policy, expected a page that `site build` wrote",
        ));
    }
    page.after_policy.push('\n');
    Ok(page)
}

/// The value of an attribute, as it is written.
fn attribute(element: &str, name: &str) -> Option<String> {
    let (_, rest) = element.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

/// HTML whose pictures, videos and files are in it. Links to other pages of explorers lead to `address`, the
/// site's, or are left out where it is not known.
///
/// # Errors
/// [`SiteError::Part`] for an address of the site that is no file to be shown or saved.
pub(super) fn body(
    html: &str,
    site: &BTreeMap<String, Vec<u8>>,
    address: Option<&str>,
) -> Result<String, SiteError> {
    let html = html.replace(FALLBACK, SINGLE_FALLBACK);
    let mut out = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some(start) = rest.find('<') {
        let (words, from) = rest.split_at(start);
        out.push_str(words);
        let verbatim = [("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")]
            .iter()
            .find(|(first, _)| from.starts_with(first));
        let length = match verbatim {
            Some((_, end)) => from.find(end).map_or(from.len(), |at| at + end.len()),
            None => tag_length(from),
        };
        let (tag, after) = from.split_at(length);
        rest = after;
        if verbatim.is_some() {
            out.push_str(tag);
        } else {
            attributes(tag, site, address, &mut out)?;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Bytes of the tag that a text begins with. A `>` in quotes does not end it.
fn tag_length(from: &str) -> usize {
    let mut quote = None;
    for (at, letter) in from.char_indices() {
        match (quote, letter) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    from.len()
}

/// Writes a tag with the files that its attributes name in them. A file that is linked is saved, since
/// browsers open no `data:` address.
fn attributes(
    tag: &str,
    site: &BTreeMap<String, Vec<u8>>,
    address: Option<&str>,
    out: &mut String,
) -> Result<(), SiteError> {
    let is_saved = tag.contains(" download=\"");
    let mut rest = tag;
    while let Some(at) = rest.find("=\"") {
        let (before, from) = rest.split_at(at);
        let Some((value, after)) = from.get(2..).and_then(|from| from.split_once('"')) else {
            break;
        };
        rest = after;
        let name = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let said = match name {
            "href" => {
                let address = shown(name, value, site)?;
                // The name that a component gives to a file stays its name.
                match saved_as(value, &address).filter(|_| !is_saved) {
                    Some(file) => format!("{address}\" download=\"{}", escape(file)),
                    None => address,
                }
            }
            "src" | "poster" => shown(name, value, site)?,
            "srcset" => {
                // Everybody has all of the file, so that fewer pixels save nobody anything.
                let widest = value
                    .split(',')
                    .map(str::trim)
                    .max_by(|a, b| size(a).total_cmp(&size(b)));
                let item = widest.unwrap_or(value);
                let (path, wide) = item.split_once(' ').unwrap_or((item, ""));
                format!("{} {wide}", shown("src", path, site)?)
                    .trim_end()
                    .to_owned()
            }
            "address" if value.starts_with("embed.html") => {
                let Some(address) = address else {
                    out.push_str(before.trim_end_matches("address").trim_end());
                    continue;
                };
                format!("{address}{value}")
            }
            _ => value.to_owned(),
        };
        out.push_str(&format!("{before}=\"{said}\""));
    }
    out.push_str(rest);
    Ok(())
}

/// What an attribute of this name says in one file: an address as it is, or the file at it.
fn shown(name: &str, value: &str, site: &BTreeMap<String, Vec<u8>>) -> Result<String, SiteError> {
    let file = value.split(['#', '?']).next().unwrap_or_default();
    // The explorer fetches these.
    let fetched = file.ends_with("/manifest.json") || file.starts_with("recorded/");
    if file.is_empty() || value.contains(':') || fetched {
        return Ok(value.to_owned());
    }
    let extension = file.rsplit('.').next().unwrap_or_default();
    let content = site
        .get(file)
        .filter(|_| !matches!(extension, "html" | "js"))
        .ok_or_else(|| {
            wrong(
                "index.html",
                format!(
                    "{name} {value:?} cannot be in one file, expected pictures, videos and files to save; a \
                     page of its own needs a site"
                ),
            )
        })?;
    Ok(data_address(file, content))
}

/// The name under which a browser saves the file that an address of the site became `address`; none where it
/// did not become the file itself.
fn saved_as<'a>(value: &'a str, address: &str) -> Option<&'a str> {
    let file = value.split(['#', '?']).next()?;
    let became = !value.contains(':') && address.starts_with("data:");
    file.rsplit('/').next().filter(|_| became)
}

/// The number in a set of pictures after an address: pixels (`960w`) or dots per pixel (`2x`).
fn size(item: &str) -> f64 {
    let (_, said) = item.split_once(' ').unwrap_or_default();
    said.trim().trim_end_matches(['w', 'x']).parse().unwrap_or(1.0)
}

/// A style sheet with the sheets that it imports and the files that it loads in it.
///
/// # Errors
/// [`SiteError::Part`] for a sheet that is not there or is not closed.
pub(super) fn sheet(path: &str, site: &BTreeMap<String, Vec<u8>>) -> Result<String, SiteError> {
    const LOADS: &str = "url(";
    let mut out = String::new();
    let mut rest = text(site, path)?;
    while let Some(at) = rest.find(LOADS) {
        let (before, from) = rest.split_at(at);
        let (written, after) = from
            .get(LOADS.len()..)
            .and_then(|from| from.split_once(')'))
            .ok_or_else(|| wrong(path, "a `url(` that nothing closes"))?;
        let target = resolve(path, written.trim().trim_matches(['\'', '"']));
        let content = target.as_ref().and_then(|target| site.get(target));
        let (Some(target), Some(content)) = (&target, content) else {
            out.push_str(before);
            out.push_str(&format!("{LOADS}{written})"));
            rest = after;
            continue;
        };
        if let Some(before) = before.trim_end().strip_suffix("@import") {
            out.push_str(before);
            out.push_str(&sheet(target, site)?);
            rest = after.trim_start().strip_prefix(';').unwrap_or(after);
        } else {
            out.push_str(before);
            out.push_str(&format!("{LOADS}\"{}\")", data_address(target, content)));
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// A file's content as an address.
fn data_address(path: &str, content: &[u8]) -> String {
    let kind = match path.rsplit('.').next().unwrap_or_default() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "vtt" => "text/vtt",
        "woff2" => "font/woff2",
        "pdf" => "application/pdf",
        "txt" | "csv" => "text/plain;charset=utf-8",
        _ => "application/octet-stream",
    };
    format!("data:{kind};base64,{}", STANDARD.encode(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_another_page_of_an_explorer_is_the_sites_or_none() {
        let html = "<cellflux-explorer id=\"a\" address=\"embed.html?model=m\" hide=\"b\">";
        let site = BTreeMap::new();
        assert_eq!(
            body(html, &site, Some("https://a.example/")).unwrap(),
            "<cellflux-explorer id=\"a\" address=\"https://a.example/embed.html?model=m\" hide=\"b\">"
        );
        assert_eq!(
            body(html, &site, None).unwrap(),
            "<cellflux-explorer id=\"a\" hide=\"b\">"
        );
    }

    #[test]
    fn addresses_elsewhere_and_on_the_page_stay_and_text_is_no_tag() {
        let html = "<a href=\"https://a.example/x\">a</a><a href=\"#b\">b</a><a href=\"\">c</a><code>a \
            href=\"gone.html\"</code><!-- <img src=\"gone.png\"> --><p title=\"a > b\">d</p>";
        assert_eq!(body(html, &BTreeMap::new(), None).unwrap(), html);
    }

    #[test]
    fn of_a_set_of_pictures_the_widest_is_written_into_it() {
        let site = BTreeMap::from([
            ("files/a.avif".to_owned(), b"a".to_vec()),
            ("files/b.avif".to_owned(), b"b".to_vec()),
        ]);
        for (set, expected) in [
            (
                "files/a.avif 480w, files/b.avif 960w",
                "data:image/avif;base64,Yg== 960w",
            ),
            (
                "files/b.avif 960w, files/a.avif 480w",
                "data:image/avif;base64,Yg== 960w",
            ),
            ("files/a.avif", "data:image/avif;base64,YQ=="),
        ] {
            assert_eq!(
                body(&format!("<source srcset=\"{set}\" sizes=\"9rem\">"), &site, None).unwrap(),
                format!("<source srcset=\"{expected}\" sizes=\"9rem\">")
            );
        }
    }

    #[test]
    fn a_file_to_save_keeps_the_name_that_the_page_gives_it() {
        let site = BTreeMap::from([("files/t-0123456789.csv".to_owned(), b"a".to_vec())]);
        for (tag, expected) in [
            (
                "<a href=\"files/t-0123456789.csv\" download=\"t.csv\">",
                "<a href=\"data:text/plain;charset=utf-8;base64,YQ==\" download=\"t.csv\">",
            ),
            (
                "<a href=\"files/t-0123456789.csv#row=2\">",
                "<a href=\"data:text/plain;charset=utf-8;base64,YQ==\" download=\"t-0123456789.csv\">",
            ),
        ] {
            assert_eq!(body(tag, &site, None).unwrap(), expected);
        }
    }
}
