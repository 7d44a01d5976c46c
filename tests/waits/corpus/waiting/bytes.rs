use std::io::{self, Read, Write};

fn main() {
    print!("Press a letter: ");
    io::stdout().flush().unwrap();
    let letter = io::stdin().bytes().next().unwrap().unwrap();
    println!("done: {}", letter as char);
}
