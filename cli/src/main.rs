//! The binary: commands, rendering, wiring.

fn main() {}
