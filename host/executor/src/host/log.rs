//! `picloud:script/log`: never fails. What exceeds the limit is dropped and counted.

use execution::{Level, LogLine};

use crate::{
    bindings::log::{Host, Level as WitLevel},
    state::State,
};

impl Host for State {
    fn write(&mut self, level: WitLevel, mut message: String, fields: Option<String>) -> wasmtime::Result<()> {
        self.mask.apply_to_line(&mut message);
        let fields = fields.map(|fields| self.mask.apply_to_fields(fields));
        let room = self.log_bytes_left.min(self.log_line_bytes);
        // Fields are JSON and cannot be cut: without room for them they go first.
        let fields = fields.filter(|fields| fields.len() <= room);
        let room = room - fields.as_ref().map_or(0, String::len);
        if self.log_bytes_left == 0 || (room == 0 && !message.is_empty()) {
            self.logs.dropped += 1;
            return Ok(());
        }
        message.truncate(message.floor_char_boundary(room));
        // What was cut off is given back: a line may be kept for minutes.
        message.shrink_to_fit();
        // An empty line costs a byte too: else a script could keep lines for nothing.
        self.log_bytes_left = self.log_bytes_left.saturating_sub((message.len() + fields.as_ref().map_or(0, String::len)).max(1));
        self.logs.lines.push(LogLine { level: level.into(), message, fields });
        Ok(())
    }
}

impl From<WitLevel> for Level {
    fn from(level: WitLevel) -> Self {
        match level {
            WitLevel::Trace => Self::Trace,
            WitLevel::Info => Self::Info,
            WitLevel::Warn => Self::Warn,
            WitLevel::Error => Self::Error,
        }
    }
}
