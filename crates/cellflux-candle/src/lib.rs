//! The CellFlux U-Net on candle: the reference for the GPU engine and the CPU path in the browser.
