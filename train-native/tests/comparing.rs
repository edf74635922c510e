//! `cellflux-train compare`: evaluations of the same cells differ by what differs, and an evaluation from
//! itself by nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "common/copied.rs"]
mod copied;
#[path = "common/repository.rs"]
mod repository;
#[path = "common/trainer.rs"]
mod trainer;

use std::fs;
use std::path::{Path, PathBuf};

use cellflux_train::compare::{Comparison, Evaluated, Figure, compare};

use copied::copy_files;
use repository::root;
use trainer::{refused, run};

/// The shipped bundle of drawn cells on few cells, in two steps, measured in `folder/name`.
fn evaluated(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let out = folder.join(name);
    let (bundle, config) = (
        root().join("web/bundles/synthetic-tiny"),
        root().join("configs/synthetic-tiny.toml"),
    );
    let run_folder = format!("run.folder={}", folder.join("run").display());
    let mut arguments = vec![
        "evaluate",
        bundle.to_str().unwrap(),
        "--config",
        config.to_str().unwrap(),
    ];
    for setting in [
        "data.source.images=200",
        "data.source.validation=0.5",
        "data.image.height=64",
        "data.image.width=64",
        &run_folder,
    ] {
        arguments.extend(["--set", setting]);
    }
    arguments.extend([
        "--most",
        "6",
        "--least",
        "4",
        "--shared-controls",
        "0",
        "--nearest",
        "0",
    ]);
    arguments.extend(["--sheet-rows", "0", "--steps", "2", "--replicates", "100"]);
    arguments.extend(["--out", out.to_str().unwrap()]);
    arguments.extend(more);
    run(&arguments);
    out
}

fn figure<'a>(comparison: &'a Comparison, of: &str, name: &str) -> &'a Figure {
    let found = comparison
        .figures
        .iter()
        .find(|figure| figure.of == of && figure.name == name);
    found.unwrap_or_else(|| panic!("no {name} of {of}: {:?}", comparison.figures))
}

#[test]
fn an_evaluation_differs_from_itself_by_nothing_and_from_a_copy_by_what_it_makes() {
    let dir = tempfile::tempdir().unwrap();
    let one = evaluated(dir.path(), "one", &[]);
    // The very same cells, as if made by another program.
    let same = dir.path().join("same");
    copy_files(&one, &same);
    let read = |folder: &Path| Evaluated::read(folder).unwrap();
    let comparison = compare(&[read(&one), read(&same)]).unwrap();
    assert!(comparison.unpaired.is_empty(), "{:?}", comparison.unpaired);
    let gap = figure(&comparison, "generated", "gap closed");
    assert_eq!(gap.own[0], gap.own[1]);
    for name in ["gap closed", "KID, morphology"] {
        let found = figure(&comparison, "generated", name).differences[1].unwrap();
        assert!(
            [found.value, found.low, found.high]
                .iter()
                .all(|value| value.abs() < 1e-12),
            "{name}: {found:?}"
        );
    }
    assert!(gap.differences[0].is_none(), "the first is compared with nothing");

    // Without guidance the flow's half is left out: what two evaluations make differs, and the table says by
    // how much.
    let other = evaluated(dir.path(), "other", &["--alpha", "0"]);
    let out = dir.path().join("table");
    let folders = [&one, &other, &out].map(|path| path.to_str().unwrap().to_owned());
    run(&["compare", &folders[0], &folders[1], "--out", &folders[2]]);
    let report = fs::read_to_string(out.join("compare.md")).unwrap();
    assert!(report.contains("| of | figure | one | other |"), "{report}");
    let comparison = compare(&[read(&one), read(&other)]).unwrap();
    let gap = figure(&comparison, "generated", "gap closed");
    let (own, difference) = (
        [gap.own[0].unwrap(), gap.own[1].unwrap()],
        gap.differences[1].unwrap(),
    );
    assert!(
        (difference.value - (own[1].value - own[0].value)).abs() < 1e-9,
        "{gap:?}"
    );
    // Both were resampled alike, so the difference is surer than two intervals that know nothing of each
    // other.
    let width = |estimate: cellflux_bundle::Estimate| estimate.high - estimate.low;
    assert!(width(difference) < width(own[0]) + width(own[1]), "{gap:?}");
    let text = fs::read_to_string(out.join("compare.csv")).unwrap();
    let mut table = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(table.headers().unwrap().len(), 9);
    assert!(table.records().all(|record| record.is_ok()));

    what_cannot_be_compared_is_refused(dir.path(), &one, &other);
}

/// On the evaluations that are there: making them takes most of the time.
fn what_cannot_be_compared_is_refused(dir: &Path, one: &Path, other: &Path) {
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let out = path(&dir.join("nothing"));
    let said = refused(&["compare", &path(one), &path(one), "--out", &out]);
    assert!(said.contains("one is named twice"), "{said}");
    let said = refused(&["compare", &path(one), &path(&dir.join("nowhere")), "--out", &out]);
    assert!(
        said.contains("evaluation.json") && said.contains("`cellflux-train evaluate` wrote"),
        "{said}"
    );

    let damaged = dir.join("damaged");
    copy_files(other, &damaged);
    fs::write(damaged.join("measures.safetensors"), b"nothing").unwrap();
    let said = refused(&["compare", &path(one), &path(&damaged), "--out", &out]);
    assert!(said.contains("measures.safetensors"), "{said}");
    copy_files(other, &damaged);
    let real = fs::read_to_string(damaged.join("real.csv")).unwrap();
    fs::write(
        damaged.join("real.csv"),
        real.replacen("treated,", "untreated,", 1),
    )
    .unwrap();
    let said = refused(&["compare", &path(one), &path(&damaged), "--out", &out]);
    assert!(said.contains("line 2: the set is \"untreated\""), "{said}");
    assert!(!dir.join("nothing").exists(), "nothing is half written");

    // A table of fewer cells than were measured.
    let lines: Vec<&str> = real.lines().collect();
    let fewer = format!("{}\n", lines[..lines.len() - 1].join("\n"));
    fs::write(damaged.join("real.csv"), fewer).unwrap();
    let said = refused(&["compare", &path(one), &path(&damaged), "--out", &out]);
    assert!(said.contains("as real.csv lists; evaluate again"), "{said}");
    assert!(!dir.join("nothing").exists(), "nothing is half written");

    // Other cells: beside each other, without differences, and the reason.
    let (first, rest) = real.split_once('\n').unwrap();
    let moved = format!("{first}\n{}", rest.replacen(",plate 1,", ",plate 2,", 1));
    fs::write(damaged.join("real.csv"), moved).unwrap();
    let read = |folder: &Path| Evaluated::read(folder).unwrap();
    let comparison = compare(&[read(one), read(&damaged)]).unwrap();
    assert!(
        comparison.unpaired[0].1.contains("its drawn cells are others"),
        "{:?}",
        comparison.unpaired
    );
    assert!(
        comparison
            .figures
            .iter()
            .all(|figure| figure.differences.iter().all(Option::is_none))
    );
    assert!(
        compare(&[read(one)])
            .unwrap_err()
            .to_string()
            .contains("at least two")
    );
}
