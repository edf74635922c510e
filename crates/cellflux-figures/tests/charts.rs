//! Every chart, as people's data make it: parsed, within its bounds, without overlaps, and only of what was
//! measured.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

mod svg;

use cellflux_bundle::Evaluation;
use cellflux_bundle::evaluation::{
    BatchPlane, Cloud, CloudKind, Confusion, Distances, MeasuredCondition, ModesOfAction, NuclearArea, Row,
    RowKind,
};
use cellflux_figures::{
    Chart, Estimate, Figure, Labels, LineChart, Point, Series, Source, batches, charts, distances,
    gap_closed, nuclear_area,
};
use svg::Texts;

const LABELS: Labels<'static> = Labels::ENGLISH;
const HOSTILE: &str = "</title><script>alert(\"1\")</script> & 'more' \u{1b}";

/// That of the demo bundle.
fn measured() -> Evaluation {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../web/bundles/bbbc021-tiny.source/evaluation.json"
    );
    Evaluation::from_json(&std::fs::read(file).unwrap()).unwrap()
}

fn estimate(value: f64) -> Estimate {
    Estimate {
        value,
        low: value - 0.3,
        high: value + 0.2,
    }
}

/// An evaluation of `many` conditions, classes, batches and sets, all of them called `name` and a number,
/// with figures that grow with the number.
fn of(many: usize, name: &str) -> Evaluation {
    let mut evaluation = measured();
    let numbered = |number: usize| format!("{name} {number}");
    evaluation.conditions = (0..many)
        .map(|number| {
            let area = estimate(100.0 + number as f64);
            MeasuredCondition {
                id: numbered(number),
                name: numbered(number),
                dose_um: Some(0.003),
                seen: number.is_multiple_of(2),
                treated: 1000 + number,
                controls: 99_999,
                groups: None,
                starts: None,
                gap_closed: Some(estimate(number as f64 / many as f64)),
                direction: None,
                side_change: None,
                nuclei: Some(NuclearArea {
                    control: area,
                    treated: area,
                    generated: area,
                }),
            }
        })
        .collect();
    let confusion = Confusion {
        counts: vec![vec![3; many]; many],
        accuracy: estimate(0.5),
        balanced_accuracy: estimate(0.5),
        macro_f1: estimate(0.5),
        weighted_f1: estimate(0.5),
    };
    evaluation.modes_of_action = Some(ModesOfAction {
        labels: (0..many).map(numbered).collect(),
        real: confusion.clone(),
        generated: confusion,
        majority: 0.5,
    });
    let cloud = |number: usize| Cloud {
        batch: numbered(number),
        kind: [CloudKind::Control, CloudKind::Treated, CloudKind::Generated][number % 3],
        cells: 7 + number,
        starts: None,
        mean: [(number / 7) as f64, (number % 5) as f64],
        covariance: [1.0, 0.2, 2.0],
    };
    evaluation.batches = Some(BatchPlane {
        space: "morphology".into(),
        explained: [0.4, 0.2],
        clouds: (0..many).map(cloud).collect(),
    });
    let space = evaluation.spaces[0].name.clone();
    evaluation.rows = (0..many)
        .map(|number| {
            let figure = Some(estimate(number as f64));
            Row {
                kind: if number == 0 {
                    RowKind::Real
                } else {
                    RowKind::Generated
                },
                name: numbered(number),
                cells: 123_456,
                starts: None,
                distances: vec![Distances {
                    space: space.clone(),
                    frechet: figure,
                    kid: figure,
                    kid_by_condition: None,
                    precision: figure,
                    recall: figure,
                    density: None,
                    coverage: figure,
                    energy: figure,
                }],
                gap_closed: None,
                direction: None,
                side_change: None,
                fine_detail: None,
            }
        })
        .collect();
    name.clone_into(&mut evaluation.data.name);
    evaluation
}

fn sweep(many: usize, name: &str) -> LineChart {
    LineChart {
        title: name.to_owned(),
        x_label: name.to_owned(),
        y_label: name.to_owned(),
        series: (0..many)
            .map(|number| Series {
                name: format!("{name} {number}"),
                points: (0..3)
                    .map(|at| Point {
                        x: f64::from(at) / 4.0,
                        estimate: estimate(number as f64 + f64::from(at)),
                    })
                    .collect(),
            })
            .collect(),
    }
}

/// Every chart of an evaluation and a sweep, as elements and as files.
fn drawn(evaluation: &Evaluation, model: &str, sweep: Option<&LineChart>) -> Vec<(String, String)> {
    let sweep = sweep.and_then(LineChart::draw).map(|figure| Chart {
        name: "sweep".into(),
        figure,
    });
    charts(evaluation, &LABELS)
        .into_iter()
        .chain(sweep)
        .flat_map(|Chart { name, figure }| {
            let source = Source::of(model, evaluation);
            [
                (format!("{name}, inline"), figure.inline()),
                (format!("{name}, standalone"), figure.standalone(&source)),
            ]
        })
        .collect()
}

fn inline(figure: Option<Figure>) -> String {
    figure.unwrap().inline()
}

#[test]
fn every_chart_parses_keeps_its_texts_within_and_apart_whatever_the_names_and_numbers() {
    let long = "1,3-dimethyl-very-long-name-of-a-compound ".repeat(8);
    let wide = "WWWWWWWWWWWW 細胞の形態 ".repeat(8);
    for (many, name) in [1, 2, 13, 40, 90]
        .into_iter()
        .flat_map(|many| ["a", &long, &wide].map(|name| (many, name)))
    {
        for (chart, text) in drawn(&of(many, name), name, Some(&sweep(many, name))) {
            let about = format!("{chart} of {many} {}", name.chars().take(12).collect::<String>());
            let texts = Texts::of(&text).unwrap_or_else(|error| panic!("{about}: {error}"));
            assert!(!texts.list.is_empty(), "{about}");
            texts.are_within(&about);
            texts.are_apart(&about);
        }
    }
    for (chart, text) in drawn(&measured(), "BBBC021, tiny", None) {
        let texts = Texts::of(&text).unwrap();
        texts.are_within(&chart);
        texts.are_apart(&chart);
    }
}

#[test]
fn no_text_leaves_its_chart_or_overlaps_in_fonts_that_people_have() {
    let fonts = svg::fonts::installed();
    if fonts.is_empty() {
        eprintln!("skipped: neither DejaVu Sans nor Liberation Sans is installed");
    }
    let long = "(2R,3S)-N-benzoyl-3-phenylisoserine WWWWWWWWWWWW ester ".repeat(4);
    let cases = [
        ("measured", measured()),
        ("one", of(1, &long)),
        ("twelve", of(12, "Microtubule stabilisers")),
        ("forty", of(40, &long)),
    ];
    for (family, database) in &fonts {
        for (case, evaluation) in &cases {
            let sweep = sweep(evaluation.conditions.len().min(12), case);
            let files = drawn(evaluation, case, Some(&sweep));
            for (chart, file) in files.iter().filter(|(chart, _)| chart.ends_with("standalone")) {
                let about = format!("{chart} of {case} in {family}");
                let texts =
                    Texts::in_font(file, family, database).unwrap_or_else(|error| panic!("{about}: {error}"));
                // Every text that is written has letters.
                assert_eq!(texts.list.len(), file.matches("<text ").count(), "{about}");
                texts.are_within(&about);
                texts.are_apart(&about);
            }
        }
    }
}

#[test]
fn the_charts_of_an_evaluation_are_those_of_what_it_measured() {
    let names = |evaluation: &Evaluation| -> Vec<String> {
        charts(evaluation, &LABELS)
            .into_iter()
            .map(|chart| chart.name)
            .collect()
    };
    assert_eq!(
        names(&measured()),
        [
            "gap-closed",
            "distances-morphology",
            "distances-moa",
            "modes-of-action",
            "batches",
            "nuclear-area"
        ]
    );
    let mut bare = measured();
    bare.rows.clear();
    bare.conditions.clear();
    bare.modes_of_action = None;
    bare.batches = None;
    assert!(names(&bare).is_empty());
    assert!(sweep(0, "a").draw().is_none());
}

#[test]
fn nothing_is_drawn_for_what_was_not_measured() {
    let mut evaluation = of(5, "c");
    evaluation.conditions[2].gap_closed = None;
    evaluation.conditions[3].nuclei = None;
    evaluation.conditions[4].gap_closed = Some(estimate(f64::NAN));
    let gaps = inline(gap_closed(&evaluation.conditions, &[], &LABELS));
    assert_eq!(gaps.matches("<circle").count(), 3);
    assert!(!gaps.contains("NaN") && !gaps.contains(">c 2 "), "{gaps}");
    let areas = inline(nuclear_area(&evaluation.conditions, &LABELS));
    assert!(!areas.contains(">c 3 ") && areas.contains(">c 2 "), "{areas}");

    let space = evaluation.spaces[0].clone();
    evaluation.rows[1].distances[0].kid = None;
    evaluation.rows[2].distances.clear();
    let text = inline(distances(&evaluation.rows, &space, &LABELS));
    assert!(!text.contains(LABELS.density), "no set has a density: {text}");
    assert!(!text.contains(">c 2, n"), "a set without distances: {text}");
    // Frechet, KID, precision, recall, coverage, energy: four rows each, but three of KID.
    assert_eq!(text.matches("class=\"interval ").count(), 6 * 4 - 1);
    assert_eq!(text.matches("class=\"band\"").count(), 6);
    evaluation.rows.remove(0);
    let text = inline(distances(&evaluation.rows, &space, &LABELS));
    assert!(
        !text.contains("class=\"band\"") && !text.contains("Band:"),
        "{text}"
    );

    let mut chart = sweep(2, "s");
    chart.series[0].points[1].estimate.high = f64::INFINITY;
    chart.series[1].points.clear();
    let text = inline(chart.draw());
    assert_eq!(text.matches("class=\"interval ").count(), 2, "{text}");
    assert!(!text.contains("s 1") && !text.contains("inf"), "{text}");
}

#[test]
fn larger_values_lie_further_along() {
    let evaluation = of(9, "c");
    // The largest gap comes first, so places fall from row to row.
    let gaps = svg::numbers(
        &inline(gap_closed(&evaluation.conditions, &[], &LABELS)),
        "circle",
        "cx",
    );
    assert!(
        gaps.len() == 9 && gaps.windows(2).all(|two| two[0] > two[1]),
        "{gaps:?}"
    );
    let areas = svg::numbers(
        &inline(nuclear_area(&evaluation.conditions, &LABELS)),
        "circle",
        "cx",
    );
    // The first is the legend's.
    assert!(
        areas.len() == 10 && areas[1..].windows(2).all(|two| two[0] < two[1]),
        "{areas:?}"
    );
    let chart = LineChart {
        series: sweep(1, "s").series,
        title: String::new(),
        x_label: String::new(),
        y_label: String::new(),
    };
    let text = inline(chart.draw());
    let (across, down) = (
        svg::numbers(&text, "circle", "cx"),
        svg::numbers(&text, "circle", "cy"),
    );
    assert!(across[1..].windows(2).all(|two| two[0] < two[1]), "{across:?}");
    assert!(down[1..].windows(2).all(|two| two[0] > two[1]), "{down:?}");
    let plane = |mean| BatchPlane {
        space: "morphology".into(),
        explained: [0.4, 0.2],
        clouds: vec![
            Cloud {
                batch: "a".into(),
                kind: CloudKind::Treated,
                cells: 9,
                starts: None,
                mean,
                covariance: [1.0, 0.0, 1.0],
            };
            2
        ],
    };
    assert!(batches(&plane([0.0, f64::NAN]), &LABELS).is_none());
    assert!(batches(&plane([0.0, 1.0]), &LABELS).is_some());
}

#[test]
fn names_stay_text_and_a_file_runs_and_loads_nothing() {
    for (chart, text) in drawn(&of(3, HOSTILE), HOSTILE, Some(&sweep(3, HOSTILE))) {
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{chart}: {error}"));
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let name = node.tag_name().name();
            assert!(
                [
                    "svg", "title", "desc", "style", "g", "text", "line", "polyline", "polygon", "circle",
                    "rect", "ellipse"
                ]
                .contains(&name),
                "{chart}: <{name}>"
            );
            assert!(
                node.attributes()
                    .all(|attribute| !attribute.name().starts_with("on") && attribute.name() != "href"),
                "{chart}: {node:?}"
            );
        }
        assert!(!text.contains("url(") && !text.contains("@import"), "{chart}");
    }
}

#[test]
fn charts_of_drawn_cells_do_not_call_them_real() {
    let mut evaluation = measured();
    evaluation.data.drawn = true;
    evaluation.data.name = "the data".into();
    for row in &mut evaluation.rows {
        // The trainer names the sets.
        row.name = row.name.replace("real", "drawn");
    }
    let said = |evaluation: &Evaluation| -> Vec<String> {
        let drawn = charts(evaluation, &Labels::english(evaluation.data.nature()));
        let source = Source::of("the model", evaluation);
        drawn
            .iter()
            .map(|chart| chart.figure.standalone(&source).to_lowercase())
            .collect()
    };
    let says = |text: &str, word: &str| {
        let mut words = text.split(|letter: char| !letter.is_alphabetic());
        words.any(|found| found == word)
    };
    let drawn = said(&evaluation);
    assert!(drawn.len() > 2, "{}", drawn.len());
    for text in drawn {
        assert!(!says(&text, "real") && says(&text, "drawn"), "{text}");
    }
    evaluation.data.drawn = false;
    for text in said(&evaluation) {
        assert!(text.contains("real cells: "), "{text}");
    }
}

#[test]
fn a_file_has_a_title_and_a_description_says_its_source_and_knows_the_dark() {
    let evaluation = measured();
    for Chart { name, figure } in charts(&evaluation, &LABELS) {
        let text = figure.standalone(&Source::of("the model", &evaluation));
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"), "{name}");
        let child = |tag: &str| {
            let node = root
                .children()
                .find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", tag)));
            node.and_then(|node| node.text()).unwrap_or_default().to_owned()
        };
        assert_eq!(child("title"), figure.title(), "{name}");
        assert!(
            child("style").contains("@media (prefers-color-scheme: dark)"),
            "{name}"
        );
        let texts = Texts::of(&text).unwrap();
        let shown: Vec<&str> = texts.list.iter().map(|text| text.words.as_str()).collect();
        let shown = shown.join(" ");
        let dated = format!("{}, cellflux-train 0.1.0", evaluation.date);
        for said in [
            "Generated cells are made by the model the model, not measured by a microscope.",
            "302 treated and 514 controls of BBBC021v1, validation split",
            &dated,
        ] {
            assert!(shown.contains(said), "{name}: {said} in {shown}");
            assert!(child("desc").contains(said), "{name}: {said}");
        }
        // Clouds have no intervals to explain.
        let intervals = name != "batches";
        assert_eq!(
            shown.contains("by resampling 31 wells"),
            intervals,
            "{name}: {shown}"
        );
    }
}
