//! The laws of `docs/architecture.md` that hold of the sources themselves. See the tests.
