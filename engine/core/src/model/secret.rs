//! Values that no screen, log, event, plan or error may show.

use std::fmt;

use zeroize::Zeroize;

/// A value that keeps quiet: no `Display`, no `Serialize`, a mute `Debug`, wiped when dropped.
///
/// The only door is [`Secret::expose`]; searching for that name finds every place that looks inside.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(Box<T>);

impl<T: Zeroize> Secret<T> {
    /// Closes a value in.
    pub fn new(value: T) -> Self {
        Self(Box::new(value))
    }

    /// The one door. Callers must hand the value to its consumer (a provider call, a cipher, a digest) and nowhere else.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_mute() {
        assert_eq!(format!("{:?}", Secret::new(String::from("hunter2"))), "Secret(…)");
    }
}
