//! Modules as one script. A page that is opened as a file can import nothing, so each module becomes a
//! function's body, after the modules that it imports.
//!
//! This is for the page's own modules, which are written in one way: every `import` and `export` begins a
//! line, and what is exported is never assigned again. What is written otherwise is refused by its name.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::SiteError;
use crate::fingerprint::resolve;

/// Where modules find themselves (`import.meta.url`): an address that nothing can be fetched from.
pub(super) const SITE: &str = "https://single.invalid/";

/// Links the modules at `entries` and all that they import, in the order in which a browser would run them.
///
/// # Errors
/// [`SiteError::Module`] for an import of a file that is not there or in a circle, and for a form of `import`
/// or `export` that is not known here.
pub(super) fn linked(files: &BTreeMap<String, Vec<u8>>, entries: &[&str]) -> Result<String, SiteError> {
    let mut linker = Linker {
        files,
        numbers: BTreeMap::new(),
        open: BTreeSet::new(),
        script: String::new(),
    };
    for entry in entries {
        linker.module(entry)?;
    }
    Ok(linker.script)
}

struct Linker<'a> {
    files: &'a BTreeMap<String, Vec<u8>>,
    /// The modules that are in the script, by path.
    numbers: BTreeMap<String, usize>,
    /// The modules whose imports are being linked.
    open: BTreeSet<String>,
    script: String,
}

impl Linker<'_> {
    /// Adds a module after those that it imports, and gives its number.
    fn module(&mut self, path: &str) -> Result<usize, SiteError> {
        if let Some(number) = self.numbers.get(path) {
            return Ok(*number);
        }
        let wrong = |problem: &str| SiteError::Module {
            path: path.to_owned(),
            problem: problem.to_owned(),
        };
        let content = self
            .files
            .get(path)
            .ok_or_else(|| wrong("expected this file among the page's own"))?;
        let text = std::str::from_utf8(content).map_err(|_| wrong("expected a module in UTF-8"))?;
        if !self.open.insert(path.to_owned()) {
            return Err(wrong("imports itself, directly or by way of others"));
        }
        let parts = Parts::of(text).map_err(|problem| wrong(&problem))?;
        let mut head = String::new();
        for import in &parts.imports {
            let target = resolve(path, import.from)
                .ok_or_else(|| wrong(&format!("imports {}, which is outside of the site", import.from)))?;
            let number = self.module(&target)?;
            head.push_str(&import.declared(number));
        }
        self.open.remove(path);
        let number = self.numbers.len();
        self.numbers.insert(path.to_owned(), number);
        let body = parts
            .body
            .replace("import.meta.url", &format!("\"{SITE}{path}\""));
        let exports: String = parts
            .exports
            .iter()
            .map(|(outside, inside)| format!("get {outside}() {{ return {inside}; }}, "))
            .collect();
        self.script.push_str(&format!(
            "// {path}\nconst ${number} = (() => {{\n{head}{body}\nreturn {{ {exports}}};\n}})();\n"
        ));
        Ok(number)
    }
}

/// A module's text, taken apart.
struct Parts<'a> {
    imports: Vec<Import<'a>>,
    /// Names outside and inside of the module.
    exports: Vec<(String, String)>,
    /// What is left, without `import` statements and the word `export`.
    body: String,
}

/// `import a, { b as c } from './d.js';`
struct Import<'a> {
    /// What stands between `import` and `from`; empty where nothing is named.
    names: &'a str,
    from: &'a str,
}

impl Import<'_> {
    /// The names as declarations that take them from the module of this number.
    fn declared(&self, number: usize) -> String {
        let (default, rest) = match self.names.split_once([',', '{', '*']) {
            // A default import ends at a comma, if anything follows it.
            Some((default, _)) => (
                default.trim(),
                self.names.get(default.len()..).unwrap_or_default(),
            ),
            None => (self.names, ""),
        };
        let mut declared = String::new();
        if !default.is_empty() {
            declared.push_str(&format!("const {{ default: {default} }} = ${number};\n"));
        }
        let rest = rest.trim_start_matches(',').trim();
        if let Some(name) = rest.strip_prefix("* as ") {
            declared.push_str(&format!("const {} = ${number};\n", name.trim()));
        } else if rest.starts_with('{') {
            declared.push_str(&format!("const {} = ${number};\n", rest.replace(" as ", ": ")));
        }
        declared
    }
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, String> {
        let mut parts = Self {
            imports: Vec::new(),
            exports: Vec::new(),
            body: String::with_capacity(text.len()),
        };
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((import, after)) = import(rest) {
                parts.imports.push(import);
                rest = after;
                continue;
            }
            let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            if let Some(exported) = line.strip_prefix("export ") {
                rest = parts.export(exported, rest)?;
            } else {
                parts.body.push_str(line);
                rest = after;
            }
        }
        Ok(parts)
    }

    /// Takes an export in; `line` is the line after the word `export`, `rest` the text from this word on.
    /// Returns the text after what was taken.
    fn export(&mut self, line: &str, rest: &'a str) -> Result<&'a str, String> {
        if line.starts_with('{') {
            let (list, after) = rest
                .split_once(';')
                .ok_or("expected a `;` after `export { … }`")?;
            let list = list.trim_start_matches("export ").trim();
            let names = list
                .strip_prefix('{')
                .and_then(|list| list.strip_suffix('}'))
                .ok_or_else(|| unknown(line))?;
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let (inside, outside) = name.split_once(" as ").unwrap_or((name, name));
                self.exports.push((outside.to_owned(), inside.to_owned()));
            }
            return Ok(after);
        }
        let named = ["const ", "class ", "function* ", "function ", "async function "]
            .iter()
            .find_map(|form| line.strip_prefix(form))
            .ok_or_else(|| unknown(line))?;
        let names = declared_names(named).ok_or_else(|| unknown(line))?;
        self.exports
            .extend(names.into_iter().map(|name| (name.clone(), name)));
        // The declaration itself goes on with the next lines.
        self.body.push_str(line);
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        Ok(rest.get(end..).unwrap_or_default())
    }
}

/// The names that a declaration begins with: one, or several as `[a, b]`.
fn declared_names(named: &str) -> Option<Vec<String>> {
    let is_of_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    if let Some(list) = named.strip_prefix('[') {
        let (names, _) = list.split_once("] =")?;
        let names = names.split(',').map(|name| name.trim().to_owned());
        return names
            .map(|name| name.chars().all(is_of_name).then_some(name))
            .collect();
    }
    let name: String = named.chars().take_while(|letter| is_of_name(*letter)).collect();
    (!name.is_empty()).then(|| vec![name])
}

fn unknown(line: &str) -> String {
    format!(
        "`export {}`: expected a constant, a function, a class or a list of names",
        line.trim_end()
    )
}

/// An `import` statement that a text begins with, and the text after it. A line that only looks like one, in
/// a text that the module writes, is none.
fn import(text: &str) -> Option<(Import<'_>, &str)> {
    let (statement, after) = text.strip_prefix("import ")?.split_once(';')?;
    let statement = statement.trim_end();
    let quote = statement
        .chars()
        .next_back()
        .filter(|c| matches!(c, '\'' | '"'))?;
    let (names, from) = statement.strip_suffix(quote)?.rsplit_once(quote)?;
    let names = match names.trim() {
        "" => "",
        names => names.strip_suffix("from")?.trim_end(),
    };
    let is_name = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_$,*{}".contains(c);
    // Names over several lines stand in braces.
    let one_line = names
        .split('{')
        .next()
        .is_some_and(|before| !before.contains('\n'));
    (from.starts_with('.') && names.chars().all(is_name) && one_line)
        .then_some((Import { names, from }, after.strip_prefix('\n').unwrap_or(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        texts
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn modules_become_functions_after_what_they_import() {
        let script = linked(
            &files(&[
                (
                    "web/a.js",
                    "// words\nimport { b, c as d } from './x/b.js';\n\
                     import w, * as all from '../pkg/w.js';\n\
                     import './x/b.js';\nexport const a = new URL('./z', import.meta.url);\n",
                ),
                (
                    "web/x/b.js",
                    "export function b() {}\nexport class c {\n}\nexport const [d, e] = [1];\n",
                ),
                (
                    "pkg/w.js",
                    "function init() {}\nexport { b2, init as default };\n",
                ),
                ("web/unused.js", "export let x;"),
            ]),
            &["web/a.js"],
        )
        .unwrap();
        assert_eq!(
            script,
            "// web/x/b.js\nconst $0 = (() => {\nfunction b() {}\nclass c {\n}\nconst [d, e] = [1];\n\n\
             return { get b() { return b; }, get c() { return c; }, get d() { return d; }, \
             get e() { return e; }, };\n})();\n\
             // pkg/w.js\nconst $1 = (() => {\nfunction init() {}\n\n\n\
             return { get b2() { return b2; }, get default() { return init; }, };\n})();\n\
             // web/a.js\nconst $2 = (() => {\nconst { b, c: d } = $0;\nconst { default: w } = $1;\n\
             const all = $1;\n// words\nconst a = new URL('./z', \"https://single.invalid/web/a.js\");\n\n\
             return { get a() { return a; }, };\n})();\n"
        );
    }

    #[test]
    fn what_only_looks_like_an_import_stays_in_the_text() {
        let module = "const code = `\nimport numpy as np\nprint('x');\n`;\n";
        let script = linked(&files(&[("a.js", module)]), &["a.js"]).unwrap();
        assert!(script.contains(module), "{script}");
    }

    #[test]
    fn circles_missing_files_and_other_exports_are_refused_by_name() {
        for (text, expected) in [
            ("import './a.js';\n", "imports itself"),
            ("import './gone.js';\n", "gone.js"),
            ("import '../../a.js';\n", "outside of the site"),
            ("export default 1;\n", "`export default 1;`"),
            ("export let a = 1;\n", "expected a constant"),
            ("export * from './b.js';\n", "expected a constant"),
            ("export const { a } = b;\n", "expected a constant"),
        ] {
            let error = linked(&files(&[("a.js", text)]), &["a.js"])
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
