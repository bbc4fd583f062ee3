//! A password typed at a console: without an echo where it is a terminal, else the first line that comes in.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Asks twice on a terminal; the two may differ, which is the caller's to notice. A pipe is read once.
pub fn typed_password() -> io::Result<(String, String)> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let line = line()?;
        return Ok((line.clone(), line));
    }
    let before = tcgetattr(&stdin)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
    let typed = ask("Password: ").and_then(|first| Ok((first, ask("The same again: ")?)));
    tcsetattr(&stdin, OptionalActions::Flush, &before)?;
    typed
}

fn ask(words: &str) -> io::Result<String> {
    eprint!("{words}");
    io::stderr().flush()?;
    let line = line();
    eprintln!();
    line
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
