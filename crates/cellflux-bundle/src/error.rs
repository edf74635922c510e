//! Everything that can be wrong with a bundle, a network's configuration, a state dict or a checkpoint.

/// Why something on disk is not the model that it claims to be.
///
/// Every message names the file, tensor or field, says what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The network's configuration, or an image size it cannot work at.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The image section of the manifest.
    #[error("manifest: {0}")]
    Image(#[from] cellflux_image::ImageError),
    /// A manifest of a format version that this reader does not know.
    #[error(
        "manifest: version is {found}, but this reader knows version {known} only; use a newer CellFlux, or \
        export the bundle again"
    )]
    Version {
        /// What the manifest says.
        found: String,
        /// The version that this crate reads and writes.
        known: u32,
    },
    /// A field of the manifest with an impossible value.
    #[error("manifest: {field} is {found}, expected {expected}")]
    Field {
        /// Where the field is, for example `conditions.list[3].id`.
        field: String,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// A field of `evaluation.json` with an impossible value.
    #[error("evaluation.json: {field} is {found}, expected {expected}")]
    Evaluation {
        /// Where the field is, for example `rows[2].cells`.
        field: String,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// JSON that does not parse, or that lacks a field.
    #[error("{file}: not the expected JSON: {reason}")]
    Json {
        /// The file or field.
        file: String,
        /// The parser's words, with line and column.
        reason: String,
    },
    /// A file that is larger or smaller than the manifest (or a limit of the format) says.
    #[error("{file}: {found} bytes, expected {expected}")]
    Size {
        /// Path in the bundle.
        file: String,
        /// Bytes found.
        found: u64,
        /// Bytes, or the limit, expected.
        expected: String,
    },
    /// A file whose content is not the one that the manifest names.
    #[error("{file}: SHA-256 is {found}, expected {expected}: the file is damaged or was replaced")]
    Hash {
        /// Path in the bundle.
        file: String,
        /// Digest of the bytes received, in hex.
        found: String,
        /// Digest in the manifest, in hex.
        expected: String,
    },
    /// A folder that a bundle cannot replace.
    #[cfg(not(target_family = "wasm"))]
    #[error(transparent)]
    Place(#[from] cellflux_files::SwapError),
    /// A file that the manifest does not list.
    #[error("{file}: not a file of this bundle; its manifest does not list it")]
    UnlistedFile {
        /// The path asked for.
        file: String,
    },
    /// A file that was not given to the reader, or is not in the folder.
    #[error("{file}: missing; the bundle is not complete without it")]
    MissingFile {
        /// Path in the bundle.
        file: String,
    },
    /// Bytes that are not a well-formed safetensors file.
    #[error("{file}: not a valid safetensors file: {reason}")]
    TensorFile {
        /// Path in the bundle, or a description of the file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A tensor that the network needs and the file lacks.
    #[error("tensor {tensor} is missing, expected {expected}")]
    MissingTensor {
        /// Public name.
        tensor: String,
        /// Its shape in this network, in words.
        expected: String,
    },
    /// A tensor that the network does not have.
    #[error(
        "tensor {tensor} is not part of this network; expected only its own tensors (wrong configuration?)"
    )]
    UnexpectedTensor {
        /// The name found.
        tensor: String,
    },
    /// A tensor that is stored twice.
    #[error("tensor {tensor} is stored more than once, expected it once")]
    DuplicateTensor {
        /// Public name.
        tensor: String,
    },
    /// A tensor of another shape than the network's.
    #[error("tensor {tensor} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Public name.
        tensor: String,
        /// Shape found.
        found: Vec<usize>,
        /// Shape in this network.
        expected: Vec<usize>,
    },
    /// A tensor in a number format that cannot stand here.
    #[error("tensor {tensor} is stored as {found}, expected {expected}")]
    Dtype {
        /// Public name.
        tensor: String,
        /// Format found.
        found: String,
        /// Formats that may stand here.
        expected: String,
    },
    /// NaN or an infinity.
    #[error("tensor {tensor} holds {value} at position {position}, expected finite numbers only")]
    NotFinite {
        /// Public name.
        tensor: String,
        /// Row-major position of the first such value.
        position: usize,
        /// The value.
        value: f32,
    },
    /// A value that is finite but does not fit the storage format asked for.
    #[error("tensor {tensor} holds {value}, which does not fit {dtype}; store the weights as f32 instead")]
    Range {
        /// Public name.
        tensor: String,
        /// The value.
        value: f32,
        /// The storage format.
        dtype: &'static str,
    },
    /// A tensor too large to be cut into shards.
    #[error("tensor {tensor}: one row along the first axis is {row} bytes, expected at most {limit}")]
    RowTooLarge {
        /// Public name.
        tensor: String,
        /// Bytes of one row.
        row: usize,
        /// Payload limit of a shard.
        limit: usize,
    },
    /// A `.pth` file that is not a checkpoint of the public trainer's kind.
    #[error("checkpoint: {reason}")]
    Checkpoint {
        /// What was found, where, and what was expected.
        reason: String,
    },
    /// A pickle that names code outside the five names of a checkpoint.
    #[error(
        "checkpoint: its pickle is an object of {name}, expected a dictionary of tensors; nothing was \
        executed"
    )]
    Global {
        /// `module.name` as the pickle has it.
        name: String,
    },
    /// What was named is not a bundle's folder.
    #[error("{found}, expected the folder of a bundle, with its manifest.json")]
    NotABundle {
        /// What there is, in words.
        found: &'static str,
    },
    /// The file system.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl BundleError {
    /// A [`BundleError::Field`] from displayable parts.
    pub(crate) fn field(
        field: impl Into<String>,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Field {
            field: field.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }
}

/// Why a configuration does not describe a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A field holds a value that no network of this family has.
    #[error("network config: {field} is {found}, expected {expected}")]
    Field {
        /// The field's name in JSON.
        field: &'static str,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// An image size that the down-sampling cannot halve evenly.
    #[error(
        "image size {height} x {width} is not a multiple of {multiple}, which this network's down-sampling \
        needs"
    )]
    Size {
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
        /// The total down-sampling factor.
        multiple: usize,
    },
}
