//! How far a network is from the outputs that a reference wrote down ([`golden`]), and from itself before its
//! weights were stored in fewer bytes ([`storage`]).

pub mod golden;
pub mod storage;
