//! Signals: the first asks for an orderly end, the second for an end at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use siac_engine::stop::{Stop, StopLevel, StopSwitch, stop_switch};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long running calls are waited for after a `SIGTERM` or a hang-up: CI systems kill 7.5 s after it.
const GRACE: Duration = Duration::from_millis(6_500);

/// What stops a run.
#[derive(Clone)]
pub struct Interrupts {
    /// True once an end was asked for.
    pub asked: Arc<AtomicBool>,
    /// What the engine watches.
    pub stop: Stop,
}

/// Begins to listen to signals. Must be called within the runtime.
///
/// # Errors
/// When the system takes no signal handlers.
pub fn listen() -> std::io::Result<Interrupts> {
    let (switch, stop) = stop_switch();
    let asked = Arc::new(AtomicBool::new(false));
    let interrupt = signal(SignalKind::interrupt())?;
    let (terminate, hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::spawn(watch(interrupt, terminate, hang_up, switch, Arc::clone(&asked)));
    Ok(Interrupts { asked, stop })
}

async fn watch(
    mut interrupt: Signal,
    mut terminate: Signal,
    mut hang_up: Signal,
    switch: StopSwitch,
    asked: Arc<AtomicBool>,
) {
    loop {
        let is_interrupt = tokio::select! {
            _ = interrupt.recv() => true,
            _ = terminate.recv() => false,
            _ = hang_up.recv() => false,
        };
        let again = asked.swap(true, Ordering::SeqCst);
        switch.ask(if again { StopLevel::Now } else { StopLevel::Drain });
        if !is_interrupt && !again {
            let switch = switch.clone();
            tokio::spawn(async move {
                tokio::time::sleep(GRACE).await;
                switch.ask(StopLevel::Now);
            });
        }
    }
}
