//! How a new release takes over from the old one.

use std::time::Duration;

use super::measures::Refusal;
use crate::model::duration::written;
use crate::model::number::Number;

/// How traffic moves to a new release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Traffic {
    /// As soon as it is ready, all of it.
    #[default]
    AllAtOnce,
    /// Step by step, each step watched for a while; a release that fails meanwhile gives its share back.
    Canary(Canary),
    /// A share of it, and no more, until something else is asked for: a split between two releases.
    Fixed {
        /// The new release's share, in percent: 1 to 99.
        share: u8,
    },
}

/// The steps of a canary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    steps: Vec<u8>,
    bake: Duration,
}

/// How many steps a canary may have. A choice of this project.
const MOST_STEPS: usize = 20;

/// How long all steps together may be watched. A choice of this project: a deployment holds the stack's lock meanwhile.
const LONGEST_BAKE: Duration = Duration::from_secs(3_600);

impl Canary {
    /// The shares in percent, strictly rising, the last of them 100.
    pub fn steps(&self) -> &[u8] {
        &self.steps
    }

    /// How long each step is watched.
    pub fn bake(&self) -> Duration {
        self.bake
    }
}

impl Traffic {
    /// Step by step.
    ///
    /// # Errors
    /// When the steps do not rise strictly to 100 percent, or are watched for too long.
    pub fn canary(steps: &[Number], bake: Duration) -> Result<Self, Refusal> {
        let percent = |step: &Number| step.as_usize().and_then(|step| u8::try_from(step).ok());
        let steps: Option<Vec<u8>> = steps.iter().map(percent).collect();
        let is_rising = |steps: &Vec<u8>| {
            steps.first().is_some_and(|first| *first > 0)
                && steps.last() == Some(&100)
                && steps.windows(2).all(|pair| pair[0] < pair[1])
                && steps.len() <= MOST_STEPS
        };
        let Some(steps) = steps.filter(is_rising) else {
            let why = format!(
                "the steps of a canary are at most {MOST_STEPS} shares in percent that rise strictly and end at 100"
            );
            return Err(Refusal::new(why, "write `steps = [10, 50, 100]`"));
        };
        let together = bake.saturating_mul(u32::try_from(steps.len()).unwrap_or(u32::MAX));
        match together <= LONGEST_BAKE && !bake.is_zero() {
            true => Ok(Self::Canary(Canary { steps, bake })),
            false => Err(Refusal::new(
                format!("{} steps of {} each are not watched for 1ms to 1h together", steps.len(), written(bake)),
                "write `bake = \"2m\"`; for a lasting split there is `strategy = \"fixed\"`",
            )),
        }
    }

    /// A lasting split.
    ///
    /// # Errors
    /// When the share is not between 1 and 99 percent.
    pub fn fixed(share: &Number) -> Result<Self, Refusal> {
        let percent =
            share.as_usize().and_then(|share| u8::try_from(share).ok()).filter(|share| (1..100).contains(share));
        percent.map(|share| Self::Fixed { share }).ok_or_else(|| {
            Refusal::new(
                format!("a fixed share is from 1 to 99 percent, not {share}"),
                "for all traffic, write `strategy = \"all-at-once\"`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(steps: &[i64]) -> Result<Traffic, Refusal> {
        let steps: Vec<Number> = steps.iter().map(|step| Number::from(*step)).collect();
        Traffic::canary(&steps, Duration::from_secs(120))
    }

    #[test]
    fn steps_rise_strictly_to_everything() {
        let Ok(Traffic::Canary(steps)) = canary(&[10, 50, 100]) else { panic!("these rise") };
        assert_eq!(steps.steps(), [10, 50, 100]);
        for wrong in [&[][..], &[10, 50], &[0, 100], &[50, 10, 100], &[10, 10, 100], &[10, 100, 120], &[-1, 100]] {
            assert!(canary(wrong).is_err(), "{wrong:?}");
        }
        assert!(Traffic::canary(&[Number::from(100_i64)], Duration::from_secs(7_200)).is_err());
    }

    #[test]
    fn a_split_leaves_something_to_both() {
        assert_eq!(Traffic::fixed(&Number::from(20_i64)), Ok(Traffic::Fixed { share: 20 }));
        assert!(Traffic::fixed(&Number::from(100_i64)).is_err());
        assert!(Traffic::fixed(&Number::from(0_i64)).is_err());
    }
}
