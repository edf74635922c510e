//! What is said of an evaluation: beside each condition, in a model card, and of cells that were drawn.

use cellflux_bundle::evaluation::{Finding, MeasuredSplit, NO_BETTER, Resampled, RowKind, Verdict};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{Estimate, Evaluation};

use crate::model::{draft, evaluation, gap};

/// The findings of the test's evaluation after an edit.
fn findings(edit: impl FnOnce(&mut Evaluation)) -> Vec<Finding> {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let mut evaluation = evaluation(&packed);
    edit(&mut evaluation);
    evaluation.findings(&packed.manifest.conditions)
}

#[test]
fn a_finding_says_the_share_its_interval_how_many_cells_and_that_they_were_not_trained_on() {
    let all = findings(|_| {});
    assert_eq!(all[0].condition, "taxol");
    assert_eq!(all[0].dose_um, Some(3.0));
    assert_eq!(
        all[0].sentence,
        "makes 62 % (48 to 71) of the measured change; 178 real cells, never trained on"
    );
    assert_eq!(all[0].warning, None);
    assert_eq!(
        all[1].sentence,
        "not measured: 7 real cells, at least 20 are needed"
    );
    assert_eq!(all.len(), 2, "nothing is said of a control");

    let unseen = findings(|evaluation| evaluation.conditions[0].seen = false);
    assert!(
        unseen[0]
            .sentence
            .ends_with("178 real cells of a compound that training never saw")
    );
    let chose = findings(|evaluation| evaluation.data.split = MeasuredSplit::Validation);
    assert!(
        chose[0]
            .sentence
            .ends_with("not used to train, but to choose the checkpoint or the sampling")
    );
    let of_wells = |groups| {
        let found = findings(|evaluation| evaluation.conditions[0].groups = Some(groups));
        found[0].sentence.clone()
    };
    assert!(of_wells(12).ends_with("178 real cells of 12 wells, never trained on"));
    let two = of_wells(2);
    let said = "178 real cells of 2 wells (too few for a reliable interval), never trained on";
    assert!(two.ends_with(said), "{two}");
    let few = findings(|evaluation| {
        evaluation.conditions[0].gap_closed = None;
        evaluation.conditions[0].starts = Some(8);
    });
    assert_eq!(
        few[0].sentence,
        "not measured: 178 real cells, but the generated cells start from only 8 different controls; at \
         least 20 are needed"
    );
    let more = findings(|evaluation| evaluation.conditions[0].gap_closed = Some(gap(1.11, 0.72, 1.37)));
    assert!(
        more[0]
            .sentence
            .starts_with("makes all of the measured change, within noise: 111 % (72 to 137); 178"),
        "{}",
        more[0].sentence
    );
    let none = findings(|evaluation| evaluation.conditions.clear());
    let said: Vec<_> = none
        .iter()
        .map(|finding| (finding.condition.as_str(), finding.sentence.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            ("taxol", "no real cells measured"),
            ("simvastatin", "no real cells measured")
        ]
    );
}

/// A change to an evaluation, and what is then said.
type Case = (fn(&mut Evaluation), &'static str);

#[test]
fn that_there_is_no_change_to_make_is_said_only_where_that_was_measured() {
    let without_gap = |edit: fn(&mut Evaluation)| {
        let found = findings(|evaluation| {
            evaluation.conditions[0].gap_closed = None;
            evaluation.conditions[0].side_change = Some(gap(0.1, 0.0, 0.2));
            edit(evaluation);
        });
        assert!(!found[0].measured && found[0].warning.is_none());
        found[0].sentence.clone()
    };
    let cases: [Case; 7] = [
        (
            |_| {},
            "no change to make: 178 real cells do not differ measurably from controls",
        ),
        (
            |evaluation| {
                evaluation.data.least_cells = 1;
                evaluation.conditions[0].treated = 1;
            },
            "no change to make: 1 real cell does not differ measurably from controls",
        ),
        (
            |evaluation| evaluation.conditions[0].controls = 0,
            "not measured: 178 real cells, but 0 real controls in the same batches; at least 2 are needed",
        ),
        (
            |evaluation| evaluation.conditions[0].controls = 1,
            "not measured: 178 real cells, but 1 real control in the same batches; at least 2 are needed",
        ),
        (
            |evaluation| evaluation.conditions[0].groups = Some(1),
            "not measured: 178 real cells of only one well; at least 2 wells are needed",
        ),
        (
            |evaluation| evaluation.conditions[0].treated = 19,
            "not measured: 19 real cells, at least 20 are needed",
        ),
        // Nothing was taken of what real cells leave unchanged: it is not known that they do.
        (
            |evaluation| evaluation.conditions[0].side_change = None,
            "not measured: 178 real cells; either there is no measurable difference from controls, or too \
             few cells or wells have what is measured, such as a nucleus",
        ),
    ];
    for (edit, expected) in cases {
        assert_eq!(without_gap(edit), expected);
    }
}

#[test]
fn an_interval_that_reaches_zero_is_a_warning() {
    for (gap, verdict, warning) in [
        (Some(gap(0.1, 0.01, 0.2)), Verdict::BetterThanCopy, None),
        (Some(gap(0.1, 0.0, 0.2)), Verdict::NotShown, Some(NO_BETTER)),
        (Some(gap(0.1, -0.1, 0.2)), Verdict::NotShown, Some(NO_BETTER)),
        (
            Some(gap(-0.3, -0.4, -0.2)),
            Verdict::WorseThanCopy,
            Some(NO_BETTER),
        ),
        (None, Verdict::Unmeasured, None),
    ] {
        let found = findings(|evaluation| {
            evaluation.conditions[0].gap_closed = gap;
            assert_eq!(evaluation.conditions[0].verdict(), verdict);
        });
        assert_eq!(found[0].warning, warning, "{gap:?}");
    }
    let worse = findings(|evaluation| evaluation.conditions[0].gap_closed = Some(gap(-0.3, -0.4, -0.002)));
    assert!(
        worse[0].sentence.starts_with("makes −30 % (−40 to 0) of"),
        "{}",
        worse[0].sentence
    );
}

#[test]
fn a_model_card_says_whether_controls_stay_under_the_untreated_condition() {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let card = |moved: Option<Estimate>| {
        let mut evaluation = evaluation(&packed);
        let mut rows = evaluation.rows.iter_mut();
        let row = rows.find(|row| row.kind == RowKind::Untreated).unwrap();
        row.side_change = moved;
        let remarks = evaluation.remarks(&packed.manifest.conditions);
        let said: Vec<String> = remarks.iter().map(ToString::to_string).collect();
        said.join("\n")
    };
    let moved = card(Some(gap(0.2, 0.1, 0.3)));
    assert!(
        moved.contains(
            "\ncells walked under the untreated condition are 0.200 (0.100 to 0.300) standard deviations of \
             the controls away from real controls; 0 is right\n"
        ),
        "{moved}"
    );
    let stay = card(Some(gap(0.0, -0.1, 0.1)));
    assert!(
        stay.contains("are as real controls, within noise: 0.0000 (−0.100 to 0.100) standard deviations"),
        "{stay}"
    );
    assert!(!card(None).contains("untreated condition"));
}

#[test]
fn a_model_card_names_the_data_the_whole_each_condition_and_those_without_figures() {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let mut evaluation = evaluation(&packed);
    let card = |evaluation: &Evaluation| -> Vec<String> {
        let remarks = evaluation.remarks(&packed.manifest.conditions);
        remarks.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        card(&evaluation),
        [
            "drawn cells: 185 real treated cells and 90 controls of the test split, on which nothing was \
             trained or chosen; intervals of 95 %, from 1000 resamplings of 12 wells",
            "generated cells make 58 % (50 to 66) of the measured change, as a mean over 1 of 2 conditions \
             with real cells (n = 178); with the compounds exchanged between cells they make 31 % (25 to 36)",
            "a classifier that was trained on real cells names the mode of action with a balanced accuracy \
             of 62 % (50 to 70) for generated cells (n = 185) and of 83 % (70 to 90) for real ones (n = 185)",
            "walks from one control under different compounds end 42 % (35 to 50) as far apart as real cells \
             of these compounds are (n = 24 controls, 1 pair of compounds)",
            "TAXOL at 3 µM: makes 62 % (48 to 71) of the measured change; 178 real cells, never trained on",
            "SIMVASTATIN (n = 7): not measured, fewer than 20 real cells",
        ]
    );
    // What speaks against a network is said as what speaks for it is.
    let measured = evaluation.clone();
    evaluation.conditions[0].side_change = Some(gap(0.8, 0.6, 1.0));
    if let Some(nuclei) = &mut evaluation.conditions[0].nuclei {
        nuclei.generated = gap(600.0, 580.0, 610.0);
    }
    let kid = evaluation.rows[2].distances[1].kid;
    let nearer = cellflux_bundle::evaluation::Distances {
        kid: Some(gap(0.004, 0.003, 0.0045)),
        ..evaluation.rows[2].distances[1].clone()
    };
    assert!(kid.unwrap().low > 0.0045);
    evaluation.rows[1].distances.push(nearer);
    evaluation.data.wells = Some(12);
    evaluation.data.wells_in_training = Some(9);
    let said = card(&evaluation).join("\n");
    for part in [
        "; 9 of their 12 wells also hold cells that the network was trained on; intervals",
        "in the feature space morphology, generated cells are farther from real treated cells than copies of \
         the controls are: kernel distance 0.0100 (0.0050 to 0.0200) for generated cells (n = 185), 0.0040 \
         (0.0030 to 0.0045) for copies (n = 185)\n",
        "; generated cells also change what the compound leaves unchanged in real cells: by 0.800 (0.600 to \
         1.00) standard deviations of the controls, where 0 is right; generated nuclei have a mean area of \
         600 (580 to 610) px, real ones of 520 (500 to 540) px",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    evaluation = measured;
    evaluation.conditions[0].gap_closed = Some(gap(0.05, -0.1, 0.2));
    evaluation.data.resampled_by = Resampled::Cell;
    evaluation.conditions.remove(1);
    let said = card(&evaluation).join("\n");
    for part in [
        "TAXOL at 3 µM: measured: no better than a copy of the control; makes 5 % (−10 to 20)",
        "resamplings of single cells, which makes them too narrow",
        "SIMVASTATIN: not measured, no real cells",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn one_sentence_lists_every_condition_without_figures_by_reason_with_its_cells() {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let conditions = &packed.manifest.conditions;
    let mut evaluation = evaluation(&packed);
    let mut few = evaluation.conditions[1].clone();
    few.dose_um = Some(1.0);
    few.treated = 3;
    evaluation.conditions.push(few);
    let taxol = &mut evaluation.conditions[0];
    taxol.gap_closed = None;
    taxol.starts = Some(8);
    let said = evaluation.remark_without_figures(conditions).unwrap().to_string();
    assert_eq!(
        said,
        "SIMVASTATIN (n = 7), SIMVASTATIN at 1 µM (n = 3): not measured, fewer than 20 real cells; TAXOL at \
         3 µM (n = 178): not measured, generated cells start from fewer than 20 different controls"
    );
    let whole: Vec<String> = evaluation
        .remarks(conditions)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        whole.iter().filter(|said| said.contains("not measured")).count(),
        1
    );
    assert_eq!(whole.last(), Some(&said));
    evaluation.conditions.clear();
    let absent = evaluation.remark_without_figures(conditions).unwrap().to_string();
    assert!(absent.ends_with(": not measured, no real cells"), "{absent}");
}

/// Whether a sentence calls something real.
fn says_real(sentence: &str) -> bool {
    let mut words = sentence.split(|letter: char| !letter.is_alphabetic());
    words.any(|word| word.eq_ignore_ascii_case("real"))
}

/// Everything that can be said of an evaluation, over all splits, and of a condition, for each reason why it
/// has no figures.
fn everything_said(drawn: bool) -> Vec<String> {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let conditions = &packed.manifest.conditions;
    let mut whole = evaluation(&packed);
    whole.data.drawn = drawn;
    whole.data.wells = Some(12);
    whole.data.wells_in_training = Some(9);
    let of_space = whole.rows[2].distances[1].clone();
    whole.rows[1].distances.push(of_space);
    let taxol = &mut whole.conditions[0];
    taxol.side_change = Some(gap(0.8, 0.6, 1.0));
    taxol.nuclei.as_mut().unwrap().generated = gap(600.0, 580.0, 610.0);
    let no_gap = |edit: fn(&mut Evaluation)| {
        let mut changed = whole.clone();
        changed.conditions[0].gap_closed = None;
        edit(&mut changed);
        changed
    };
    let mut all = vec![
        no_gap(|_| {}),
        no_gap(|evaluation| evaluation.conditions[0].treated = 19),
        no_gap(|evaluation| evaluation.conditions[0].starts = Some(8)),
        no_gap(|evaluation| evaluation.conditions[0].groups = Some(1)),
        no_gap(|evaluation| evaluation.conditions[0].controls = 1),
        no_gap(|evaluation| evaluation.conditions[0].side_change = None),
        no_gap(|evaluation| evaluation.conditions.clear()),
    ];
    for split in [
        MeasuredSplit::Validation,
        MeasuredSplit::Test,
        MeasuredSplit::HeldOut,
    ] {
        for moved in [gap(0.0, -0.1, 0.1), gap(0.2, 0.1, 0.3)] {
            let mut changed = whole.clone();
            changed.data.split = split;
            let mut rows = changed.rows.iter_mut();
            rows.find(|row| row.kind == RowKind::Untreated)
                .unwrap()
                .side_change = Some(moved);
            all.push(changed);
        }
    }
    let said = all.iter().flat_map(|evaluation| {
        let findings = evaluation.findings(conditions).into_iter();
        let remarks = evaluation.remarks(conditions).into_iter();
        findings
            .map(|finding| finding.sentence)
            .chain(remarks.map(|remark| remark.to_string()))
            .collect::<Vec<_>>()
    });
    said.collect()
}

#[test]
fn of_drawn_cells_no_sentence_says_that_they_are_real_and_of_real_ones_each_is_the_same_but_for_the_word() {
    let (real, drawn) = (everything_said(false), everything_said(true));
    assert_eq!(real.len(), drawn.len());
    for (real, drawn) in real.iter().zip(&drawn) {
        assert!(!says_real(drawn), "{drawn}");
        // The data are called "drawn cells" whatever they are.
        let word = |sentence: &str| sentence.replace("drawn", "real");
        assert_eq!(word(real), word(drawn));
    }
    let calls_real = real.iter().filter(|sentence| says_real(sentence)).count();
    assert!(calls_real > 40, "{calls_real} of {}", real.len());
    for said in [
        "185 drawn treated cells and 90 controls of the test split",
        "178 drawn cells, never trained on",
        "but 1 drawn control in the same batches",
        "no drawn cells measured",
    ] {
        assert!(drawn.iter().any(|sentence| sentence.contains(said)), "{said}");
    }
}
