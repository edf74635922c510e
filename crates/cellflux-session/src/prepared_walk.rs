//! A walk, prepared: a recipe filled in from a model's bundle, which any engine can compute.

use std::borrow::Cow;

use cellflux_bundle::conditions::ConditionVectors;
use cellflux_bundle::sampling::Sampling;
use cellflux_bundle::{BundleError, Manifest};
use cellflux_flow::field::Tolerance;
use cellflux_flow::guidance::Guidance;
use cellflux_flow::noise::{source_noise, with_source_noise};
use cellflux_flow::solver::{FixedSolver, Solver};

use crate::error::{SessionError, shown};
use crate::recipe::{Direction, Recipe, Start, Treatment};
use crate::start_image;

/// A recipe with everything it names looked up: start image, condition vector, times.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedWalk {
    recipe: Recipe,
    start: Vec<f32>,
    /// The start before source noise, where the two differ.
    clean: Option<Vec<f32>>,
    waypoints: Vec<f64>,
    flow: GuidedFlow,
}

/// What moves the start image: the same flow from the same start gives the same trajectory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GuidedFlow {
    /// The condition vector `[D]`.
    pub condition: Vec<f32>,
    pub guidance: Guidance,
    pub method: Method,
}

/// How the steps between two waypoints are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Method {
    /// In one step.
    Fixed(FixedSolver),
    /// In as many steps as the tolerance needs.
    Adaptive(Tolerance),
}

impl PreparedWalk {
    /// Looks everything up that the recipe names. `example` is the content of the file that
    /// [`start_image::file`] names; it is not needed for an uploaded crop.
    ///
    /// # Errors
    /// As [`Recipe::validate`]; [`SessionError::Image`] for a start image that is not the model's,
    /// [`SessionError::Bundle`] when the example's file was not given, [`SessionError::NoVector`] for a typed
    /// compound.
    pub fn new(
        recipe: Recipe,
        manifest: &Manifest,
        vectors: &ConditionVectors,
        example: Option<&[u8]>,
    ) -> Result<Self, SessionError> {
        recipe.validate(manifest)?;
        let encoded = match &recipe.condition {
            Treatment::Listed(id) => listed_vector(id, manifest, vectors)?,
            Treatment::Typed(smiles) => {
                return Err(SessionError::NoVector {
                    smiles: shown(smiles),
                });
            }
        };
        Self::under(recipe, manifest, encoded, example)
    }

    /// The same for a recipe whose compound was typed. `counts` are its Morgan counts `[D]`, without the
    /// features of a dose, made as the bundle's encoder says.
    ///
    /// Where a condition of the bundle has the same counts, the network cannot tell them apart, and the walk
    /// is that condition's: [`Self::recipe`] names it.
    ///
    /// # Errors
    /// As [`Self::new`]; [`SessionError::Field`] for a recipe without a typed compound, and for numbers that
    /// are no counts of this model.
    pub fn of_typed(
        mut recipe: Recipe,
        manifest: &Manifest,
        vectors: &ConditionVectors,
        counts: &[f32],
        example: Option<&[u8]>,
    ) -> Result<Self, SessionError> {
        recipe.validate(manifest)?;
        if let Treatment::Listed(id) = &recipe.condition {
            return Err(SessionError::field(
                "condition",
                shown(id),
                "a typed compound, as a vector was given for one",
            ));
        }
        check_counts(counts, manifest)?;
        let list = manifest.conditions.list.iter().enumerate();
        let same = list
            .filter(|(position, _)| vectors.row(*position) == Some(counts))
            .map(|(_, condition)| condition.id.clone())
            .next();
        if let Some(id) = same {
            recipe.condition = Treatment::Listed(id);
            // Its own doses may be fewer than those of all compounds.
            recipe.validate(manifest)?;
        }
        Self::under(recipe, manifest, counts.to_vec(), example)
    }

    /// A walk under the encoder's vector `[D]`, to which the dose's features are added.
    fn under(
        recipe: Recipe,
        manifest: &Manifest,
        encoded: Vec<f32>,
        example: Option<&[u8]>,
    ) -> Result<Self, SessionError> {
        let spec = &manifest.image;
        let mut condition = encoded;
        condition.extend(manifest.conditions.dose.features(recipe.dose_um)?);
        let coded = match (&recipe.start, start_image::file(&recipe.start, manifest)?) {
            (Start::Noise, _) => {
                let noise = source_noise(recipe.sampling.seed, spec.len());
                return Self::from_source(recipe, noise, None, condition);
            }
            (Start::Crop(coded), _) => coded.clone(),
            (Start::Example(_), path) => {
                let path = path.unwrap_or_default();
                let bytes = example.ok_or_else(|| BundleError::MissingFile { file: path.into() })?;
                start_image::decode(spec, path, bytes)?
            }
        };
        let start = spec.to_model_range(&coded)?;
        Self::of_parts(recipe, &start, condition)
    }

    /// A walk from a given start image `[C, H, W]` in model range under a given condition vector `[D]`,
    /// in place of those that the recipe names. Noise is added to the start as the recipe says.
    ///
    /// # Errors
    /// [`SessionError::Flow`] for a step count of 0.
    pub fn of_parts(recipe: Recipe, start: &[f32], condition: Vec<f32>) -> Result<Self, SessionError> {
        let Sampling { noise, seed, .. } = recipe.sampling;
        if recipe.direction.starts_at_source() && noise > 0.0 {
            let noised = with_source_noise(start, noise, seed);
            Self::from_source(recipe, noised, Some(start.to_vec()), condition)
        } else {
            Self::from_source(recipe, start.to_vec(), None, condition)
        }
    }

    /// A walk from `start`; `clean` is the image before noise was added to it.
    fn from_source(
        recipe: Recipe,
        start: Vec<f32>,
        clean: Option<Vec<f32>>,
        condition: Vec<f32>,
    ) -> Result<Self, SessionError> {
        let sampling = &recipe.sampling;
        let method = match sampling.solver {
            Solver::Fixed(solver) => Method::Fixed(solver),
            Solver::Dopri5 => Method::Adaptive(Tolerance {
                rtol: sampling.rtol,
                atol: sampling.atol,
            }),
        };
        let flow = GuidedFlow {
            condition,
            guidance: Guidance {
                alpha: sampling.alpha,
            },
            method,
        };
        let waypoints = waypoints(&recipe)?;
        Ok(Self {
            recipe,
            start,
            clean,
            waypoints,
            flow,
        })
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The start image `[C, H, W]` in model range, source noise included.
    pub fn start(&self) -> &[f32] {
        &self.start
    }

    /// The start image `[C, H, W]` in model range before source noise was added: the control itself.
    pub fn clean_start(&self) -> &[f32] {
        self.clean.as_deref().unwrap_or(&self.start)
    }

    /// What a picture of the change at time `t` is taken from: the control, with the share of its source
    /// noise that the straight path from the noised start still holds there, `1 - t` (paper, section 3.1). So
    /// the change is nothing at the start, and at the end it is the effect without the noise. There and back
    /// it is the very start again, and the last frame's change is the solver's error.
    pub fn reference_at(&self, t: f64) -> Cow<'_, [f32]> {
        let Some(clean) = &self.clean else {
            return Cow::Borrowed(&self.start);
        };
        let left = 1.0 - t.clamp(0.0, 1.0);
        let reference = clean.iter().zip(&self.start).map(|(&clean, &noised)| {
            let (clean, noised) = (f64::from(clean), f64::from(noised));
            (clean + left * (noised - clean)) as f32
        });
        Cow::Owned(reference.collect())
    }

    /// How much a frame at time `t` changed: the root mean square of its difference from
    /// [`Self::reference_at`], in the unit of the model range. 0 for a frame of another size.
    pub fn change_at(&self, t: f64, frame: &[f32]) -> f64 {
        let reference = self.reference_at(t);
        if frame.is_empty() || frame.len() != reference.len() {
            return 0.0;
        }
        let square = |(now, before): (&f32, &f32)| (f64::from(*now) - f64::from(*before)).powi(2);
        let sum: f64 = frame.iter().zip(reference.iter()).map(square).sum();
        (sum / frame.len() as f64).sqrt()
    }

    /// Whether noise was added to the start image.
    pub fn is_noised(&self) -> bool {
        self.clean.is_some()
    }

    /// Times that the walk is certain to reach: every time of the grid for a fixed-step solver, the ends of
    /// the flow for the adaptive one, which chooses the times between. The first is the start's time.
    pub fn waypoints(&self) -> &[f64] {
        &self.waypoints
    }

    pub(crate) fn flow(&self) -> &GuidedFlow {
        &self.flow
    }
}

fn waypoints(recipe: &Recipe) -> Result<Vec<f64>, SessionError> {
    let sampling = &recipe.sampling;
    let there = match sampling.solver {
        Solver::Fixed(_) => sampling.grid.grid(sampling.steps)?.times().to_vec(),
        Solver::Dopri5 => vec![0.0, 1.0],
    };
    let back = there.iter().rev().copied();
    Ok(match recipe.direction {
        Direction::Forward => there,
        Direction::Reverse => back.collect(),
        Direction::Return => there.iter().copied().chain(back.skip(1)).collect(),
    })
}

fn listed_vector(
    id: &str,
    manifest: &Manifest,
    vectors: &ConditionVectors,
) -> Result<Vec<f32>, SessionError> {
    let position = manifest.conditions.position(id);
    let row = position.and_then(|position| vectors.row(position));
    row.map(<[f32]>::to_vec).ok_or_else(|| {
        SessionError::field(
            "condition",
            shown(id),
            "the id of a condition that this model has a vector for",
        )
    })
}

/// A network extrapolates from any numbers; only counts of the right length mean a compound.
fn check_counts(counts: &[f32], manifest: &Manifest) -> Result<(), SessionError> {
    let width = manifest
        .conditions
        .stored_width(manifest.model.config.condition_dim);
    if counts.len() != width {
        return Err(SessionError::field(
            "length of the typed compound's vector",
            counts.len(),
            format!("{width}, as this model's"),
        ));
    }
    let is_count = |number: &f32| number.is_finite() && *number >= 0.0 && number.fract() == 0.0;
    match counts.iter().find(|number| !is_count(number)) {
        None => Ok(()),
        Some(number) => Err(SessionError::field(
            "the typed compound's vector",
            format!("not of counts but has {number}"),
            "whole numbers from 0",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_model::{manifest, manifest_of_counts, manifest_with_dose, recipe, vectors};
    use cellflux_bundle::sampling::FlowSource;
    use cellflux_image::coded_png;

    fn control_png() -> Vec<u8> {
        let coded: Vec<u8> = (0..32).map(|i| i * 8).collect();
        coded_png::write(&manifest().image, &coded).unwrap()
    }

    #[test]
    fn a_recipe_finds_its_image_noise_and_vector() {
        let manifest = manifest();
        let walk = PreparedWalk::new(recipe(), &manifest, &vectors(), Some(&control_png())).unwrap();
        let coded: Vec<u8> = (0..32).map(|i| i * 8).collect();
        let plain = manifest.image.to_model_range(&coded).unwrap();
        assert_eq!(walk.start(), with_source_noise(&plain, 0.5, 7));
        assert_eq!(walk.flow().condition, [0.0, 2.0, 1.0]);
        assert_eq!(walk.waypoints(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn a_crop_is_the_same_start_as_an_example_of_the_same_bytes() {
        let manifest = manifest();
        let example = PreparedWalk::new(recipe(), &manifest, &vectors(), Some(&control_png())).unwrap();
        let mut uploaded = recipe();
        uploaded.start = Start::Crop((0..32).map(|i| i * 8).collect());
        let uploaded = PreparedWalk::new(uploaded, &manifest, &vectors(), None).unwrap();
        assert_eq!(uploaded.start(), example.start());
    }

    #[test]
    fn an_example_whose_file_did_not_come_is_named() {
        let error = PreparedWalk::new(recipe(), &manifest(), &vectors(), None).unwrap_err();
        assert!(error.to_string().contains("samples/control-1.png"), "{error}");
    }

    #[test]
    fn a_change_is_taken_from_the_start_with_the_noise_that_its_path_still_holds() {
        let mut recipe = recipe();
        recipe.sampling.noise = 0.5;
        let control = [0.25; 32];
        for direction in [Direction::Forward, Direction::Return] {
            recipe.direction = direction;
            let walk = PreparedWalk::of_parts(recipe.clone(), &control, vec![1.0]).unwrap();
            assert!(walk.is_noised() && walk.start() != control);
            assert_eq!(*walk.reference_at(0.0), *walk.start());
            assert_eq!(*walk.reference_at(1.0), control);
            let half: Vec<f32> = walk
                .start()
                .iter()
                .map(|noised| f32::midpoint(*noised, 0.25))
                .collect();
            for (found, expected) in walk.reference_at(0.5).iter().zip(half) {
                // One rounding to f32 each.
                assert!((found - expected).abs() < 1e-6);
            }
            // Nothing has changed at the start; at the end, what differs from the control without its noise.
            assert!(walk.change_at(0.0, walk.start()).abs() < 1e-12);
            assert!((walk.change_at(1.0, &[0.75; 32]) - 0.5).abs() < 1e-12);
            assert!(walk.change_at(1.0, &[0.75; 3]).abs() < 1e-12);
        }
        recipe.direction = Direction::Reverse;
        let reverse = PreparedWalk::of_parts(recipe, &control, vec![1.0]).unwrap();
        assert!(!reverse.is_noised());
        assert_eq!(*reverse.reference_at(0.3), control);
    }

    #[test]
    fn a_flow_from_noise_starts_from_its_seed_s_standard_normal_numbers() {
        let mut manifest = manifest();
        manifest.source = FlowSource::Noise;
        let mut recipe = Recipe::first(&manifest).unwrap();
        recipe.sampling.seed = 3;
        recipe.sampling.noise = 0.5;
        let walk = PreparedWalk::new(recipe, &manifest, &vectors(), None).unwrap();
        assert_eq!(walk.start(), source_noise(3, manifest.image.len()));
        assert_eq!(walk.clean_start(), walk.start());
    }

    #[test]
    fn in_reverse_the_times_fall_and_no_noise_is_added() {
        let mut recipe = recipe();
        recipe.direction = Direction::Reverse;
        let reverse = PreparedWalk::of_parts(recipe.clone(), &[0.5; 32], vec![1.0]).unwrap();
        assert_eq!(reverse.waypoints(), [1.0, 0.75, 0.5, 0.25, 0.0]);
        assert_eq!(reverse.start(), [0.5; 32]);
        recipe.direction = Direction::Return;
        recipe.sampling.steps = 2;
        let there_and_back = PreparedWalk::of_parts(recipe.clone(), &[0.5; 32], vec![1.0]).unwrap();
        assert_eq!(there_and_back.waypoints(), [0.0, 0.5, 1.0, 0.5, 0.0]);
        recipe.sampling.solver = Solver::Dopri5;
        let adaptive = PreparedWalk::of_parts(recipe, &[0.5; 32], vec![1.0]).unwrap();
        assert_eq!(adaptive.waypoints(), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn a_typed_compound_is_walked_under_the_vector_that_is_given_for_it() {
        let (manifest, vectors, png) = (manifest_of_counts(), vectors(), control_png());
        let mut typed = recipe();
        typed.condition = Treatment::Typed("CCO".into());
        let walk = |recipe: &Recipe, counts: &[f32]| {
            PreparedWalk::of_typed(recipe.clone(), &manifest, &vectors, counts, Some(&png))
        };
        let other = walk(&typed, &[1.0, 0.0, 4.0]).unwrap();
        assert_eq!(other.flow().condition, [1.0, 0.0, 4.0]);
        assert_eq!(*other.recipe(), typed);
        // The network cannot tell it from taxol: no picture may say that it has never seen it.
        let same = walk(&typed, &[0.0, 2.0, 1.0]).unwrap();
        let listed = PreparedWalk::new(recipe(), &manifest, &vectors, Some(&png)).unwrap();
        assert_eq!(same, listed);

        let missing = PreparedWalk::new(typed.clone(), &manifest, &vectors, Some(&png)).unwrap_err();
        assert!(
            matches!(&missing, SessionError::NoVector { smiles } if smiles == "\"CCO\""),
            "{missing}"
        );
        for (counts, expected) in [
            (&[1.0, 2.0][..], "is 2, expected 3"),
            (&[1.0, 0.5, 0.0], "has 0.5, expected whole numbers from 0"),
            (&[1.0, f32::NAN, 0.0], "has NaN"),
            (&[f32::INFINITY, 0.0, 0.0], "has inf"),
            (&[-1.0, 0.0, 0.0], "has -1"),
        ] {
            let message = walk(&typed, counts).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let message = walk(&recipe(), &[1.0; 3]).unwrap_err().to_string();
        assert!(message.contains("expected a typed compound"), "{message}");
    }

    #[test]
    fn a_dose_is_the_vector_s_last_number() {
        let manifest = manifest_with_dose();
        let mut recipe = Recipe::first(&manifest).unwrap();
        recipe.dose_um = Some(std::f64::consts::E - 1.0);
        let walk = PreparedWalk::new(recipe, &manifest, &vectors(), Some(&control_png())).unwrap();
        assert_eq!(walk.flow().condition, [0.0, 2.0, 1.0, 1.0]);
    }
}
