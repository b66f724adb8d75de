//! How a secret can be named, and how long its value can be: the same rules for scripts and for people.

/// Longest name.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest value.
pub const VALUE_BYTES_MAX: usize = 16 << 10;

/// A letter or `_`, then letters, digits and `_`.
///
/// # Errors
/// The rule, as a sentence.
pub fn check(name: &str) -> Result<(), &'static str> {
    let mut bytes = name.bytes();
    let begins_well = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let goes_on_well = bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if begins_well && goes_on_well && name.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    Err("the name of a secret begins with a letter or _, goes on with letters, digits and _, and has at most 64 of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        let longest = "a".repeat(64);
        for good in ["A", "_", "API_KEY_2", "token", longest.as_str()] {
            assert!(check(good).is_ok(), "{good}");
        }
        let longer = "a".repeat(65);
        for bad in ["", "2A", "A-B", "A B", "A\n", "\u{e4}", "A.B", longer.as_str()] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
