//! One linear layer for the embedding of every residual block.

use cellflux_bundle::config::UNetConfig;
use cellflux_bundle::layer_names::residual;
use cellflux_bundle::topology::{LayerKind, Topology};

/// Where each residual block's part lies in the embedding's outputs, which one linear layer computes for all
/// blocks.
pub(crate) struct FilmTable {
    pub(crate) layers: Vec<(String, usize)>,
}

impl FilmTable {
    pub(crate) fn new(config: &UNetConfig, topology: &Topology) -> Self {
        let all = topology
            .input
            .iter()
            .flatten()
            .chain(&topology.middle)
            .chain(topology.output.iter().flatten());
        let layers = all.filter_map(|layer| match layer.kind {
            LayerKind::Residual { output, .. } => {
                let width = config.modulation_width(output);
                Some((format!("{}.{}", layer.name, residual::EMBEDDING), width))
            }
            _ => None,
        });
        Self {
            layers: layers.collect(),
        }
    }

    pub(crate) fn width(&self) -> u32 {
        self.layers.iter().map(|(_, width)| *width as u32).sum()
    }

    pub(crate) fn offset(&self, block: &str) -> u32 {
        let name = format!("{block}.{}", residual::EMBEDDING);
        let before = self.layers.iter().take_while(|(layer, _)| *layer != name);
        before.map(|(_, width)| *width as u32).sum()
    }
}
