//! The network's tensors by their public names, in whatever precision they are stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use safetensors::tensor::TensorView;

use crate::{
    config::UNetConfig,
    error::BundleError,
    tensor::Tensor,
    tensor_file::TensorFile,
    topology::{Parameter, Topology},
};

/// All tensors of a network by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateDict {
    /// Tensors by the public network's names.
    pub tensors: BTreeMap<String, Tensor>,
}

impl StateDict {
    /// Reads the weights of the network that `config` describes from a safetensors file's bytes.
    ///
    /// # Errors
    /// [`BundleError::Config`] for an impossible configuration; [`BundleError::TensorFile`] for bytes that
    /// are not a safetensors file; and, each with the tensor's name, a missing or unexpected tensor, another
    /// shape than the network's, a number format other than f64, f32, f16 or bf16, NaN or an infinity.
    pub fn from_safetensors(bytes: &[u8], config: &UNetConfig) -> Result<Self, BundleError> {
        let file = TensorFile::parse("state dict", bytes)?;
        let parameters = parameters(config)?;
        // Names and shapes first: nothing is copied from a file of another network.
        let found: BTreeMap<&str, Vec<usize>> = file
            .iter()
            .map(|(name, view)| (name, view.shape().to_vec()))
            .collect();
        compare(&parameters, &found)?;
        let tensors = parameters
            .into_iter()
            .map(|parameter| {
                let tensor = file.tensor(&parameter.name)?;
                Ok((parameter.name, tensor))
            })
            .collect::<Result<_, BundleError>>()?;
        Ok(Self { tensors })
    }

    /// Takes tensors that came from elsewhere (training, another format) as the weights of this network.
    ///
    /// # Errors
    /// As [`StateDict::check`].
    pub fn from_tensors(tensors: BTreeMap<String, Tensor>, config: &UNetConfig) -> Result<Self, BundleError> {
        let weights = Self { tensors };
        weights.check(config)?;
        Ok(weights)
    }

    /// Checks that these are exactly the tensors of the network that `config` describes.
    ///
    /// # Errors
    /// [`BundleError::Config`], or, with the tensor's name: missing, unexpected, of another shape (or with
    /// another number of values than its shape says), or not finite.
    pub fn check(&self, config: &UNetConfig) -> Result<(), BundleError> {
        let found = self
            .tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor.shape.clone()))
            .collect();
        compare(&parameters(config)?, &found)?;
        for (name, tensor) in &self.tensors {
            if tensor.values.len() != tensor.shape.iter().product::<usize>() {
                return Err(BundleError::Shape {
                    tensor: name.clone(),
                    found: vec![tensor.values.len()],
                    expected: tensor.shape.clone(),
                });
            }
            tensor.check_finite(name)?;
        }
        Ok(())
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// [`BundleError::MissingTensor`] when there is none.
    pub fn get(&self, name: &str) -> Result<&Tensor, BundleError> {
        self.tensors.get(name).ok_or_else(|| BundleError::MissingTensor {
            tensor: name.to_owned(),
            expected: "a tensor of this network".into(),
        })
    }

    /// Number of scalars in all tensors.
    pub fn parameter_count(&self) -> usize {
        self.tensors.values().map(|tensor| tensor.values.len()).sum()
    }

    /// Writes all tensors as one safetensors file, the configuration in its metadata as `config`.
    ///
    /// # Errors
    /// [`BundleError::TensorFile`] when a tensor's values do not fit its shape.
    pub fn to_safetensors(&self, config: &UNetConfig) -> Result<Vec<u8>, BundleError> {
        let refuse = |reason: String| BundleError::TensorFile {
            file: "state dict".into(),
            reason,
        };
        let config = serde_json::to_string(config).map_err(|error| refuse(error.to_string()))?;
        let bytes: Vec<_> = self
            .tensors
            .iter()
            .map(|(name, tensor)| (name, &tensor.shape, tensor.values.to_le_bytes()))
            .collect();
        let views = bytes
            .iter()
            .map(|(name, shape, (dtype, data))| {
                TensorView::new(*dtype, (*shape).clone(), data).map(|view| (name.as_str(), view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| refuse(error.to_string()))?;
        let metadata = HashMap::from([("config".to_owned(), config)]);
        safetensors::serialize(views, Some(metadata)).map_err(|error| refuse(error.to_string()))
    }
}

/// Reads the network's configuration from a safetensors file's metadata: JSON under the key `config`, as
/// checkpoints and golden files carry it.
///
/// # Errors
/// [`BundleError::TensorFile`] when the bytes are no safetensors file or have no such key,
/// [`BundleError::Json`] when it does not hold a configuration, [`BundleError::Config`] when that is
/// impossible.
pub fn config_from_safetensors(bytes: &[u8]) -> Result<UNetConfig, BundleError> {
    let file = TensorFile::parse("safetensors file", bytes)?;
    let text = file.metadata("config").ok_or_else(|| BundleError::TensorFile {
        file: "safetensors file".into(),
        reason: "its metadata has no `config`, expected the network's configuration as JSON".into(),
    })?;
    UNetConfig::from_json(text)
}

fn parameters(config: &UNetConfig) -> Result<Vec<Parameter>, BundleError> {
    config.validate()?;
    Ok(Topology::new(config).parameters(config))
}

/// Compares what a network has with what was found: first what is missing or of another shape, in the
/// network's order, then what should not be there.
pub(crate) fn compare(
    parameters: &[Parameter],
    found: &BTreeMap<&str, Vec<usize>>,
) -> Result<(), BundleError> {
    for parameter in parameters {
        match found.get(parameter.name.as_str()) {
            None => {
                return Err(BundleError::MissingTensor {
                    tensor: parameter.name.clone(),
                    expected: format!("with shape {:?}", parameter.shape),
                });
            }
            Some(shape) if *shape != parameter.shape => {
                return Err(BundleError::Shape {
                    tensor: parameter.name.clone(),
                    found: shape.clone(),
                    expected: parameter.shape.clone(),
                });
            }
            Some(_) => {}
        }
    }
    let known: BTreeSet<&str> = parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect();
    match found.keys().find(|name| !known.contains(*name)) {
        None => Ok(()),
        Some(name) => Err(BundleError::UnexpectedTensor {
            tensor: (*name).to_owned(),
        }),
    }
}
