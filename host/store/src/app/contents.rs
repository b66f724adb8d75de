//! What a deployment consists of, and the rules a change must keep. Pure.
