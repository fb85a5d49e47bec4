//! What can be said of a stack without evaluating it: attributes against schemas, references against declarations.

mod attributes;
mod components;
mod imports;
mod references;

use crate::model::diagnostic::Diagnostics;
use crate::model::stack::Stack;
use crate::ports::Catalogues;

/// Checks a whole stack.
pub(super) fn stack(stack: &Stack, catalogues: &Catalogues, problems: &mut Diagnostics) {
    attributes::providers(stack, catalogues, problems);
    for (index, module) in stack.modules.iter().enumerate() {
        for declaration in &module.resources {
            attributes::declaration(stack, declaration, catalogues, problems);
        }
        for component in &module.components {
            components::component(stack, component, catalogues, problems);
        }
        references::Checker { stack, module, index, catalogues, problems }.check();
    }
    references::state_and_providers(stack, problems);
    imports::check(stack, problems);
}
