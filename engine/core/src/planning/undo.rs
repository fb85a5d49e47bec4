//! How each step is taken back.

use crate::model::plan::{Deposed, Operation, Undo};
use crate::model::schema::KindSchema;

/// How an operation on an object of a kind is taken back. A kind that is not known is treated as one without data.
pub(super) fn undo(operation: &Operation, kind: Option<&KindSchema>) -> Undo {
    match operation {
        Operation::Create { .. } => Undo::DeleteCreated,
        Operation::Update { .. } => Undo::Restore,
        // What an earlier run left to be deleted is not wanted back.
        Operation::Delete { deposed: Some(Deposed::Left(_)) } => Undo::Nothing,
        Operation::Delete { .. } if kind.is_some_and(|kind| kind.data_bearing) => {
            Undo::Impossible { why: "it holds data that siac cannot restore".to_owned() }
        }
        Operation::Delete { .. } => Undo::Recreate,
        Operation::Depose => Undo::Reinstate,
        Operation::Read { .. }
        | Operation::Import { .. }
        | Operation::Move { .. }
        | Operation::Forget { .. }
        | Operation::Record { .. }
        | Operation::Lost => Undo::Nothing,
    }
}
