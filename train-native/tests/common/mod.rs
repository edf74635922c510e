//! A run that is quick enough for a test: the smallest network on a few synthetic cells of 16 x 16 px.

/// The run's config as TOML; tests override its values.
pub const CONFIG: &str = r#"
[data.source]
layout = "synthetic"
seed = 3
images = 160
controls = 0.4
validation = 0.5
batches = 2
drawn_side = 32

[data.image]
preset = "bbbc021"
height = 16
width = 16

[conditions]
dose = "log1p"

[conditions.encoder]
kind = "one-hot"

[network]
preset = "tiny"
model_channels = 32
channel_mult = [1, 1]
attention_resolutions = []
num_res_blocks = 1
dropout = 0.2

[training]
steps = 6
batch = 3
accumulate = 2
learning_rate = 1e-3
transpose = 0.5

[run]
seed = 5
log_every = 1
validate_every = 3
validation_pairs = 4
sheet_every = 0
checkpoint_every = 1
keep = 2
"#;
