use std::{thread, time::Duration};

fn main() {
    eprint!("Name? ");
    thread::spawn(|| thread::sleep(Duration::from_secs(1))).join().unwrap();
    println!("done");
}
