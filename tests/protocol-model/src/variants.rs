//! The protocols that are checked: siac's own, what it does for each class of resources under each kind of lock, and others that must fail.

use crate::properties::{DUPLICATE, FORK, GHOST, LOST, ORPHAN, SEALED};
use crate::protocol::{Class, Draw, Journaling, Protocol, Takeover, Write};

/// A protocol with a name, and what is known of it.
#[derive(Debug, Clone)]
pub struct Variant {
    /// What it is called in tables.
    pub name: String,
    /// How it behaves.
    pub protocol: Protocol,
    /// The properties that it violates; none, when it holds.
    pub caught_by: Vec<&'static str>,
}

/// siac's protocol, where an operation has a token and nobody needs to be known dead.
pub const SIAC: Protocol = Protocol {
    acquire: Write::CompareAndSwap,
    publish: Write::CompareAndSwap,
    journal: Journaling::Sealed,
    takeover: Takeover::AtAnyTime,
    self_fence: false,
    drain: false,
    class: Class::Token,
    draw: Draw::Fresh,
};

/// What Terraform and its likes do: a lock and a state file, written when all is over.
const LOCK_AND_FILE: Protocol =
    Protocol { publish: Write::Unconditional, journal: Journaling::None, class: Class::NothingHope, ..SIAC };

/// A lock, and how long a new holder waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// What it is called in tables.
    pub name: &'static str,
    takeover: Takeover,
    self_fence: bool,
    drain: bool,
}

impl Guard {
    /// siac's protocol with this lock, for resources of this class.
    pub fn protocol(self, class: Class) -> Protocol {
        Protocol { takeover: self.takeover, self_fence: self.self_fence, drain: self.drain, class, ..SIAC }
    }

    /// Whether an object without a token can be found again safely: every request that may still arrive was waited for,
    /// and no new one can start.
    fn leaves_nothing_under_way(self) -> bool {
        self.drain && (self.self_fence || self.takeover == Takeover::WhenDead)
    }
}

/// The locks.
pub const GUARDS: [Guard; 6] = [
    Guard { name: "any time", takeover: Takeover::AtAnyTime, self_fence: false, drain: false },
    Guard { name: "any time, drain", takeover: Takeover::AtAnyTime, self_fence: false, drain: true },
    Guard { name: "any time, self-fence", takeover: Takeover::AtAnyTime, self_fence: true, drain: false },
    Guard { name: "any time, self-fence, drain", takeover: Takeover::AtAnyTime, self_fence: true, drain: true },
    Guard { name: "known dead", takeover: Takeover::WhenDead, self_fence: false, drain: false },
    Guard { name: "known dead, drain", takeover: Takeover::WhenDead, self_fence: false, drain: true },
];

/// The ways of finding an object again, by name.
pub const CLASSES: [(&str, Class); 5] = [
    ("token", Class::Token),
    ("unique name", Class::Name),
    ("tag", Class::Tag),
    ("nothing, ask", Class::NothingAsk),
    ("nothing, hope", Class::NothingHope),
];

/// siac's protocol for each class of resources under each lock: class by class, the locks in the order of [`GUARDS`].
pub fn matrix() -> Vec<Variant> {
    let cells = CLASSES.iter().flat_map(|class| GUARDS.iter().map(move |guard| (guard, class)));
    cells.map(|(guard, (name, class))| cell(*guard, name, *class)).collect()
}

fn cell(guard: Guard, class_name: &str, class: Class) -> Variant {
    Variant {
        name: format!("{class_name}; taken: {}", guard.name),
        protocol: guard.protocol(class),
        caught_by: weakness(guard, class),
    }
}

/// What goes wrong with a class of resources under a lock.
fn weakness(guard: Guard, class: Class) -> Vec<&'static str> {
    let safe = guard.leaves_nothing_under_way();
    match class {
        Class::Token | Class::NothingAsk => vec![],
        Class::TokenReadBack | Class::Name | Class::Tag if safe => vec![],
        Class::Name => vec![ORPHAN, GHOST],
        Class::TokenReadBack | Class::Tag | Class::NothingHope => vec![ORPHAN, DUPLICATE],
    }
}

/// Protocols that leave something out, and what sees it.
pub fn mutants() -> Vec<Variant> {
    let unsealed = Protocol { journal: Journaling::Unsealed, ..SIAC };
    vec![
        mutant("old journals are not sealed", unsealed, &[ORPHAN, GHOST, DUPLICATE]),
        mutant(
            "appends do not look whether their place is free",
            Protocol { journal: Journaling::SealIgnored, ..SIAC },
            &[ORPHAN, GHOST, DUPLICATE, SEALED],
        ),
        mutant("no journal", Protocol { journal: Journaling::None, ..SIAC }, &[ORPHAN, GHOST, DUPLICATE]),
        mutant(
            "published without compare-and-swap",
            Protocol { publish: Write::Unconditional, ..SIAC },
            &[LOST, FORK, ORPHAN, GHOST],
        ),
        mutant(
            "taken by look, then put",
            Protocol { acquire: Write::Unconditional, ..SIAC },
            &[LOST, FORK, ORPHAN, GHOST, DUPLICATE],
        ),
        mutant(
            "recovery looks for the token's object instead of asking again",
            Protocol { class: Class::TokenReadBack, ..SIAC },
            &[ORPHAN, DUPLICATE],
        ),
        mutant(
            "token computed from address and generation",
            Protocol { draw: Draw::AddressAndGeneration, ..SIAC },
            &[GHOST],
        ),
        mutant("lock and state file, force-unlock", LOCK_AND_FILE, &[LOST, FORK, ORPHAN, GHOST, DUPLICATE]),
        mutant(
            "lock and state file, nobody forces the lock",
            Protocol { takeover: Takeover::WhenDead, ..LOCK_AND_FILE },
            &[ORPHAN, GHOST, DUPLICATE],
        ),
    ]
}

/// What a lock that only death releases makes unnecessary. siac does it all the same: one protocol for every store.
pub fn redundancies() -> Vec<Variant> {
    let local = Protocol { takeover: Takeover::WhenDead, ..SIAC };
    let bare = Protocol { journal: Journaling::Unsealed, publish: Write::Unconditional, ..local };
    vec![
        mutant("local lock, journals not sealed", Protocol { journal: Journaling::Unsealed, ..local }, &[]),
        mutant("local lock, neither sealed nor published by compare-and-swap", bare, &[]),
    ]
}

fn mutant(name: &str, protocol: Protocol, caught_by: &[&'static str]) -> Variant {
    Variant { name: name.to_owned(), protocol, caught_by: caught_by.to_vec() }
}
