//! What an evaluation's folder holds the cells of: a second run there goes on with the same, and is refused
//! with another.

use std::fs;
use std::path::Path;

use cellflux_bundle::Bundle;
use cellflux_bundle::files::MANIFEST;
use cellflux_bundle::sampling::Sampling;
use cellflux_data::Experiment;
use serde_json::{Map, Value, json};

use super::cells::Choice;
use super::plots::PLOTS;
use super::sweep_report;
use super::{EvaluateError, written};

/// The file's name.
pub const FILE: &str = "plan.json";
/// The folder of a sweep's cells: a folder for each sampling, with a plan of its own.
pub const SWEEP: &str = "sweep";
/// What a sweep leaves in a folder that has no plan.
const OF_A_SWEEP: [&str; 4] = [SWEEP, sweep_report::REPORT, sweep_report::TABLE, PLOTS];
/// How the names of files begin that are being written.
const UNFINISHED: &str = ".tmp";

/// Everything that decides a generated cell, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Map<String, Value>);

impl Plan {
    /// The plan of an evaluation of `bundle`, whose weights have this digest, on an experiment's cells.
    ///
    /// # Errors
    /// [`EvaluateError::Bundle`] for a bundle that does not list its condition vectors.
    pub fn new(
        bundle: &Bundle,
        weights: &str,
        experiment: &Experiment,
        sampling: &Sampling,
        choice: Choice,
    ) -> Result<Self, EvaluateError> {
        let manifest = &bundle.manifest;
        let vectors = manifest.vectors_digest()?;
        let plan = json!({
            "bundle": manifest.id,
            "weights": weights,
            "vectors": vectors,
            "data": experiment.fingerprint(),
            "split": choice.split,
            "most": choice.most,
            "seed": choice.seed,
            "source": manifest.source,
            "sampling": sampling,
        });
        Ok(match plan {
            Value::Object(map) => Self(map),
            _ => Self(Map::new()),
        })
    }

    /// Makes `folder` this plan's: writes it where there is none, and compares it where there is one.
    ///
    /// # Errors
    /// As [`usable`], [`EvaluateError::OlderPlan`] naming the first setting that the plan there lacks, and
    /// [`EvaluateError::OtherPlan`] naming the first that differs.
    pub fn claim(&self, folder: &Path) -> Result<(), EvaluateError> {
        usable(folder)?;
        let Some(before) = read(folder)? else {
            return self.write(&folder.join(FILE));
        };
        if let Some(field) = self.0.keys().find(|&key| !before.contains_key(key)) {
            return Err(EvaluateError::OlderPlan {
                plan: folder.join(FILE),
                field: field.clone(),
            });
        }
        let shown =
            |map: &Map<String, Value>, key: &String| map.get(key).map_or("absent".into(), Value::to_string);
        let differs = self
            .0
            .keys()
            .chain(before.keys())
            .find(|&key| self.0.get(key) != before.get(key));
        match differs {
            None => Ok(()),
            Some(field) => Err(EvaluateError::OtherPlan {
                folder: folder.to_owned(),
                field: field.clone(),
                before: shown(&before, field),
                now: shown(&self.0, field),
            }),
        }
    }

    fn write(&self, path: &Path) -> Result<(), EvaluateError> {
        let mut text = Value::Object(self.0.clone()).to_string();
        text.push('\n');
        written(path, text.as_bytes())
    }
}

/// Refuses a folder that an evaluation may not write into: it must be absent or empty, or an earlier
/// evaluation's or sweep's, and no bundle's.
///
/// # Errors
/// [`EvaluateError::NotOurs`] for a folder of other files, [`EvaluateError::Text`] for a plan that cannot be
/// read, [`EvaluateError::File`].
pub fn usable(folder: &Path) -> Result<(), EvaluateError> {
    // What is there is looked at before the plan: a process that starts at the same time writes the plan
    // first.
    let names = names(folder)?;
    let plan = read(folder)?;
    let bundle = names.iter().find(|name| *name == MANIFEST);
    // With a plan whatever stands beside it is an evaluation's.
    let keys = ["bundle", "weights", "sampling"];
    let ours = plan.is_some_and(|plan| keys.iter().all(|key| plan.contains_key(*key)));
    let found = match (bundle, names.first()) {
        (Some(manifest), _) => format!("a bundle ({manifest})"),
        (None, Some(name)) if !ours && !swept(folder, &names)? => name.clone(),
        _ => return Ok(()),
    };
    Err(EvaluateError::NotOurs {
        folder: folder.to_owned(),
        found,
    })
}

/// The plan in a folder; `None` where there is none.
fn read(folder: &Path) -> Result<Option<Map<String, Value>>, EvaluateError> {
    let path = folder.join(FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(EvaluateError::file(&path)(error)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| EvaluateError::Text {
            path: path.clone(),
            reason: cellflux_bundle::parser_words(&error),
        })
}

/// The names in a folder, sorted, but for files that are being written; none for a folder that is absent.
fn names(folder: &Path) -> Result<Vec<String>, EvaluateError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(EvaluateError::file(folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(EvaluateError::file(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(UNFINISHED) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a folder with these names holds a sweep, finished or interrupted, and nothing else.
fn swept(folder: &Path, names: &[String]) -> Result<bool, EvaluateError> {
    let known = names.iter().all(|name| OF_A_SWEEP.contains(&name.as_str()));
    if !known || !names.iter().any(|name| name == SWEEP) {
        return Ok(false);
    }
    let folder = folder.join(SWEEP);
    for name in self::names(&folder)? {
        let cells = folder.join(name);
        // Looked at before the plan, as in `usable`.
        let empty = cells.is_dir() && self::names(&cells)?.is_empty();
        if !empty && !cells.join(FILE).is_file() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(most: usize) -> Plan {
        let plan = json!({"bundle": "b", "weights": "w", "sampling": {}, "most": most});
        Plan(plan.as_object().unwrap().clone())
    }

    #[test]
    fn a_folder_is_new_or_empty_or_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        usable(&dir.path().join("absent")).unwrap();
        // A process that was killed while it wrote leaves this.
        fs::write(dir.path().join(".tmpAbC123"), b"{").unwrap();
        plan(4).claim(dir.path()).unwrap();
        fs::create_dir(dir.path().join("generated")).unwrap();
        plan(4).claim(dir.path()).unwrap();
        let refusal = plan(5).claim(dir.path()).unwrap_err().to_string();
        assert!(refusal.contains("(most was 4, is 5)"), "{refusal}");
        fs::write(dir.path().join(MANIFEST), b"{}").unwrap();
        let refusal = plan(4).claim(dir.path()).unwrap_err().to_string();
        assert!(refusal.contains("holds a bundle (manifest.json)"), "{refusal}");
    }

    #[test]
    fn a_folder_of_an_earlier_version_is_refused_and_it_is_said_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let older = json!({"bundle": "b", "weights": "w", "sampling": {}}).to_string();
        fs::write(dir.path().join(FILE), &older).unwrap();
        let refusal = plan(4).claim(dir.path()).unwrap_err().to_string();
        for part in [
            "plan.json: does not state most, so the folder holds the cells of an evaluation by an earlier",
            "run again with --out and a new folder",
        ] {
            assert!(refusal.contains(part), "{part}: {refusal}");
        }
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), older);
    }

    #[test]
    fn a_folder_of_other_files_is_refused_and_nothing_is_written() {
        for name in ["generated", "notes.txt"] {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join(name)).unwrap();
            let refusal = plan(4).claim(dir.path()).unwrap_err().to_string();
            assert!(refusal.contains(name) && refusal.contains("--out"), "{refusal}");
            assert!(!dir.path().join(FILE).exists());
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), b"{\"trip\": 1}").unwrap();
        let refusal = plan(4).claim(dir.path()).unwrap_err().to_string();
        assert!(
            refusal.contains("holds plan.json and is no evaluation's"),
            "{refusal}"
        );
    }

    #[test]
    fn a_sweep_s_folder_is_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let cells = dir.path().join(SWEEP).join("alpha-1");
        fs::create_dir_all(&cells).unwrap();
        usable(dir.path()).unwrap();
        plan(4).claim(&cells).unwrap();
        fs::write(dir.path().join(sweep_report::REPORT), b"").unwrap();
        usable(dir.path()).unwrap();
        fs::remove_file(cells.join(FILE)).unwrap();
        fs::create_dir(cells.join("generated")).unwrap();
        assert!(usable(dir.path()).is_err());
    }
}
