//! What the fused operations promise on a CPU.

use cellflux_fused::convolution::Treatment;

#[cfg(test)]
mod gradients;
#[cfg(test)]
mod network;

const EXACT: Treatment = Treatment {
    tf32: false,
    deterministic: true,
};
