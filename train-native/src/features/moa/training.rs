//! Trains the classifier. Which cells a step sees, and how, is a function of the seed and the step.

use std::collections::HashMap;
use std::time::Instant;

use candle_core::{Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use cellflux_data::random::{Purpose, below, chance, stream};
use cellflux_data::{DataConfig, Experiment, PackedCache, Split};
use sha2::{Digest, Sha256};

use super::about::{About, SeenCells, VERSION};
use super::classes::Classes;
use super::network::{FEATURES, MULTIPLE, Network, WIDTHS, initial, parameters};
use super::score::Score;
use super::settings::Settings;
use super::{BATCH, Classifier, prepared};
use crate::config::{RateSchedule, TrainingConfig};
use crate::features::FeatureError;
use crate::step::{View, learning_rate};

/// Trains a classifier on the training cells of `experiment`, whose images are in `cache`, and scores it on
/// the validation cells. `progress` is called with the steps done and their number.
///
/// # Errors
/// [`FeatureError::Classes`] for fewer than two classes or a loss that is not finite, [`FeatureError::Shape`]
/// for images whose sides are not multiples of [`MULTIPLE`] or a cache of another experiment,
/// [`FeatureError::Tensor`] when the device fails.
pub fn train(
    experiment: &Experiment,
    cache: &PackedCache,
    data: &DataConfig,
    settings: &Settings,
    device: &Device,
    progress: impl Fn(usize, usize),
) -> Result<Classifier, FeatureError> {
    let began = Instant::now();
    let classes = Classes::of(experiment)?;
    let [channels, height, width] = cache.shape();
    if !(height.is_multiple_of(MULTIPLE) && width.is_multiple_of(MULTIPLE)) {
        return Err(FeatureError::Shape {
            what: "the training's images",
            found: format!("{width} x {height} px"),
            expected: format!("multiples of {MULTIPLE}; set data.image.height and width"),
        });
    }
    let learner = Learner {
        cache,
        by_class: classes.by_class(Split::Train),
        square: height == width,
        settings,
        device,
    };
    let tensors = learner.learn(&parameters(channels, classes.names().len()), progress)?;
    let about = About {
        version: VERSION,
        classes: classes.names().to_vec(),
        named_after: classes.named_after(),
        channels,
        image: [height, width],
        widths: WIDTHS.to_vec(),
        features: FEATURES,
        settings: settings.clone(),
        data: serde_json::to_value(data).unwrap_or_default(),
        training: seen(experiment, cache, &classes)?,
        validation: Score::of(classes.names(), []),
        seconds: 0.0,
        weights_sha256: String::new(),
    };
    let mut classifier = Classifier::of_tensors(tensors, about, device)?;
    classifier.about.validation = score(&classifier, cache, &classes, Split::Validation)?;
    classifier.about.seconds = began.elapsed().as_secs_f64();
    Ok(classifier)
}

struct Learner<'a> {
    cache: &'a PackedCache,
    /// Images of each class.
    by_class: Vec<Vec<usize>>,
    square: bool,
    settings: &'a Settings,
    device: &'a Device,
}

impl Learner<'_> {
    fn learn(
        &self,
        parameters: &[cellflux_bundle::topology::Parameter],
        progress: impl Fn(usize, usize),
    ) -> Result<HashMap<String, Tensor>, FeatureError> {
        let settings = self.settings;
        let variables = initial(parameters, settings.seed)?
            .into_iter()
            .map(|(name, tensor)| Ok((name, Var::from_tensor(&tensor.to_device(self.device)?)?)))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let tensors = variables
            .iter()
            .map(|(name, variable)| (name.clone(), variable.as_tensor().clone()))
            .collect();
        let [channels, ..] = self.cache.shape();
        let network = Network::new(tensors, channels, self.by_class.len(), self.device)?;
        let list = variables.iter().map(|(_, variable)| variable.clone()).collect();
        let mut optimiser = AdamW::new(
            list,
            ParamsAdamW {
                weight_decay: settings.weight_decay,
                ..ParamsAdamW::default()
            },
        )?;
        let schedule = settings.schedule();
        for step in 1..=settings.steps {
            optimiser.set_learning_rate(learning_rate(&schedule, step));
            let (images, classes) = self.batch(step)?;
            let logits = network.logits(&network.features(&images)?)?;
            let loss = candle_nn::loss::cross_entropy(&logits, &classes)?;
            optimiser.backward_step(&loss)?;
            let value: f32 = loss.to_scalar()?;
            if !value.is_finite() {
                return Err(FeatureError::Classes(format!(
                    "at step {step} the loss is {value}; a lower learning rate may help"
                )));
            }
            progress(step as usize, settings.steps as usize);
        }
        let constants = variables
            .into_iter()
            .map(|(name, variable)| (name, variable.as_detached_tensor()))
            .collect();
        Ok(constants)
    }

    /// The images `[N, C, H, W]` and classes `[N]` of a step: each a random cell of a random class, flipped
    /// and turned at random.
    fn batch(&self, step: u64) -> Result<(Tensor, Tensor), FeatureError> {
        let [channels, height, width] = self.cache.shape();
        let mut bytes = Vec::with_capacity(self.settings.batch * channels * height * width);
        let mut classes = Vec::with_capacity(self.settings.batch);
        let mut views = Vec::with_capacity(self.settings.batch);
        for sample in 0..self.settings.batch as u64 {
            let mut numbers = stream(self.settings.seed, Purpose::Class, step, sample);
            let class = below(&mut numbers, self.by_class.len() as u64);
            let cells = self.by_class.get(class as usize).map_or(&[][..], Vec::as_slice);
            let cell = below(&mut numbers, cells.len() as u64);
            let image = cells
                .get(cell as usize)
                .and_then(|&image| self.cache.image(image))
                .ok_or_else(other_cache)?;
            bytes.extend_from_slice(image);
            classes.push(class as u32);
            views.push(View {
                vertical: chance(&mut numbers, 0.5),
                horizontal: chance(&mut numbers, 0.5),
                // Together with the flips these are the eight views of a square.
                transposed: self.square && chance(&mut numbers, 0.5),
                dither: None,
            });
        }
        let views: Vec<&View> = views.iter().collect();
        let shape = [classes.len(), channels, height, width];
        let images = prepared(bytes, shape, &views, self.device)?;
        let classes = Tensor::new(classes, self.device)?;
        Ok((images, classes))
    }
}

impl Settings {
    /// The same as in the flow's training.
    fn schedule(&self) -> TrainingConfig {
        TrainingConfig {
            steps: self.steps,
            learning_rate: self.learning_rate,
            warmup_steps: self.steps / 20,
            schedule: RateSchedule::Cosine,
            ..TrainingConfig::default()
        }
    }
}

/// The score of a classifier on a split's cells.
fn score(
    classifier: &Classifier,
    cache: &PackedCache,
    classes: &Classes,
    split: Split,
) -> Result<Score, FeatureError> {
    let [channels, height, width] = cache.shape();
    let cells: Vec<(usize, u32)> = classes.cells(split).collect();
    let mut pairs = Vec::with_capacity(cells.len());
    for part in cells.chunks(BATCH) {
        let images = part
            .iter()
            .map(|&(image, _)| cache.image(image).ok_or_else(other_cache))
            .collect::<Result<Vec<_>, _>>()?
            .concat();
        let answers = classifier.classify(&images, [part.len(), channels, height, width])?;
        pairs.extend(
            part.iter()
                .zip(answers)
                .map(|(&(_, class), answer)| (class, answer.class as u32)),
        );
    }
    Ok(Score::of(classes.names(), pairs))
}

fn seen(experiment: &Experiment, cache: &PackedCache, classes: &Classes) -> Result<SeenCells, FeatureError> {
    let mut hash = Sha256::new();
    for (image, class) in classes.cells(Split::Train) {
        let entry = experiment.entries().get(image).ok_or_else(other_cache)?;
        let name = classes.names().get(class as usize).map_or("", String::as_str);
        for text in [&*entry.image, name] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.update(cache.image(image).ok_or_else(other_cache)?);
    }
    Ok(SeenCells {
        sha256: format!("{:x}", hash.finalize()),
        cells: classes.by_class(Split::Train).iter().map(Vec::len).collect(),
        without_class: classes.without(Split::Train),
    })
}

fn other_cache() -> FeatureError {
    FeatureError::Shape {
        what: "the packed cache",
        found: "fewer images than the experiment has".to_owned(),
        expected: "the cache of this experiment".to_owned(),
    }
}
