//! Installs the emulators, so that the tests find them present.

fn main() {
    siac_emulators::install_all(|line| println!("{line}"));
}
