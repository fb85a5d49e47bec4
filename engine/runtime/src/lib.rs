//! The imperative shell: use cases, executor, recovery and the sealed store.
