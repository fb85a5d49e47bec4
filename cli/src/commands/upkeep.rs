//! Commands that care for the state: moves and removals, recovery, the lock, snapshots and keys.

use siac_engine::store::{Keep, Leaving, Purpose, Session, StoreError, Waiting};
use siac_engine::use_cases::editing::{self, Edit};
use siac_engine::use_cases::settling;

use super::common::{Opened, block_on, judged, open};
use super::planning::listen;
use super::reading::snapshot_name;
use crate::arguments::{
    Cli, KeyRotateArgs, LockOptions, LockReleaseArgs, RecoverArgs, SnapshotLabelArgs, SnapshotPruneArgs,
    SnapshotVerifyArgs, StateMoveArgs, StateRemoveArgs,
};
use crate::confirm::approval;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::words::counted;
use crate::state;

/// Asks before something is done that plans nothing.
pub fn approve(question: &str, auto_approve: bool) -> Result<(), Failure> {
    judged(approval(question, auto_approve))
}

/// `siac state mv`
pub fn state_move(arguments: &StateMoveArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    approve(&format!("Remember {} as {}?", arguments.from, arguments.to), arguments.auto_approve)?;
    let change = Edit::Move { from: arguments.from.clone(), to: arguments.to.clone() };
    edit(&opened, &[change], &arguments.lock, desk)
}

/// `siac state rm`
pub fn state_remove(arguments: &StateRemoveArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(None, None, cli, desk)?;
    let names: Vec<String> = arguments.addresses.iter().map(ToString::to_string).collect();
    approve(&format!("Forget {}, and leave what exists alone?", names.join(", ")), arguments.auto_approve)?;
    let changes: Vec<Edit> = arguments.addresses.iter().cloned().map(Edit::Forget).collect();
    edit(&opened, &changes, &arguments.lock, desk)
}

fn edit(opened: &Opened, changes: &[Edit], lock: &LockOptions, desk: &Desk) -> Result<Exit, Failure> {
    block_on(async {
        let interrupts = listen()?;
        let mut listener = desk.listener(None, interrupts.asked.clone());
        let locked = settling::lock(
            &opened.site,
            &opened.store,
            Purpose::Edit,
            &opened.wait(lock)?,
            &mut listener,
            interrupts.stop,
        )
        .await?;
        let published = editing::edit(&opened.site, locked, changes, &mut listener).await?;
        listener.finish();
        desk.say(&format!("{}; snapshot {} is published", published.snapshot.summary, published.snapshot.serial));
        Ok(Exit::Done)
    })
}

/// `siac recover`
pub fn recover(arguments: &RecoverArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    block_on(async {
        let interrupts = listen()?;
        let mut listener = desk.listener(None, interrupts.asked.clone());
        let locked = settling::lock(
            &opened.site,
            &opened.store,
            Purpose::Recover,
            &opened.wait(&arguments.lock)?,
            &mut listener,
            interrupts.stop,
        )
        .await?;
        listener.finish();
        let unknown = locked.unknown.clone();
        let answers = arguments
            .present
            .iter()
            .map(|address| (address, true))
            .chain(arguments.absent.iter().map(|address| (address, false)));
        let answers: Vec<_> = answers.map(|(address, happened)| (address.clone(), happened)).collect();
        if answers.is_empty() {
            locked.session.release(Leaving::Clean).await?;
            return Ok(told(&unknown, desk));
        }
        let mut listener = desk.listener(None, interrupts.asked);
        let left = editing::answer_unknown(&opened.site, locked, &answers, &mut listener).await?;
        listener.finish();
        Ok(told(&left, desk))
    })
}

/// Says which outcomes nobody can tell.
fn told(unknown: &[siac_core::model::event::Intent], desk: &Desk) -> Exit {
    if unknown.is_empty() {
        desk.say("everything is settled");
        return Exit::Done;
    }
    for intent in unknown {
        desk.say(&format!("nobody can tell whether this happened: {:?} of {}", intent.verb, intent.address));
        desk.say(&format!(
            "  look, then say so:\n  siac recover --present {0}\n  siac recover --absent {0}",
            intent.address
        ));
    }
    Exit::OutcomeUnknown
}

/// `siac lock release`
pub fn lock_release(arguments: &LockReleaseArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    approve("Take the lock away? The run that holds it can start nothing more.", arguments.auto_approve)?;
    let holder = block_on(async { opened.store.break_lock().await.map_err(still_alive) })?;
    match holder {
        Some(holder) => desk.say(&format!("the lock was taken from {holder}; the next run settles what it left")),
        None => desk.say("the lock was free"),
    }
    Ok(Exit::Done)
}

/// A store that knows its holder to be alive gives the lock to nobody else.
fn still_alive(error: StoreError) -> Failure {
    match &error {
        StoreError::Held { holder: Some(holder), .. } => Failure::with_exit(
            Exit::LockHeld,
            format!("the run that holds the lock is alive on this machine: {holder}"),
        )
        .help(format!("end it first, and the lock is free: `kill {}`", holder.process)),
        _ => error.into(),
    }
}

/// `siac snapshot label`
pub fn label(arguments: &SnapshotLabelArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    block_on(async {
        let session = locked(&opened, Purpose::Edit, &arguments.lock, desk).await?;
        let label = Some(arguments.label.as_str()).filter(|label| !label.is_empty());
        let published = session.label(&snapshot_name(&arguments.snapshot), label).await?;
        desk.say(&format!("{}; snapshot {} is published", published.snapshot.summary, published.snapshot.serial));
        Ok(Exit::Done)
    })
}

/// The lock, with everything settled that an earlier run left.
async fn locked(opened: &Opened, purpose: Purpose, lock: &LockOptions, desk: &Desk) -> Result<Session, Failure> {
    let interrupts = listen()?;
    let mut listener = desk.listener(None, interrupts.asked.clone());
    let locked =
        settling::lock(&opened.site, &opened.store, purpose, &opened.wait(lock)?, &mut listener, interrupts.stop)
            .await?;
    listener.finish();
    Ok(locked.session)
}

/// `siac snapshot verify`
pub fn verify(arguments: &SnapshotVerifyArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(None, None, cli, desk)?;
    block_on(async {
        for name in &arguments.snapshots {
            let found = opened.store.find(&snapshot_name(name)).await?;
            desk.say(&format!("snapshot {} ({}) opens and is sound", found.snapshot.serial, found.id));
        }
        if !arguments.snapshots.is_empty() {
            return Ok(Exit::Done);
        }
        let verified = opened.store.verify_all().await?;
        desk.say(&format!(
            "opened {}, {} and {}; {} pruned",
            counted(verified.snapshots, "snapshot"),
            counted(verified.artifacts, "artifact"),
            counted(verified.journals, "journal"),
            counted(verified.pruned, "snapshot")
        ));
        verified.problems.iter().for_each(|problem| desk.say(&format!("  {problem}")));
        Ok(if verified.problems.is_empty() { Exit::Done } else { Exit::Error })
    })
}

/// `siac snapshot prune`
pub fn prune(arguments: &SnapshotPruneArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    approve(
        &format!("Delete the contents of all snapshots but the newest {} and the labelled ones?", arguments.keep),
        arguments.auto_approve,
    )?;
    block_on(async {
        let session = locked(&opened, Purpose::Prune, &arguments.lock, desk).await?;
        let pruned = session.prune(Keep { last: arguments.keep, labelled: true }).await?;
        desk.say(&format!(
            "deleted {} snapshots, {} artifacts and {} leftovers",
            pruned.snapshots, pruned.artifacts, pruned.leftovers
        ));
        Ok(Exit::Done)
    })
}

/// `siac key rotate`
pub fn rotate(arguments: &KeyRotateArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let new = state::new_key(&arguments.to, &opened.located.state, &opened.file.project)?;
    let wait = opened.wait(&arguments.lock)?;
    block_on(async {
        let mut on_wait = |_: &Waiting| desk.say("another run holds the lock; waiting");
        let count = opened.store.rotate(&[new], &wait, &mut on_wait).await?;
        desk.say(&format!(
            "{count} objects are sealed with the new key\n  now set `key = {:?}` in `[state]`, or SIAC_PASSPHRASE",
            arguments.to
        ));
        Ok(Exit::Done)
    })
}
