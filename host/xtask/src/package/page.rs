//! Pages of the documentation whose commands are run.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// The commands of a page, block by block: what stands between "```sh" and "```".
pub(crate) fn commands(workspace: &Path, page: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(workspace.join(page)).with_context(|| format!("reading {page}"))?;
    let blocks = blocks(&text);
    anyhow::ensure!(!blocks.is_empty(), "{page} has no commands in blocks of `sh`");
    Ok(blocks)
}

fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match &mut open {
            None if line == "```sh" => open = Some(String::new()),
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
    fn commands_are_those_in_blocks_of_sh() {
        let page = "text\n```sh\none\ntwo\n```\n```toml\nno = 1\n```\n`sh`\n```sh\nthree\n```\n";
        assert_eq!(blocks(page), ["one\ntwo\n", "three\n"]);
    }
}
