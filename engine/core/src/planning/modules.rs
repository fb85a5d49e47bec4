//! The modules of a stack, instance by instance, with everything that has been evaluated in them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::draft::Evaluated;
use crate::model::address::{Mode, ResourceAddress, ScopeKind, ScopeStep};
use crate::model::diagnostic::Diagnostic;
use crate::model::stack::Stack;
use crate::model::value::Partial;
use crate::serverless::Part;

/// The modules of a stack in the course of evaluation.
pub(super) struct Modules<'a> {
    pub stack: &'a Stack,
    /// For each module of the stack: what its names mean.
    pub names: Vec<Names<'a>>,
    /// For each module of the stack: its instances.
    pub instances_of: Vec<Vec<usize>>,
    /// Every module instance; the root comes first.
    pub instances: Vec<ModuleInstance<'a>>,
}

/// What the names of one module mean.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Declarations by mode, kind and name: their index in the module.
    pub declarations: HashMap<(Mode, &'a str, &'a str), usize>,
    /// Components by name: their index in the module.
    pub components: BTreeMap<&'a str, usize>,
    /// Modules that it calls, by name: their index in the stack.
    pub calls: BTreeMap<&'a str, usize>,
}

/// One instance of a module.
#[derive(Debug)]
pub(super) struct ModuleInstance<'a> {
    /// Which module, by index in the stack.
    pub module: usize,
    /// The instance that calls it; none for the root.
    pub caller: Option<usize>,
    /// The scope of the addresses inside.
    pub scope: Vec<ScopeStep>,
    /// `each` in the arguments of the call.
    pub each: Option<Each>,
    pub variables: HashMap<&'a str, Evaluated>,
    pub locals: HashMap<&'a str, Evaluated>,
    pub outputs: BTreeMap<&'a str, Evaluated>,
    /// The instances of each declaration, by the declaration's index.
    pub declared: Vec<Declared>,
    /// The instances of each component, by the component's index.
    pub expanded: Vec<Expanded>,
    /// The instances of the modules that it calls, by the module's index in the stack.
    pub called: HashMap<usize, Called>,
    /// What everything inside waits for, beyond what it refers to.
    pub carried: BTreeSet<ResourceAddress>,
}

/// `each` of one instance.
#[derive(Debug, Clone)]
pub(super) struct Each {
    pub key: String,
    pub key_value: Partial,
    pub value: Partial,
}

/// The instances of a declaration.
#[derive(Debug, Default)]
pub(super) enum Declared {
    /// They cannot be told: a question is open, or a problem was reported.
    #[default]
    Unusable,
    /// It is not part of the stack.
    Absent,
    /// One, without a key.
    Single(ResourceAddress),
    /// One for each key.
    Keyed {
        addresses: BTreeMap<String, ResourceAddress>,
        /// All of them as one value, made when it is first asked for.
        whole: OnceCell<Partial>,
    },
}

impl Declared {
    /// The addresses of all instances.
    pub fn addresses(&self) -> Vec<&ResourceAddress> {
        match self {
            Self::Unusable | Self::Absent => Vec::new(),
            Self::Single(address) => vec![address],
            Self::Keyed { addresses, .. } => addresses.values().collect(),
        }
    }
}

/// The instances of a component.
#[derive(Debug, Default)]
pub(super) enum Expanded {
    /// They cannot be told: a question is open, or a problem was reported.
    #[default]
    Unusable,
    /// It is not part of the stack.
    Absent,
    /// One, without a key.
    Single(Expansion),
    /// One for each key.
    Keyed(BTreeMap<String, Expansion>),
}

/// What one component instance has become.
#[derive(Debug)]
pub(super) struct Expansion {
    /// The scope of its parts.
    pub scope: Vec<ScopeStep>,
    /// The provider instance.
    pub provider: String,
    /// Its parts, each after what it needs of the others.
    pub parts: Vec<Part>,
    /// What others can see.
    pub outputs: BTreeMap<String, Partial>,
    /// What was said of it while it was expanded.
    pub problems: Vec<Diagnostic>,
    /// False when nothing can be said of it.
    pub is_usable: bool,
}

impl Expanded {
    /// All instances.
    pub fn all(&self) -> Vec<&Expansion> {
        match self {
            Self::Unusable | Self::Absent => Vec::new(),
            Self::Single(expansion) => vec![expansion],
            Self::Keyed(expansions) => expansions.values().collect(),
        }
    }

    /// Whether not even the instances can be told.
    pub fn is_untold(&self) -> bool {
        matches!(self, Self::Unusable)
    }

    /// The addresses of all parts of all instances.
    pub fn addresses(&self) -> impl Iterator<Item = &ResourceAddress> {
        self.all().into_iter().flat_map(|expansion| expansion.parts.iter().map(|part| &part.address))
    }
}

/// The instances of a called module.
#[derive(Debug)]
pub(super) enum Called {
    /// They cannot be told.
    Unusable,
    /// It is not part of the stack.
    Absent,
    /// One, without a key.
    Single(usize),
    /// One for each key.
    Keyed(BTreeMap<String, usize>),
}

impl Called {
    /// The indices of all instances.
    pub fn all(&self) -> Vec<usize> {
        match self {
            Self::Unusable | Self::Absent => Vec::new(),
            Self::Single(at) => vec![*at],
            Self::Keyed(instances) => instances.values().copied().collect(),
        }
    }
}

impl<'a> Modules<'a> {
    /// The modules of a stack, nothing evaluated yet. Only the root has an instance.
    pub fn new(stack: &'a Stack) -> Self {
        let mut names: Vec<Names<'a>> = stack.modules.iter().map(|_| Names::default()).collect();
        for (index, module) in stack.modules.iter().enumerate() {
            for (at, declaration) in module.resources.iter().enumerate() {
                let key = (declaration.mode, declaration.kind.as_str(), declaration.name.as_str());
                names[index].declarations.insert(key, at);
            }
            names[index].components =
                module.components.iter().enumerate().map(|(at, component)| (component.name.as_str(), at)).collect();
            let caller = module.call.as_ref().and_then(|call| names.get_mut(call.caller));
            if let (Some(caller), Some(name)) = (caller, module.path.last()) {
                caller.calls.insert(name, index);
            }
        }
        let mut modules =
            Self { stack, names, instances_of: vec![Vec::new(); stack.modules.len()], instances: Vec::new() };
        if !stack.modules.is_empty() {
            modules.add(0, None, None, BTreeSet::new());
        }
        modules
    }

    /// Adds an instance of a module.
    pub fn add(
        &mut self,
        module: usize,
        caller: Option<usize>,
        each: Option<Each>,
        carried: BTreeSet<ResourceAddress>,
    ) -> usize {
        let declaration = &self.stack.modules[module];
        let mut scope = caller.map(|caller| self.instances[caller].scope.clone()).unwrap_or_default();
        if let (Some(_), Some(name)) = (caller, declaration.path.last()) {
            let key = each.as_ref().map(|each| each.key.clone());
            scope.push(ScopeStep { kind: ScopeKind::Module, name: name.clone(), key });
        }
        let at = self.instances.len();
        self.instances_of[module].push(at);
        self.instances.push(ModuleInstance {
            module,
            caller,
            scope,
            each,
            variables: HashMap::new(),
            locals: HashMap::new(),
            outputs: BTreeMap::new(),
            declared: declaration.resources.iter().map(|_| Declared::default()).collect(),
            expanded: declaration.components.iter().map(|_| Expanded::default()).collect(),
            called: HashMap::new(),
            carried,
        });
        at
    }

    /// Every resource inside a module instance, those of the modules that it calls included.
    pub fn everything_in(&self, instance: usize) -> Vec<&ResourceAddress> {
        let mut found = Vec::new();
        let mut pending = vec![instance];
        while let Some(at) = pending.pop() {
            let instance = &self.instances[at];
            found.extend(instance.declared.iter().flat_map(Declared::addresses));
            found.extend(instance.expanded.iter().flat_map(Expanded::addresses));
            pending.extend(instance.called.values().flat_map(Called::all));
        }
        found
    }
}
