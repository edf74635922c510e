//! Checking one page as a browser reads it: its addresses, its ids, its headings, the words for its pictures.

use std::cell::RefCell;
use std::collections::BTreeSet;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use percent_encoding::percent_decode_str;

use crate::finding::{Finding, serious};
use crate::fingerprint::resolve;
use crate::place::Place;

/// The start tag of an element.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Gathers start tags; nothing in scripts, styles, comments and text counts as one.
#[derive(Default)]
struct Elements {
    found: RefCell<Vec<Element>>,
}

impl TokenSink for Elements {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(Tag {
            kind: TagKind::StartTag,
            name,
            attrs,
            ..
        }) = token
        else {
            return TokenSinkResult::Continue;
        };
        let raw = match &*name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        };
        let attributes = attrs
            .into_iter()
            .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()))
            .collect();
        self.found.borrow_mut().push(Element {
            name: name.to_string(),
            attributes,
        });
        raw
    }
}

/// Every element of a page.
fn elements(html: &str) -> Vec<Element> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(
        Elements::default(),
        html5ever::tokenizer::TokenizerOpts::default(),
    );
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.found.into_inner()
}

/// What is wrong with a page at `path`, in a site that has the files `paths`. `links` are the places where
/// its author wrote links to an element of the page, by its id.
pub fn page(path: &str, html: &str, paths: &BTreeSet<String>, links: &[(String, Place)]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut nowhere = BTreeSet::new();
    let mut wrong = |problem: String| found.push(serious(path, problem));
    let elements = elements(html);
    let mut ids = BTreeSet::new();
    for id in elements.iter().filter_map(|element| element.get("id")) {
        if !ids.insert(id) {
            wrong(format!("two elements with the id {id:?}, expected one"));
        }
    }
    for (name, address) in elements.iter().flat_map(|element| {
        ["href", "src", "poster", "recorded"]
            .into_iter()
            .filter_map(|name| Some((name, element.get(name)?)))
    }) {
        let outside = address.contains(':') || address.starts_with("//");
        let (file, fragment) = address.split_once('#').unwrap_or((address, ""));
        let file = file.split('?').next().unwrap_or_default();
        let file = percent_decode_str(file).decode_utf8_lossy();
        if outside {
            if name != "href" {
                wrong(format!(
                    "{name} {address}: expected a file of the site; pages ask no other site for anything"
                ));
            } else if crate::address::target(address) == crate::address::Target::Refused {
                wrong(format!(
                    "{name} {address}: expected https://…, mailto:… or a file of the site"
                ));
            }
        } else if file.is_empty() {
            let id = percent_decode_str(fragment).decode_utf8_lossy();
            if !fragment.is_empty() && !ids.contains(&*id) {
                nowhere.insert(id.into_owned());
            }
        } else if !resolve(path, &file).is_some_and(|target| paths.contains(&target)) {
            wrong(format!("{name} {address}: there is no such file in the site"));
        }
    }
    for set in elements.iter().filter_map(|element| element.get("srcset")) {
        for address in set.split(',').filter_map(|part| part.split_whitespace().next()) {
            if !resolve(path, address).is_some_and(|target| paths.contains(&target)) {
                wrong(format!("srcset {address}: there is no such file in the site"));
            }
        }
    }
    for picture in elements.iter().filter(|element| element.name == "img") {
        let ornament = matches!(picture.get("role"), Some("presentation" | "none"));
        if !ornament && picture.get("alt").is_none_or(|alt| alt.trim().is_empty()) {
            wrong(format!(
                "the picture {}: expected an alt text that says what it shows, or role=\"presentation\" for \
                an ornament",
                picture.get("src").unwrap_or_default()
            ));
        }
    }
    let html = elements.iter().find(|element| element.name == "html");
    if html.and_then(|html| html.get("lang")).is_none_or(str::is_empty) {
        wrong("expected a language, <html lang=\"…\">".into());
    }
    let mut level = 0;
    for next in elements.iter().filter_map(|element| match element.name.as_str() {
        "h1" => Some(1),
        "h2" => Some(2),
        "h3" => Some(3),
        "h4" => Some(4),
        "h5" => Some(5),
        "h6" => Some(6),
        _ => None,
    }) {
        if next > level + 1 {
            wrong(format!(
                "a heading of level {next} after one of level {level}, expected no gap"
            ));
        }
        level = next;
    }
    for id in nowhere {
        let mut places = links.iter().filter(|(wanted, _)| *wanted == id).peekable();
        if places.peek().is_none() {
            found.push(serious(path, no_such_element(&id)));
        }
        found.extend(places.map(|(_, at)| serious(&at.to_string(), no_such_element(&id))));
    }
    found
}

/// The addresses of other sites that a page links to, without the places in them.
pub fn leading_outside(html: &str) -> BTreeSet<String> {
    let elements = elements(html);
    elements
        .iter()
        .filter(|element| element.name == "a")
        .filter_map(|element| element.get("href"))
        .filter(|address| address.starts_with("https://") || address.starts_with("http://"))
        .map(|address| address.split('#').next().unwrap_or(address).to_owned())
        .collect()
}

/// The error for a link to a place that the page does not have.
pub fn no_such_element(id: &str) -> String {
    format!("link #{id}: no element of the page has this id, expected a section's or a heading's")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(body: &str, links: &[(String, Place)]) -> Vec<Finding> {
        let html = format!("<html lang=\"en\"><body>{body}</body></html>");
        let paths = ["index.html", "files/a.png"].map(str::to_owned).into();
        page("index.html", &html, &paths, links)
    }

    fn problems(body: &str) -> Vec<String> {
        findings(body, &[])
            .into_iter()
            .map(|finding| finding.problem)
            .collect()
    }

    #[test]
    fn a_sound_page_has_no_findings() {
        assert_eq!(
            problems(
                "<h1 id=\"a\">A</h1><h2>B</h2><img src=\"files/a.png\" alt=\"x\"><a href=\"#a\">a</a><a \
                href=\"https://example.org\">b</a>"
            ),
            [""; 0]
        );
    }

    #[test]
    fn each_fault_is_found_and_said() {
        for (body, expected) in [
            (
                "<h1>A</h1><img src=\"files/b.png\" alt=\"x\">",
                "src files/b.png: there is no such file",
            ),
            (
                "<h1>A</h1><img src=\"https://cdn.example/b.png\" alt=\"x\">",
                "src https://cdn.example/b.png: expected a file of the site",
            ),
            ("<h1>A</h1><img src=\"files/a.png\">", "expected an alt text"),
            ("<h1>A</h1><a href=\"#nowhere\">a</a>", "link #nowhere"),
            (
                "<h1 id=\"a\">A</h1><h2 id=\"a\">B</h2>",
                "two elements with the id \"a\"",
            ),
            (
                "<h1>A</h1><h3>B</h3>",
                "a heading of level 3 after one of level 1",
            ),
        ] {
            let found = problems(body);
            assert!(
                found.len() == 1 && found[0].contains(expected),
                "{body}: {found:?}"
            );
        }
    }

    #[test]
    fn a_link_to_nowhere_is_told_with_the_lines_that_it_was_written_on() {
        let written = |line| {
            let path = "sections/method.md".into();
            ("no-where".to_owned(), Place { path, line })
        };
        let body = "<h1 id=\"é\">A</h1><a href=\"#no-where\">a</a><a href=\"#no-where\">b</a><a \
            href=\"#%C3%A9\">c</a>";
        let places = |links: &[(String, Place)]| -> Vec<String> {
            findings(body, links)
                .into_iter()
                .map(|finding| finding.place)
                .collect()
        };
        assert_eq!(
            places(&[written(3), written(9)]),
            ["sections/method.md:3", "sections/method.md:9"]
        );
        // HTML of the author's has no line here.
        assert_eq!(places(&[]), ["index.html"]);
    }

    #[test]
    fn only_what_a_browser_takes_for_an_element_is_one() {
        for body in [
            "<h1>A</h1><p>&lt;video src=\"gone.mp4\"&gt; and <code>&lt;img src=\"gone.png\"></code></p>",
            "<h1>A</h1><!-- <img src=\"gone.png\"> -->",
            "<h1>A</h1><script type=\"application/json\">{\"a\": \"<img src=\\\"gone.png\\\">\"}</script>",
            "<h1>A</h1><img alt='x' src='files/a.png'><img src=files/a.png alt=x>",
        ] {
            assert_eq!(problems(body), [""; 0], "{body}");
        }
        let found = problems("<h1>A</h1><video src='gone.mp4'></video>");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("src gone.mp4"), "{found:?}");
    }

    #[test]
    fn links_to_other_sites_are_gathered_once_without_places() {
        let html = "<a href=\"https://a.example/x#b\">a</a><a href=\"https://a.example/x\">b</a><a \
            href=\"mailto:a@b.example\">c</a><a href=\"files/a.png\">d</a>";
        let found: Vec<String> = leading_outside(html).into_iter().collect();
        assert_eq!(found, ["https://a.example/x"]);
    }

    #[test]
    fn an_empty_alt_text_is_judged_and_an_ornament_may_say_that_it_is_one() {
        assert!(
            problems("<h1>A</h1><img src=\"files/a.png\" alt=\" \">")[0].contains("expected an alt text")
        );
        let ornament = "<h1>A</h1><img src=\"files/a.png\" alt=\"\" role=\"presentation\">";
        assert_eq!(problems(ornament), [""; 0]);
    }
}
