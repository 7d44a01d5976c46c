use std::io::{self, Write};
use std::process::{Command, Stdio};

fn main() {
    print!("Name? ");
    io::stdout().flush().unwrap();
    let child = Command::new("head").args(["-n", "1"]).stdin(Stdio::inherit()).output().unwrap();
    println!("done: {}", String::from_utf8_lossy(&child.stdout).trim());
}
