//! See the target of this name in `cellflux_fuzz::targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cellflux_fuzz::one_case("microscope", data));
