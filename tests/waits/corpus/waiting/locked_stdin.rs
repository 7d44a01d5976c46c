use std::io::{self, BufRead};

fn main() {
    eprint!("Name? ");
    let mut name = Vec::new();
    io::stdin().lock().read_until(b'\n', &mut name).unwrap();
    println!("done: {}", String::from_utf8_lossy(&name).trim());
}
