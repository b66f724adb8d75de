//! Pages of the documentation whose commands are run.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// The commands of a page, block by block: what stands between "```sh" and "```", or another kind that is to be run elsewhere.
pub(crate) fn commands(workspace: &Path, page: &str, kind: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(workspace.join(page)).with_context(|| format!("reading {page}"))?;
    let blocks = blocks(&text, kind);
    anyhow::ensure!(!blocks.is_empty(), "{page} has no commands in blocks of `{kind}`");
    Ok(blocks)
}

fn blocks(text: &str, kind: &str) -> Vec<String> {
    let opening = format!("```{kind}");
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match &mut open {
            None if line == opening => open = Some(String::new()),
            None => {}
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_in_blocks_of_their_kind() {
        let page = "text\n```sh\none\ntwo\n```\n```toml\nno = 1\n```\n`sh`\n```sh\nthree\n```\n```sh there\nfour\n```\n";
        assert_eq!(blocks(page, "sh"), ["one\ntwo\n", "three\n"]);
        assert_eq!(blocks(page, "sh there"), ["four\n"]);
    }
}
