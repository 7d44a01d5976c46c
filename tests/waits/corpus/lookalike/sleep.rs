use std::io::{self, Write};
use std::{thread, time::Duration};

fn main() {
    print!("Name? ");
    io::stdout().flush().unwrap();
    thread::sleep(Duration::from_secs(1));
    println!("done");
}
