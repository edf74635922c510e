//! A recipe as the hash of a page's address, and back: `v=1&model=...&c=cycloheximide&a=1.2&...`.
//!
//! Every field that decides the trajectory is written, so that a link stays exact when a bundle's
//! recommendations change. Reading takes the bundle's recommendation for a field that is not there, so that a
//! short link can be written by hand. An uploaded crop is written as a lossless PNG in base64url.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cellflux_bundle::Manifest;
use cellflux_bundle::conditions::Condition;
use cellflux_image::{ImageSpec, coded_png};

use crate::error::{SessionError, shown};
use crate::recipe::{Direction, Recipe, Start, first_condition, number};

/// The version written, and the only one read.
const VERSION: &str = "1";

/// Longest link that is read, in bytes; browsers give up on addresses beyond 2 MiB.
pub const MAX_BYTES: usize = 2 << 20;

/// Every key, in the order of writing.
const KEYS: [&str; 17] = [
    "v", "model", "start", "c", "dose", "a", "solver", "grid", "steps", "rtol", "atol", "noise", "seed",
    "way", "at", "hide", "crop",
];

/// Writes a recipe for a model with images of `spec`, without the leading `#`.
///
/// # Errors
/// [`SessionError::Image`] when an uploaded crop is not of the model's shape.
pub fn write(recipe: &Recipe, spec: &ImageSpec) -> Result<String, SessionError> {
    let sampling = &recipe.sampling;
    let mut link = format!("v={VERSION}");
    let mut put = |key: &str, value: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = write!(link, "&{key}={value}");
    };
    put("model", &recipe.model);
    if let Start::Example(id) = &recipe.start {
        put("start", id);
    }
    // The seed alone determines the noise.
    put("c", &recipe.condition);
    if let Some(dose_um) = recipe.dose_um {
        put("dose", &number(&dose_um));
    }
    put("a", &number(&sampling.alpha));
    put("solver", &sampling.solver);
    put("grid", &sampling.grid);
    put("steps", &sampling.steps);
    put("rtol", &number(&sampling.rtol));
    put("atol", &number(&sampling.atol));
    put("noise", &number(&sampling.noise));
    put("seed", &sampling.seed);
    put("way", &recipe.direction.name());
    if let Some(step) = recipe.view.step {
        put("at", &step);
    }
    if !recipe.view.hidden.is_empty() {
        let hidden: Vec<String> = recipe.view.hidden.iter().map(usize::to_string).collect();
        put("hide", &hidden.join(","));
    }
    if let Start::Crop(coded) = &recipe.start {
        // Last, since it is long and a reader wants to see the rest.
        put("crop", &URL_SAFE_NO_PAD.encode(coded_png::write(spec, coded)?));
    }
    Ok(link)
}

/// Reads a link: a hash with or without its `#`, or a whole address with one. The recipe is valid for this
/// model.
///
/// # Errors
/// [`SessionError::Link`] for what is not a link, [`SessionError::Image`] for a crop that is not a PNG of the
/// model's shape, [`SessionError::Field`] for what does not fit the model.
pub fn read(text: &str, manifest: &Manifest) -> Result<Recipe, SessionError> {
    let fields = Fields::split(text)?;
    if let Some(found) = fields.text("v").filter(|found| *found != VERSION) {
        return Err(SessionError::link(format!(
            "its version is {}, expected {VERSION}; a newer page may read it",
            shown(found)
        )));
    }
    let condition = match fields.text("c") {
        None => first_condition(manifest),
        Some(id) => manifest.conditions.get(id),
    };
    let condition = condition.ok_or_else(|| {
        SessionError::field(
            "condition",
            shown(fields.text("c").unwrap_or_default()),
            "the id of a condition of this model",
        )
    })?;
    let start = start(&fields, manifest, condition)?;
    let mut recipe = Recipe::new(manifest, start, condition);
    fields.set("model", &mut recipe.model, "an id")?;
    if let Some(dose_um) = fields.parsed("dose", "a number")? {
        recipe.dose_um = Some(dose_um);
    }
    let sampling = &mut recipe.sampling;
    fields.set("a", &mut sampling.alpha, "a number")?;
    fields.set(
        "solver",
        &mut sampling.solver,
        "euler, midpoint, heun2, rk4 or dopri5",
    )?;
    fields.set("grid", &mut sampling.grid, "uniform, edm or cosine")?;
    fields.set("steps", &mut sampling.steps, "a whole number")?;
    fields.set("rtol", &mut sampling.rtol, "a number")?;
    fields.set("atol", &mut sampling.atol, "a number")?;
    fields.set("noise", &mut sampling.noise, "a number")?;
    fields.set("seed", &mut sampling.seed, "a whole number below 2^32")?;
    fields.set("way", &mut recipe.direction, "forward, reverse or return")?;
    recipe.view.step = fields.parsed("at", "a whole number")?;
    if let Some(list) = fields.text("hide") {
        let numbers = list.split(',').map(usize::from_str).collect::<Result<_, _>>();
        recipe.view.hidden = numbers.map_err(|_| wrong("hide", list, "whole numbers joined by commas"))?;
    }
    recipe.validate(manifest)?;
    Ok(recipe)
}

fn start(fields: &Fields, manifest: &Manifest, condition: &Condition) -> Result<Start, SessionError> {
    match (fields.text("start"), fields.text("crop")) {
        (Some(_), Some(_)) => Err(SessionError::link(
            "it has both start and crop, expected one of them",
        )),
        (Some(id), None) => Ok(Start::Example(id.to_owned())),
        (None, Some(text)) => {
            let png = URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|error| SessionError::link(format!("its crop is not base64url: {error}")))?;
            Ok(Start::Crop(coded_png::read(
                &manifest.image,
                "the link's crop",
                &png,
            )?))
        }
        (None, None) => Start::first(manifest, condition).ok_or_else(|| {
            SessionError::link("it has neither start nor crop, and this model has no sample control")
        }),
    }
}

/// A link's keys and values.
struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    fn split(text: &'a str) -> Result<Self, SessionError> {
        if text.len() > MAX_BYTES {
            return Err(SessionError::link(format!(
                "it has {} bytes, expected at most {MAX_BYTES}",
                text.len()
            )));
        }
        let hash = text.split_once('#').map_or(text, |(_, hash)| hash);
        let mut fields = BTreeMap::new();
        for part in hash.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| SessionError::link(format!("{} is not key=value", shown(part))))?;
            if !KEYS.contains(&key) {
                return Err(SessionError::link(format!(
                    "{} is not a key of a link, expected one of {}",
                    shown(key),
                    KEYS.join(", ")
                )));
            }
            if fields.insert(key, value).is_some() {
                return Err(SessionError::link(format!(
                    "{key} is there twice, expected it once"
                )));
            }
        }
        Ok(Self(fields))
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied()
    }

    fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, SessionError> {
        self.text(key)
            .map(|text| text.parse().map_err(|_| wrong(key, text, expected)))
            .transpose()
    }

    /// Overwrites `value` if the link has the key.
    fn set<T: FromStr>(&self, key: &str, value: &mut T, expected: &str) -> Result<(), SessionError> {
        if let Some(parsed) = self.parsed(key, expected)? {
            *value = parsed;
        }
        Ok(())
    }
}

fn wrong(key: &str, found: &str, expected: &str) -> SessionError {
    SessionError::link(format!("{key} is {}, expected {expected}", shown(found)))
}

impl FromStr for Direction {
    type Err = SessionError;

    fn from_str(name: &str) -> Result<Self, SessionError> {
        Self::ALL
            .into_iter()
            .find(|direction| direction.name() == name)
            .ok_or_else(|| SessionError::field("direction", shown(name), "forward, reverse or return"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{ALPHA, NOISE, STEPS, TOLERANCE, View};
    use crate::test_model::{manifest, manifest_of_channels, recipe};
    use cellflux_bundle::sampling::Sampling;
    use cellflux_flow::solver::Solver;
    use cellflux_flow::time_grid::GridKind;
    use proptest::prelude::*;

    fn any_start(numbers: usize) -> impl Strategy<Value = Start> {
        prop_oneof![
            Just(Start::Example("control-1".into())),
            Just(Start::Example("treated-1".into())),
            proptest::collection::vec(any::<u8>(), numbers).prop_map(Start::Crop),
        ]
    }

    fn any_sampling() -> impl Strategy<Value = Sampling> {
        let choices = (
            proptest::sample::select(Solver::ALL.to_vec()),
            proptest::sample::select(GridKind::ALL.to_vec()),
            STEPS,
            any::<u32>(),
        );
        (choices, ALPHA, NOISE, TOLERANCE, TOLERANCE).prop_map(
            |((solver, grid, steps, seed), alpha, noise, rtol, atol)| Sampling {
                solver,
                grid,
                steps,
                alpha,
                noise,
                seed,
                rtol,
                atol,
            },
        )
    }

    prop_compose! {
        fn any_recipe(channels: usize)(
            start in any_start(channels * 16),
            sampling in any_sampling(),
            direction in proptest::sample::select(Direction::ALL.to_vec()),
            step in proptest::option::of(0usize..=1),
            hidden in proptest::sample::subsequence((0..channels).collect::<Vec<_>>(), 0..=channels),
        ) -> Recipe {
            Recipe { start, sampling, direction, view: View { step, hidden }, ..recipe() }
        }
    }

    proptest! {
        #[test]
        fn a_link_gives_exactly_its_recipe_back(
            (channels, recipe) in (1usize..=6).prop_flat_map(|n| (Just(n), any_recipe(n)))
        ) {
            let manifest = manifest_of_channels(channels);
            let link = write(&recipe, &manifest.image).unwrap();
            prop_assert!(link.bytes().all(|b| b.is_ascii_graphic() && b != b'#'));
            prop_assert_eq!(&read(&link, &manifest).unwrap(), &recipe);
            let address = format!("https://example.org/page/?x=1#{link}");
            prop_assert_eq!(&read(&address, &manifest).unwrap(), &recipe);
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC{0,80}", key in proptest::sample::select(KEYS.to_vec())) {
            let _ = read(&text, &manifest());
            let _ = read(&format!("{key}={text}"), &manifest());
        }

        #[test]
        fn a_damaged_crop_is_an_error_or_another_crop(at in 0usize..200, byte in any::<u8>()) {
            let manifest = manifest();
            let mut png = coded_png::write(&manifest.image, &[9; 32]).unwrap();
            let place = at % png.len();
            png[place] = byte;
            let _ = read(&format!("crop={}", URL_SAFE_NO_PAD.encode(png)), &manifest);
        }
    }

    #[test]
    fn a_link_is_readable() {
        let mut recipe = recipe();
        recipe.view = View {
            step: Some(2),
            hidden: vec![1],
        };
        assert_eq!(
            write(&recipe, &manifest().image).unwrap(),
            "v=1&model=test-model&start=control-1&c=taxol&a=1.2&solver=heun2&grid=uniform&steps=4&rtol=1e-5\
             &atol=1e-5&noise=0.5&seed=7&way=forward&at=2&hide=1"
        );
    }

    #[test]
    fn what_a_link_leaves_out_is_the_bundle_s_recommendation() {
        let manifest = manifest();
        assert_eq!(read("", &manifest).unwrap(), Recipe::first(&manifest).unwrap());
        let short = read("#c=dmso&a=2", &manifest).unwrap();
        assert_eq!((short.condition.as_str(), short.sampling.alpha), ("dmso", 2.0));
    }

    #[test]
    fn each_hostile_link_is_one_sentence() {
        let manifest = manifest();
        let crop = |spec: &ImageSpec| {
            let png = coded_png::write(spec, &vec![0; spec.len()]).unwrap();
            format!("crop={}", URL_SAFE_NO_PAD.encode(png))
        };
        let cases = [
            ("v=2".into(), "its version is \"2\", expected 1"),
            (
                "colour=red".into(),
                "\"colour\" is not a key of a link, expected one of v, model,",
            ),
            ("a".into(), "\"a\" is not key=value"),
            ("a=1&a=2".into(), "a is there twice, expected it once"),
            ("a=warm".into(), "a is \"warm\", expected a number"),
            ("a=NaN".into(), "alpha is NaN, expected a number from 0 to 10"),
            ("a=1e300".into(), "alpha is 1e300, expected a number from 0 to 10"),
            (
                "steps=1001".into(),
                "steps is 1001, expected a number from 1 to 1000",
            ),
            ("steps=-1".into(), "steps is \"-1\", expected a whole number"),
            ("noise=inf".into(), "noise is inf, expected a number from 0 to 10"),
            (
                "seed=4294967296".into(),
                "seed is \"4294967296\", expected a whole number below 2^32",
            ),
            (
                "solver=heun".into(),
                "solver is \"heun\", expected euler, midpoint, heun2, rk4 or dopri5",
            ),
            (
                "way=up".into(),
                "way is \"up\", expected forward, reverse or return",
            ),
            (
                "hide=0,x".into(),
                "hide is \"0,x\", expected whole numbers joined by commas",
            ),
            (
                // As many as an address holds.
                format!("hide={}0", "0,".repeat(60_000)),
                "list of hidden channels is [0, 0, 0,",
            ),
            (
                "c=%3Cscript%3E".into(),
                "condition is \"%3Cscript%3E\", expected the id of a condition",
            ),
            ("start=control-1&crop=AA".into(), "it has both start and crop"),
            ("crop=!".into(), "its crop is not base64url"),
            ("crop=AAAA".into(), "the link's crop"),
            (crop(&ImageSpec::plain(2, 5, 4)), "the link's crop"),
            (crop(&ImageSpec::plain(3, 4, 4)), "the link's crop"),
            (
                "x".repeat(MAX_BYTES + 1),
                "it has 2097153 bytes, expected at most 2097152",
            ),
        ];
        for (link, expected) in cases {
            let message = read(&link, &manifest).unwrap_err().to_string();
            assert!(
                message.contains(expected),
                "{message:?} does not say {expected:?}"
            );
            assert!(message.len() < 300 && !message.contains('\n'), "{message}");
        }
    }
}
