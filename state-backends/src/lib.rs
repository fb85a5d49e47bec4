//! Where sealed state is kept, and the keys that open it.
