//! Chance that repeats itself.

use std::sync::Mutex;

use siac_core::ports::Entropy;

use crate::lock;

/// Numbers from a seed: SplitMix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall the same way for one seed.
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds shall not begin alike.
        let mut dice = Self(seed ^ 0x5851_f42d_4c95_7f2d);
        dice.next();
        dice
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "dice never end, an iterator's Option would be noise")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from zero to one less than `sides`; zero when there are no sides.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.next().checked_rem(sides).unwrap_or_default()
    }

    /// True so many times out of a thousand.
    pub fn permille(&mut self, chance: u64) -> bool {
        self.below(1_000) < chance
    }

    /// One of these; `None` when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.below(items.len() as u64);
        items.get(usize::try_from(at).unwrap_or_default())
    }
}

/// The entropy port over [`Dice`]. All processes of one world share it, so that no number is drawn twice.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<Dice>);

impl SeededEntropy {
    /// Entropy that repeats itself for one seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Dice::new(seed)))
    }

    /// Entropy that goes on as this one would.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Mutex::new(lock(&self.0).clone()))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut dice = lock(&self.0);
        for chunk in buffer.chunks_mut(8) {
            let bytes = dice.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}
