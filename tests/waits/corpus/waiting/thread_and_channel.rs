use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        print!("Name? ");
        io::stdout().flush().unwrap();
        let mut name = String::new();
        io::stdin().read_line(&mut name).unwrap();
        sender.send(name).unwrap();
    });
    println!("done: {}", receiver.recv().unwrap().trim());
}
