//! Components that show an evaluation: what they show, where their figures lie, and what they refuse.

use std::fs;
use std::path::Path;

use cellflux_bundle::{Evaluation, folder};
use tempfile::TempDir;

use crate::parts::{build, project, published, read};

const ALL: [&str; 4] = ["evaluation", "confusion", "batches", "nuclei"];

fn section(text: &str) -> String {
    format!("[[section]]\nid = \"one\"\ntitle = \"One\"\ntext = '''\n{text}\n'''\n")
}

fn component(name: &str) -> String {
    format!("```{{{name}}}\n```")
}

/// Puts the test's evaluation, changed by `edit`, into the project's bundle.
fn attach(home: &Path, edit: impl FnOnce(&mut Evaluation)) {
    let place = home.join("bundle");
    let mut packed = folder::read_packed(&place).unwrap();
    let text =
        include_str!("../../../../tests/fixtures/evaluation.json").replace("simvastatin", "cycloheximide");
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["weights"] = packed.manifest.weights_digest().unwrap().into();
    let mut evaluation = Evaluation::from_json(json.to_string().as_bytes()).unwrap();
    edit(&mut evaluation);
    packed.attach(evaluation).unwrap();
    folder::write(&packed, &place, true).unwrap();
}

/// A built project with an evaluation, and its page.
fn page(text: &str, edit: impl FnOnce(&mut Evaluation)) -> (TempDir, String) {
    let home = project(&section(text));
    attach(home.path(), edit);
    build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    (home, page)
}

/// The file of figures that a page links to.
fn data(home: &TempDir, page: &str, name: &str) -> String {
    let start = page.find(&format!("href=\"files/{name}-")).unwrap() + "href=\"".len();
    let address = page[start..].split('"').next().unwrap();
    read(home.path(), address)
}

#[test]
fn a_bundle_without_an_evaluation_is_refused_with_file_and_line() {
    for name in ALL {
        let home = project(&section(&component(name)));
        let error = build(home.path()).unwrap_err().to_string();
        for part in [
            "site.toml:8: ",
            "the bundle \"bundle\" has no evaluation; run `cellflux-train evaluate` and `cellflux bundle \
             attach-evaluation`",
        ] {
            assert!(error.contains(part), "{name}: {part}: {error}");
        }
    }
}

#[test]
fn an_evaluation_shows_its_rows_with_intervals_and_numbers_of_cells_a_plot_and_the_sentences() {
    let (_, newer) = page(&component("evaluation"), |evaluation| {
        evaluation.rows[2].starts = Some(140);
        evaluation.rows[2].side_change = evaluation.rows[2].fine_detail;
    });
    for part in [
        "<th scope=\"col\" class=\"right\"><a class=\"term\" href=\"#measure-starts\">Different \
         starts</a></th>",
        "<td class=\"right\">140</td><td class=\"right\">58 %",
        "href=\"#measure-side-change\">Side change (sd; right: 0)</a></th>",
    ] {
        assert!(newer.contains(part), "{part}: {newer}");
    }
    let (home, page) = page(&component("evaluation"), |_| {});
    assert!(
        !page.contains("Different starts"),
        "a column without a figure is none"
    );
    for part in [
        "<th scope=\"row\">real, other wells</th><td class=\"right\">92</td><td class=\"right\">93 % \
         <small>(88 to 97)</small></td>",
        "<th scope=\"row\">generated</th><td class=\"right\">185</td><td class=\"right\">58 % \
         <small>(50 to 66)</small></td>",
        "<a class=\"term\" href=\"#measure-frechet\">Fréchet distance</a></th>",
        "21.5 <small>(20.1 to 23.4)</small>",
        "Pooled features of the published Inception network.</bdi> (inception): comparable with",
        "Areas, shapes and intensities.</bdi> (morphology): not comparable",
        "62 % (48 to 71), n = 178",
        "<p class=\"note\">Without figures, and why: <bdi>SIMVASTATIN (n = 7)</bdi>: fewer than 20 real \
         cells</p>",
        "<li><bdi>TAXOL at 3 µM</bdi>: makes 62 % (48 to 71) of the measured change; 178 real cells, never \
         trained on</li>",
        "<li><bdi>drawn cells</bdi>: 185 real treated cells",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        !page.contains("controls, copied"),
        "a row without a figure is none"
    );
    let data = data(&home, &page, "evaluation");
    for part in [
        "of,kind,cells,space,measure,value,low,high\r\n",
        "generated,generated,185,inception,frechet,21.5,20.1,23.4\r\n",
        "\"real, other wells\",real,92,,gap_closed,0.93,0.88,0.97\r\n",
        "TAXOL at 3 µM,condition,178,,gap_closed,0.62,0.48,0.71\r\n",
        "the same controls under each compound,compound-use,24,,compound_use,0.42,0.35,0.5\r\n",
        "the same controls under each compound,compound-use,24,,pairs_of_compounds,1,,\r\n",
    ] {
        assert!(data.contains(part), "{part}: {data}");
    }
}

#[test]
fn confusion_batches_and_nuclei_show_real_and_generated_cells_and_link_to_their_figures() {
    let text = ["confusion", "batches", "nuclei"].map(component).join("\n\n");
    let (home, page) = page(&text, |_| {});
    for part in [
        "Microtubule stabilisers → Cholesterol-lowering: 58 / 178",
        "<th scope=\"row\">Generated</th><td class=\"right\">185</td><td class=\"right\">67 % \
         <small>(60 to 74)</small>",
        "Always naming the most frequent mode of action would be right for 96 % of the cells",
        ">Microtubule stabilisers, n = 178<",
        ">33 %<",
        "class=\"cloud generated\"",
        "<title>Week4, n = 50</title>",
        "<title>Week4, n = 100</title>",
        ">Week4, n = 50<",
        ">PC1: 31 % of the variance<",
        "<th scope=\"row\"><bdi>TAXOL at 3 µM</bdi></th><td class=\"right\">90</td><td class=\"right\">410 \
         <small>(400 to 420)</small></td><td class=\"right\">178</td><td class=\"right\">520 <small>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(page.matches("<svg class=\"drawing\" role=\"img\"").count(), 3);
    assert_eq!(
        page.matches("</title><desc>").count(),
        3,
        "words for each drawing"
    );
    let confusion = data(&home, &page, "confusion");
    assert!(
        confusion.contains("generated,Microtubule stabilisers,Cholesterol-lowering,58\r\n"),
        "{confusion}"
    );
    let accuracies = data(&home, &page, "accuracies");
    for part in [
        "cells,n,measure,value,low,high\r\n",
        "real,185,accuracy,0.946,0.9,0.98\r\n",
        "generated,185,balanced_accuracy,0.62,0.5,0.7\r\n",
        "generated,185,macro_f1,0.46,0.4,0.5\r\n",
        "real,185,weighted_f1,0.95,0.9,0.98\r\n",
        "real,185,majority_class_accuracy,0.962,,\r\n",
    ] {
        assert!(accuracies.contains(part), "{part}: {accuracies}");
    }
    assert!(page.contains("download>Accuracies (CSV)</a>"), "{page}");
    let batches = data(&home, &page, "batches");
    for part in [
        "variance_2,starts,explained_1,explained_2\r\n",
        "Week4,treated,100,1,0.6,1.2,-0.2,0.6,,0.31,0.12\r\n",
        "Week4,generated,100,0.7,0.55,0.9,0,0.4,48,0.31,0.12\r\n",
    ] {
        assert!(batches.contains(part), "{part}: {batches}");
    }
    assert!(data(&home, &page, "nuclei").contains("TAXOL at 3 µM,generated,178,498,480,515\r\n"));
    let findings = cellflux_site::check::check(&home.path().join("dist"), &[]).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn figures_beside_drawn_cells_say_nowhere_that_these_are_real_on_the_page_and_in_files() {
    let text = ALL.map(component).join("\n\n");
    let says_real = |text: &str| {
        let mut words = text.split(|letter: char| !letter.is_alphabetic());
        words.any(|word| word.eq_ignore_ascii_case("real"))
    };
    let shown = |page: &str| -> String {
        let start = page.find("evaluated evaluation").unwrap();
        let end = page.rfind("</figure>").unwrap();
        page[start..end].to_owned()
    };
    for (drawn, said) in [(false, "Real, treated"), (true, "Drawn, treated")] {
        let (home, page) = page(&text, |evaluation| {
            evaluation.data.drawn = drawn;
            if drawn {
                evaluation.rows[0].name = "drawn, other wells".into();
            }
        });
        let page = shown(&page);
        assert_eq!(says_real(&page), !drawn, "{page}");
        assert!(page.contains(said), "{said}: {page}");
        for name in ["evaluation", "confusion", "accuracies"] {
            let file = data(&home, &page, name);
            assert_eq!(says_real(&file), !drawn, "{name}: {file}");
        }
    }
}

#[test]
fn the_chart_comes_first_then_what_has_no_figures_then_tables_then_what_their_words_mean() {
    let (home, page) = page(&component("evaluation"), |evaluation| {
        let row = evaluation.rows[2].clone();
        evaluation.rows.extend([row.clone(), row]);
    });
    let places: Vec<usize> = [
        "<svg class=\"drawing\"",
        "Without figures, and why: ",
        "<details class=\"folded\"><summary>Table: Share and direction of the change, side change and fine \
         detail (5 rows)</summary>",
        // The generated set three times: short enough to stay open.
        "<caption>Distances to real treated cells in the space inception. In brackets: ",
        "<details class=\"glossary\"><summary>What the measures mean (",
        "<summary>In sentences</summary>",
        "Data (CSV)",
    ]
    .iter()
    .map(|part| page.find(part).unwrap_or_else(|| panic!("{part}: {page}")))
    .collect();
    assert!(places.is_sorted(), "{places:?}: {page}");
    assert_eq!(page.matches("<summary>Table: ").count(), 1, "{page}");
    // Each table names its intervals, and each scrolls by itself.
    assert_eq!(page.matches(">95 % interval</a></caption>").count(), 3, "{page}");
    assert_eq!(
        page.matches("class=\"scroll\" role=\"region\" aria-label=")
            .count(),
        4
    );
    // What was not measured is said once.
    assert_eq!(page.matches("SIMVASTATIN (n = 7)").count(), 1, "{page}");
    let findings = cellflux_site::check::check(&home.path().join("dist"), &[]).unwrap();
    assert!(
        findings.is_empty(),
        "links lead to words that are there: {findings:?}"
    );
}

#[test]
fn two_evaluations_of_a_page_explain_their_own_words() {
    let text = format!("{}\n\n{}", component("evaluation"), component("evaluation"));
    let (home, page) = page(&text, |_| {});
    for id in ["measure-kid", "measure-kid-2"] {
        assert!(page.contains(&format!("<dt id=\"{id}\">")), "{id}: {page}");
        assert!(page.contains(&format!("href=\"#{id}\"")), "{id}: {page}");
    }
    let findings = cellflux_site::check::check(&home.path().join("dist"), &[]).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn what_an_evaluation_lacks_is_refused_by_its_component() {
    for (name, lacks) in [
        ("confusion", "has no modes of action"),
        ("batches", "has no batches"),
        ("nuclei", "has no nuclear areas"),
    ] {
        let home = project(&section(&component(name)));
        attach(home.path(), |evaluation| {
            evaluation.modes_of_action = None;
            evaluation.batches = None;
            evaluation.conditions.clear();
        });
        let error = build(home.path()).unwrap_err().to_string();
        assert!(
            error.contains("site.toml:8: ") && error.contains(lacks),
            "{error}"
        );
    }
    let (_, page) = page(&component("evaluation"), |evaluation| {
        evaluation.conditions.clear();
        evaluation.rows.clear();
    });
    assert!(
        page.contains("Without figures, and why: <bdi>CYCLOHEXIMIDE</bdi>, <bdi>TAXOL</bdi>: no real cells"),
        "{page}"
    );
    assert!(!page.contains("<svg class=\"drawing\""), "nothing to draw");
}

#[test]
fn names_of_an_evaluation_stay_text() {
    let hostile = "</title><script>alert(1)</script>";
    let text = ALL.map(component).join("\n\n");
    let (_, page) = page(&text, |evaluation| {
        evaluation.data.name = hostile.into();
        evaluation.spaces[1].about = hostile.into();
        evaluation.rows[0].name = hostile.into();
        evaluation.conditions[0].name = hostile.into();
        evaluation.conditions[1].name = hostile.into();
        evaluation.modes_of_action.as_mut().unwrap().labels[0] = hostile.into();
        evaluation.batches.as_mut().unwrap().clouds[0].batch = hostile.into();
    });
    assert!(!page.contains("<script>alert"), "{page}");
}

#[test]
fn headings_are_in_the_pages_language_and_the_sentences_say_that_theirs_is_english() {
    let home = project(&section(&component("evaluation")));
    attach(home.path(), |_| {});
    let path = home.path().join("site.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("language = \"de\"\n{text}")).unwrap();
    build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    for part in [
        "Fréchet-Abstand",
        "eine Kopie der Kontrolle",
        "58 % <small>(50 bis 66)",
        "Ohne Werte, mit Grund: <bdi>SIMVASTATIN (n = 7)</bdi>: weniger als 20 echte Zellen",
        "<dfn>Fréchet-Abstand</dfn></dt><dd>Wie weit zwei Mengen",
        "<ul lang=\"en\">",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn weights_stored_in_other_bytes_lose_the_evaluation_which_is_said() {
    let stored = "dtype = \"int8\"\nforce = true\n";
    let home = project(stored);
    attach(home.path(), |_| {});
    let advice = build(home.path()).unwrap().advice.join("\n");
    assert!(
        advice.contains("bundle \"bundle\": its evaluation is left out"),
        "{advice}"
    );
    let manifest = folder::read_manifest(&published(home.path())).unwrap();
    assert!(manifest.evaluation.is_none());

    let home = project(&format!("{stored}{}", section(&component("nuclei"))));
    attach(home.path(), |_| {});
    let error = build(home.path()).unwrap_err().to_string();
    assert!(
        error.contains("has no evaluation here: its evaluation is left out"),
        "{error}"
    );
}
