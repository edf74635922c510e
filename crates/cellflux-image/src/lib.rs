//! Microscopy crops: decode, map to a model's channels and coding, resize, composite, and synthetic cells.
