//! How far apart two sets of crops are.
