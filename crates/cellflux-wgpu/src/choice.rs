//! Whether f16 is worth it on this device: it must exist, be right, and be faster.
