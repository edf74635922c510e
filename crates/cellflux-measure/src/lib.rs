//! What a crop measures ([`crop`]), what a walk does ([`along`]), where the nuclei of a whole field lie
//! ([`field`]), and how far apart two sets of crops are ([`sets`]).
//!
//! No framework and no I/O: the page, the trainer and the site compute the same numbers with it. Sums run in
//! a fixed order and elementary functions come from `libm`, so that the same crop gives the same bits
//! everywhere.

pub mod along;
pub mod crop;
pub mod field;
pub mod sets;
