//! `picloud version`.

use std::io::Write as _;

use crate::control_plane::{API_VERSION, SCRIPT_SDK_VERSION};

pub(crate) fn run() -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "picloud     {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(output, "api         {API_VERSION}")?;
    writeln!(output, "schema      {}", store::Store::schema_version())?;
    writeln!(output, "script-sdk  {SCRIPT_SDK_VERSION}")?;
    Ok(())
}
