//! Recording an execution, and running it again from the recording alone.
//!
//! In order of use: [`Recorder`] writes down what is answered while a script runs; [`Recording`] is that with everything else that determined the run, as
//! it is kept; [`Replay`] answers from it. Nothing here touches a store, a network or a clock.

mod course;
mod faults;
mod kept;
mod recorder;
mod recording;
mod written;

pub use course::{Course, Divergence, Replay};
pub use faults::{Fault, Faulted, Faults, Faulty, Sent};
pub use kept::{Exported, KeptRecording, NotReplayable, Secrets};
pub use recorder::{Call, Recorder, Tape};
pub use recording::{Ended, FORMAT, Recording, Replayed};
