//! A panic of the interpreter ends the instance; before that, the host is told why.

use crate::bindings::meter;

/// Reports panics to the host. The trap follows by itself.
pub(crate) fn report() {
    std::panic::set_hook(Box::new(|info| meter::panicked(&info.to_string())));
}
