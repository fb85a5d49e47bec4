//! Graphs as Mermaid and DOT. Arrows lead from what is needed to what needs it, the order in which things are made.

mod of_stack;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use siac_core::model::address::ResourceAddress;
use siac_core::model::plan::{Operation, Plan};

use crate::arguments::GraphFormat;
use crate::sanitise;

pub use of_stack::of_stack;

/// What a node stands for; its colour follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A managed resource.
    Resource,
    /// A component: everything that it becomes.
    Component,
    /// A data source, or a step that reads.
    Data,
    /// A step that creates or adopts.
    Create,
    /// A step that changes.
    Update,
    /// A step that deletes.
    Delete,
    /// A step that only writes something down.
    Record,
}

/// Nodes and arrows between them, in a fixed order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    nodes: Vec<(String, NodeKind)>,
    edges: BTreeSet<(usize, usize)>,
}

impl Graph {
    /// Adds a node and answers with its number.
    pub fn node(&mut self, label: impl Into<String>, kind: NodeKind) -> usize {
        self.nodes.push((label.into(), kind));
        self.nodes.len() - 1
    }

    /// Adds an arrow from what is needed to what needs it.
    pub fn edge(&mut self, needed: usize, by: usize) {
        if needed != by {
            self.edges.insert((needed, by));
        }
    }

    /// The graph as text.
    pub fn write(&self, format: GraphFormat) -> String {
        match format {
            GraphFormat::Mermaid => self.mermaid(),
            GraphFormat::Dot => self.dot(),
        }
    }

    fn mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        for (at, (label, kind)) in self.nodes.iter().enumerate() {
            let _ = writeln!(text, "  n{at}[\"{}\"]:::{}", mermaid_label(label), kind.name());
        }
        for (needed, by) in &self.edges {
            let _ = writeln!(text, "  n{needed} --> n{by}");
        }
        for (kind, colour) in self.colours() {
            let _ = writeln!(text, "  classDef {} fill:{colour},stroke:#555,color:#111", kind.name());
        }
        text
    }

    fn dot(&self) -> String {
        let mut text = String::from(
            "digraph siac {\n  rankdir = LR\n  node [shape = box, style = filled, fontname = \"sans-serif\"]\n",
        );
        for (at, (label, kind)) in self.nodes.iter().enumerate() {
            let _ = writeln!(text, "  n{at} [label = \"{}\", fillcolor = \"{}\"]", dot_label(label), kind.colour());
        }
        for (needed, by) in &self.edges {
            let _ = writeln!(text, "  n{needed} -> n{by}");
        }
        text.push_str("}\n");
        text
    }

    /// The colours of the kinds that are in use.
    fn colours(&self) -> BTreeMap<NodeKind, &'static str> {
        self.nodes.iter().map(|(_, kind)| (*kind, kind.colour())).collect()
    }
}

impl NodeKind {
    fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Component => "component",
            Self::Data => "data",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Record => "record",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Resource => "#dbe9f6",
            Self::Component => "#e4dcf4",
            Self::Data => "#d9f0f0",
            Self::Create => "#d7f0d7",
            Self::Update => "#fbeec1",
            Self::Delete => "#f6d5d5",
            Self::Record => "#eeeeee",
        }
    }
}

fn mermaid_label(label: &str) -> String {
    sanitise::line(label).chars().fold(String::new(), |mut text, c| {
        match c {
            '"' | '#' | '<' | '>' | '&' | ';' => {
                let _ = write!(text, "#{};", c as u32);
            }
            c => text.push(c),
        }
        text
    })
}

fn dot_label(label: &str) -> String {
    sanitise::line(label).replace('\\', "\\\\").replace('"', "\\\"")
}

/// The steps of a plan and what each needs.
pub fn of_plan(plan: &Plan) -> Graph {
    let mut graph = Graph::default();
    for step in &plan.steps {
        let (word, kind) = step_words(&step.operation);
        graph.node(format!("{word} {}", step.address), kind);
    }
    for (at, step) in plan.steps.iter().enumerate() {
        let needs = step.needs.iter().map(|need| need.0 as usize).filter(|need| *need < plan.steps.len());
        needs.for_each(|need| graph.edge(need, at));
    }
    graph
}

/// What a step does in a word, and what its node stands for.
pub fn step_words(operation: &Operation) -> (&'static str, NodeKind) {
    match operation {
        Operation::Create { .. } => ("create", NodeKind::Create),
        Operation::Import { .. } => ("import", NodeKind::Create),
        Operation::Update { .. } => ("update", NodeKind::Update),
        Operation::Delete { deposed: None } => ("delete", NodeKind::Delete),
        Operation::Delete { deposed: Some(_) } => ("delete the old", NodeKind::Delete),
        Operation::Read { .. } => ("read", NodeKind::Data),
        Operation::Depose => ("set aside", NodeKind::Record),
        Operation::Move { .. } => ("move", NodeKind::Record),
        Operation::Forget { .. } => ("forget", NodeKind::Record),
        Operation::Record { .. } => ("record", NodeKind::Record),
        Operation::Lost => ("drop", NodeKind::Record),
    }
}

fn node_kind(address: &ResourceAddress) -> NodeKind {
    match address.mode {
        siac_core::model::address::Mode::Managed => NodeKind::Resource,
        siac_core::model::address::Mode::Data => NodeKind::Data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_leave_their_quotes() {
        let mut graph = Graph::default();
        let a = graph.node("a[\"x\"]\x1b", NodeKind::Resource);
        let b = graph.node("b\\\"; click", NodeKind::Data);
        graph.edge(a, b);
        graph.edge(b, b);
        let mermaid = graph.write(GraphFormat::Mermaid);
        assert!(mermaid.contains("n0[\"a[#34;x#34;]\\x1b\"]:::resource\n"), "{mermaid}");
        assert!(mermaid.contains("n1[\"b\\#34;#59; click\"]:::data\n"), "{mermaid}");
        assert_eq!(mermaid.matches("-->").count(), 1);
        let dot = graph.write(GraphFormat::Dot);
        assert!(dot.contains("label = \"b\\\\\\\"; click\""), "{dot}");
        assert!(dot.contains("  n0 -> n1\n}"), "{dot}");
    }
}
