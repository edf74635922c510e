//! Digests of what the workers are made of. A browser compares the page's own modules with digests
//! in the page's head, but not what a worker loads: so the page does, by lists that are written here.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::error::SiteError;
use crate::fingerprint::{integrity, name_by_content, relative};
use crate::toolkit::{CHEMISTRY, LAB, RESULTS, UPLOAD, WASM};

const WORKER_LIST: &str = "web/integrity.js";
const MODULE_DIGEST: &str = "web/worker/module_integrity.js";

/// The WebAssembly modules, with the names that their digests have in [`MODULE_DIGEST`].
const MODULES: [(&str, &str); 5] = [
    (WASM, "MODULE_INTEGRITY"),
    (CHEMISTRY, "CHEMISTRY_INTEGRITY"),
    (RESULTS, "RESULTS_INTEGRITY"),
    (UPLOAD, "UPLOAD_INTEGRITY"),
    (LAB, "LAB_INTEGRITY"),
];

/// A worker of the page, which is listed only where the page has its element: what is listed is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// The explorer's.
    Explorer,
    /// The lab's.
    Lab,
}

impl Worker {
    /// Its own module.
    fn module(self) -> &'static str {
        match self {
            Self::Explorer => "web/worker.js",
            Self::Lab => "web/lab/lab_worker.js",
        }
    }

    /// The name that its list has in [`WORKER_LIST`], after `const `.
    fn list(self) -> &'static str {
        match self {
            Self::Explorer => "WORKER_MODULES",
            Self::Lab => "LAB_WORKER_MODULES",
        }
    }
}

/// Writes the digests of the WebAssembly modules and the lists of the workers' modules, each after those that
/// it imports, into the page's own files. The lists' names are those that [`name_by_content`] gives.
///
/// # Errors
/// [`SiteError::Module`] when a file has no place for its digests, or a module refers to a missing one.
pub fn write_digests(
    all: &BTreeMap<String, Vec<u8>>,
    workers: &[Worker],
) -> Result<BTreeMap<String, Vec<u8>>, SiteError> {
    let mut files = all.clone();
    // Without the lists, a toolkit's workers start unchecked.
    if !all.contains_key(WORKER_LIST) {
        return Ok(files);
    }
    for (path, name) in MODULES {
        if let Some(wasm) = all.get(path) {
            let digest = format!("{name} = '{}';", integrity(wasm));
            fill(&mut files, MODULE_DIGEST, &format!("{name} = null;"), &digest)?;
        }
    }
    for &worker in workers {
        let named = name_by_content(&files, &[worker.module()])?;
        let mut list = format!("const {} = [\n", worker.list());
        for (old, new) in named.in_order_of_need(worker.module()) {
            let content = named.files.get(new).map(Vec::as_slice).unwrap_or_default();
            let (address, digest) = (relative(WORKER_LIST, new), integrity(content));
            // Writing to a String cannot fail.
            let _ = writeln!(
                list,
                "  ['{old}', new URL('{address}', import.meta.url).href, '{digest}'],"
            );
        }
        list.push_str("];");
        let place = format!("const {} = [];", worker.list());
        fill(&mut files, WORKER_LIST, &place, &list)?;
    }
    Ok(files)
}

fn fill(
    files: &mut BTreeMap<String, Vec<u8>>,
    path: &str,
    place: &str,
    content: &str,
) -> Result<(), SiteError> {
    let wrong = |problem: String| SiteError::Module {
        path: path.to_owned(),
        problem,
    };
    let file = files
        .get_mut(path)
        .ok_or_else(|| wrong("expected this file among the page's own".into()))?;
    let text = String::from_utf8_lossy(file);
    if !text.contains(place) {
        return Err(wrong(format!("expected `{place}` in it, where digests belong")));
    }
    *file = text.replacen(place, content, 1).into_bytes();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKER: &str = "web/worker.js";
    const LAB_WORKER: &str = "web/lab/lab_worker.js";

    fn site() -> BTreeMap<String, Vec<u8>> {
        [
            (LAB_WORKER, "import m from '../../pkg/m.js';"),
            (LAB, "lab"),
            (WORKER, "import './worker/a.js';"),
            (
                "web/worker/a.js",
                "import { b } from '../b.js'; import m from '../../pkg/m.js';",
            ),
            ("web/b.js", "export const b = 1;"),
            ("pkg/m.js", "export default 1;"),
            (WASM, "wasm"),
            (CHEMISTRY, "chemistry"),
            (RESULTS, "results"),
            (UPLOAD, "upload"),
            (
                WORKER_LIST,
                "export const WORKER_MODULES = [];\nexport const LAB_WORKER_MODULES = [];",
            ),
            (
                MODULE_DIGEST,
                "export const MODULE_INTEGRITY = null;\nexport const CHEMISTRY_INTEGRITY = null;\n\
                 export const RESULTS_INTEGRITY = null;\nexport const UPLOAD_INTEGRITY = null;\n\
                 export const LAB_INTEGRITY = null;",
            ),
        ]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .into()
    }

    #[test]
    fn every_module_of_the_worker_is_listed_after_what_it_imports_with_the_digest_of_its_final_content() {
        let files = write_digests(&site(), &[Worker::Explorer]).unwrap();
        let list = std::str::from_utf8(&files[WORKER_LIST]).unwrap();
        let named = name_by_content(&files, &[WORKER]).unwrap();
        let mut last = 0;
        for (old, new) in named.in_order_of_need(WORKER) {
            let line = format!(
                "['{old}', new URL('{}', import.meta.url).href, '{}'],",
                relative(WORKER_LIST, new),
                integrity(&named.files[new])
            );
            let at = list.find(&line).unwrap_or_else(|| panic!("{line} in {list}"));
            assert!(at > last, "{old} stands after what it imports");
            last = at;
        }
        assert_eq!(list.matches("sha384-").count(), 4);
        let digest = std::str::from_utf8(&files[MODULE_DIGEST]).unwrap();
        for (name, content) in [
            ("MODULE", "wasm"),
            ("CHEMISTRY", "chemistry"),
            ("RESULTS", "results"),
            ("UPLOAD", "upload"),
            ("LAB", "lab"),
        ] {
            let line = format!("{name}_INTEGRITY = '{}';", integrity(content.as_bytes()));
            assert!(digest.contains(&line), "{digest}");
        }
    }

    #[test]
    fn a_worker_is_listed_only_where_its_element_is() {
        let lists = |workers: &[Worker]| {
            let files = write_digests(&site(), workers).unwrap();
            String::from_utf8_lossy(&files[WORKER_LIST]).into_owned()
        };
        let lab = lists(&[Worker::Lab]);
        assert!(lab.contains("const WORKER_MODULES = [];"), "{lab}");
        assert!(lab.contains(&format!("['{LAB_WORKER}', ")), "{lab}");
        let both = lists(&[Worker::Explorer, Worker::Lab]);
        assert!(both.contains(&format!("['{WORKER}', ")) && both.contains(&format!("['{LAB_WORKER}', ")));
        assert!(lists(&[]).contains("const LAB_WORKER_MODULES = [];"));
    }

    #[test]
    fn a_file_without_a_place_for_digests_is_named() {
        let mut without = site();
        without.insert(WORKER_LIST.into(), b"export const OTHER = [];".to_vec());
        let error = write_digests(&without, &[Worker::Explorer])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(WORKER_LIST) && error.contains("WORKER_MODULES"),
            "{error}"
        );
    }
}
