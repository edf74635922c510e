//! A page in one file: no script, nothing that is fetched, colours for light and dark.

use cellflux_figures::{Figure, escape, style_sheet};

/// What the page adds to the charts' own rules.
const STYLE: &str = ":root{color-scheme:light dark;--page:#ffffff;--ink:#1b1d21;--soft:#5a606b;\
    --line:#d9dce1}\
    @media (prefers-color-scheme:dark){:root{--page:#15171b;--ink:#eceef1;--soft:#a4abb6;--line:#3a3f48}}\
    body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\
    main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem}\
    h1,h2{line-height:1.25;overflow-wrap:anywhere}\
    figure{margin:1rem 0 2rem}figcaption{color:var(--soft)}\
    .wide{overflow-x:auto}img{max-width:100%;height:auto;image-rendering:pixelated}\
    table{border-collapse:collapse}th,td{text-align:left;padding:.25rem .75rem .25rem 0;\
    border-bottom:1px solid var(--line);vertical-align:top}\
    pre{overflow-x:auto;padding:1rem;border:1px solid var(--line)}";

/// A page being written. Every text that it is given is escaped.
#[derive(Debug)]
pub(crate) struct Page {
    title: String,
    body: String,
}

impl Page {
    pub(crate) fn new(title: &str) -> Self {
        Self {
            title: escape(title),
            body: format!("<h1>{}</h1>\n", escape(title)),
        }
    }

    pub(crate) fn heading(&mut self, text: &str) {
        self.add(&["<h2>", &escape(text), "</h2>\n"]);
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.add(&["<p>", &escape(text), "</p>\n"]);
    }

    /// A text as it is, its lines kept; a keyboard scrolls it.
    pub(crate) fn verbatim(&mut self, label: &str, text: &str) {
        let text: Vec<String> = text.lines().map(escape).collect();
        self.add(&[
            "<pre tabindex=\"0\" role=\"region\" aria-label=\"",
            &escape(label),
            "\">",
            &text.join("\n"),
            "</pre>\n",
        ]);
    }

    /// A chart with its title and a sentence.
    pub(crate) fn chart(&mut self, chart: &Figure, caption: &str) {
        self.add(&[
            "<figure>",
            &chart.inline(),
            "<figcaption>",
            &escape(chart.title()),
            ". ",
            &escape(caption),
            "</figcaption></figure>\n",
        ]);
    }

    /// A picture, whose file's bytes are PNG.
    pub(crate) fn picture(&mut self, png: &[u8], described: &str, caption: &str) {
        use base64::Engine as _;

        let data = base64::engine::general_purpose::STANDARD.encode(png);
        self.add(&[
            "<figure><img alt=\"",
            &escape(described),
            "\" src=\"data:image/png;base64,",
            &data,
            "\"><figcaption>",
            &escape(caption),
            "</figcaption></figure>\n",
        ]);
    }

    /// A table whose first row has the titles.
    pub(crate) fn table(&mut self, label: &str, titles: &[&str], rows: &[Vec<String>]) {
        let cells = |tag: &str, cells: &[String]| {
            let scope = if tag == "th" { " scope=\"col\"" } else { "" };
            let cells: Vec<String> = cells
                .iter()
                .map(|cell| format!("<{tag}{scope}>{}</{tag}>", escape(cell)))
                .collect();
            format!("<tr>{}</tr>", cells.concat())
        };
        let titles: Vec<String> = titles.iter().map(|&title| title.to_owned()).collect();
        let rows: Vec<String> = rows.iter().map(|row| cells("td", row)).collect();
        self.add(&[
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"",
            &escape(label),
            "\"><table><thead>",
            &cells("th", &titles),
            "</thead><tbody>",
            &rows.concat(),
            "</tbody></table></div>\n",
        ]);
    }

    fn add(&mut self, parts: &[&str]) {
        self.body.extend(parts.iter().copied());
    }

    /// The whole file.
    pub(crate) fn finish(self) -> String {
        let Self { title, body } = self;
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; img-src data:\">\n<title>{title}</title>\n\
             <style>{}{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
            style_sheet()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_it_is_given_becomes_markup() {
        let hostile = "<script>alert(\"x\")</script>";
        let mut page = Page::new(hostile);
        page.heading(hostile);
        page.paragraph(hostile);
        page.verbatim(hostile, hostile);
        page.picture(b"png", hostile, hostile);
        page.table(hostile, &[hostile], &[vec![hostile.to_owned()]]);
        let page = page.finish();
        assert!(!page.contains("<script") && !page.contains("\"x\""), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("base64,cG5n"));
    }

    #[test]
    fn lines_of_a_text_stay_lines() {
        let mut page = Page::new("a");
        page.verbatim("config", "[run]\nseed = 1");
        assert!(page.finish().contains(">[run]\nseed = 1</pre>"));
    }
}
