//! What cannot be found again is never done again in silence: it is at most made once, and the state says that it may exist.

use siac_crash_matrix::house::{House, Storage, Wish, stack};
use siac_crash_matrix::matrix::STRIKES;
use siac_test_kit::cloud::Effect;
use siac_test_kit::process::Life;

const ONE: &str = r#"
[resource.fake_nothing.a]
name = "a"
[resource.fake_token.b]
name = "b"
"#;

#[test]
fn a_create_without_a_trace_is_told_and_not_repeated() {
    let wish = Wish::Stack(stack(ONE));
    let quiet = House::new(Storage::Local, 3);
    quiet.run_well(&wish).expect("nothing happens to this run");
    let (mut told, mut runs) = (0, 0);
    for step in 0..quiet.trace().len() {
        for strike in STRIKES {
            let house = House::new(Storage::Local, 3);
            drop(house.run(&wish, [(step, strike)]));
            let recovered = house.run_well(&Wish::Recover).unwrap_or_else(|why| panic!("step {step} {strike}: {why}"));
            let wrong = house.violations(&recovered.snapshot);
            assert!(wrong.is_empty(), "step {step} {strike}: {wrong:?}");
            // The next run may refuse to plan for what is unsettled, but it must not make another one.
            let next = house.run(&wish, []);
            assert!(matches!(next, Life::Finished(_)), "step {step} {strike}: {next:?}");
            house.network.settle();
            let is_made = |kind: &str| {
                let made = |entry: &&siac_test_kit::cloud::LogEntry| {
                    entry.effect == Effect::Made && entry.address.kind == kind
                };
                house.cloud.log().iter().filter(made).count()
            };
            let (traceless, other) = (is_made("fake_nothing"), is_made("fake_token"));
            assert!(traceless <= 1, "step {step} {strike}: made {traceless} times");
            assert!(other <= 1, "step {step} {strike}: the other was made {other} times");
            let is_unsettled = !recovered.snapshot.unsettled.is_empty();
            assert!(is_unsettled || traceless == 1, "step {step} {strike}: neither made nor told");
            told += usize::from(is_unsettled);
            runs += 1;
        }
    }
    println!("{runs} runs, {told} of them told that something may exist");
    assert!(told > 0, "some strike leaves something that nobody can tell");
}
