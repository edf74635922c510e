//! The static-site toolkit: a bundle becomes a folder that any host can serve.
