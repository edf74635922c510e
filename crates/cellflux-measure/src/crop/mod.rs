//! What one crop measures.
