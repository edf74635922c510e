//! Everything that an evaluation compares: real cells and the sets beside them, measured.

use cellflux_bundle::evaluation::RowKind;
use cellflux_bundle::sampling::FlowSource;
use cellflux_measure::sets::groups::choose_unit;

use super::EvaluateError;
use super::cells::starts;
use super::generate::file_names;
use super::measured::{Measured, Ruler, Scale};
use super::question::Question;
use super::real::{CONTROLS, Real, TREATED, origins};
use super::spaces::NamedImages;

/// A set beside real cells, measured.
pub(super) struct Set {
    pub(super) kind: RowKind,
    pub(super) name: String,
    pub(super) starts: Option<usize>,
    pub(super) paths: Vec<String>,
    pub(super) images: Vec<u8>,
    pub(super) measured: Measured,
}

/// Everything that is compared.
pub(super) struct Gathered {
    pub(super) ruler: Ruler,
    pub(super) scale: Scale,
    pub(super) treated: Real,
    pub(super) controls: Real,
    /// Row for row beside the treated cells: controls copied, generated, others.
    pub(super) beside_treated: Vec<Set>,
    /// Row for row beside the controls.
    pub(super) beside_controls: Vec<Set>,
}

impl Gathered {
    pub(super) fn of(question: &Question<'_>) -> Result<Self, EvaluateError> {
        let ruler = Ruler::new(&question.bundle.manifest.image)?;
        let cells = question.cells;
        let treated = cells.treated();
        let copies: Vec<u32> = cells.partners.iter().map(|partner| partner.control).collect();
        let unit = choose_unit(&[
            &origins(question.experiment, &treated),
            &origins(question.experiment, &cells.controls),
        ]);
        let source = (question.experiment, question.cache);
        let copied = Real::new(source, &ruler, unit, &copies)?;
        let mut beside_treated = vec![Set {
            kind: RowKind::Copied,
            name: "controls copied".to_owned(),
            starts: starts(FlowSource::Control, &cells.partners),
            paths: copied.paths,
            images: copied.images,
            measured: copied.measured,
        }];
        let mut beside_controls = Vec::new();
        for set in question.sets {
            let measured = ruler.measure(&set.images)?;
            let set = Set {
                kind: set.kind,
                name: set.name.clone(),
                starts: set.starts,
                paths: file_names(&set.folder, measured.len()).collect(),
                images: set.images.clone(),
                measured,
            };
            if set.kind == RowKind::Untreated {
                beside_controls.push(set);
            } else {
                beside_treated.push(set);
            }
        }
        let controls = Real::new(source, &ruler, unit, &cells.controls)?;
        Ok(Self {
            treated: Real::new(source, &ruler, unit, &treated)?,
            scale: Scale::of(&controls.measured),
            ruler,
            controls,
            beside_treated,
            beside_controls,
        })
    }

    /// Every set: treated cells and those beside them, then controls and those beside them.
    pub(super) fn named(&self) -> Vec<NamedImages<'_>> {
        fn real(real: &Real) -> NamedImages<'_> {
            NamedImages {
                images: &real.images,
                paths: &real.paths,
                measured: &real.measured,
            }
        }
        fn made(set: &Set) -> NamedImages<'_> {
            NamedImages {
                images: &set.images,
                paths: &set.paths,
                measured: &set.measured,
            }
        }
        std::iter::once(real(&self.treated))
            .chain(self.beside_treated.iter().map(made))
            .chain(std::iter::once(real(&self.controls)))
            .chain(self.beside_controls.iter().map(made))
            .collect()
    }

    pub(super) fn into_measured(self) -> (Ruler, Vec<(String, Vec<String>, Measured)>) {
        let real = |name: &str, real: Real| (name.to_owned(), real.paths, real.measured);
        let made = |set: Set| (set.name, set.paths, set.measured);
        let measured = std::iter::once(real(TREATED, self.treated))
            .chain(self.beside_treated.into_iter().map(made))
            .chain(std::iter::once(real(CONTROLS, self.controls)))
            .chain(self.beside_controls.into_iter().map(made));
        (self.ruler, measured.collect())
    }
}
