//! What the integration tests share: the machine's device, and the golden files.
#![allow(dead_code, reason = "each test file is a crate of its own and uses a part")]

use std::path::{Path, PathBuf};

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::state_dict::StateDict;
use cellflux_wgpu::{Gpu, Wanted};
use safetensors::SafeTensors;

/// The test machine's device. Without one, tests fail, unless `CELLFLUX_NO_GPU=1` says that this is intended.
pub fn gpu() -> Option<Gpu> {
    match pollster::block_on(Gpu::request(Wanted::default())) {
        Ok(gpu) => Some(gpu),
        Err(error) => {
            assert!(
                std::env::var_os("CELLFLUX_NO_GPU").is_some_and(|value| value == "1"),
                "{error}; install a Vulkan driver (Debian: mesa-vulkan-drivers), or set CELLFLUX_NO_GPU=1 \
                to skip"
            );
            println!("skipped: no GPU adapter, and CELLFLUX_NO_GPU=1");
            None
        }
    }
}

/// A golden case: config, weights, and the inputs and outputs by name.
pub struct Golden {
    pub config: UNetConfig,
    pub weights: StateDict,
    io: Vec<u8>,
}

impl Golden {
    /// Reads a case; `None`, with a printed line, when this checkout does not have it.
    pub fn load(case: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let places = [
            root.join("tests/fixtures").join(case),
            root.join("../shared/reference/goldens").join(case),
        ];
        let Some(folder) = places.iter().find(|place| place.join("io.safetensors").exists()) else {
            println!("skipped: golden {case} is not in this checkout");
            return None;
        };
        let io = read(&folder.join("io.safetensors"));
        let (_, header) = SafeTensors::read_metadata(&io).unwrap();
        let text = &header.metadata().as_ref().unwrap()["config"];
        let config: UNetConfig = serde_json::from_str(text).unwrap();
        let weights = StateDict::from_safetensors(&read(&folder.join("model.safetensors")), &config).unwrap();
        Some(Self { config, weights, io })
    }

    /// A tensor of the io file: shape and values.
    pub fn tensor(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let file = SafeTensors::deserialize(&self.io).unwrap();
        let tensor = file.tensor(name).ok()?;
        Some((
            tensor.shape().to_vec(),
            bytemuck::pod_collect_to_vec(tensor.data()),
        ))
    }

    pub fn values(&self, name: &str) -> Vec<f32> {
        self.tensor(name).unwrap().1
    }

    /// Height and width of the images.
    pub fn size(&self) -> [usize; 2] {
        let (shape, _) = self.tensor("x").unwrap();
        [shape[2], shape[3]]
    }

    /// The condition vectors, one per sample.
    pub fn conditions(&self) -> Vec<Vec<f32>> {
        let (shape, values) = self.tensor("condition").unwrap();
        values.chunks_exact(shape[1]).map(<[f32]>::to_vec).collect()
    }
}

fn read(path: &PathBuf) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
