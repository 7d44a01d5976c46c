use std::{env, thread, time::Duration};

fn main() {
    let name = env::args().nth(1).unwrap();
    thread::sleep(Duration::from_secs(1));
    println!("done: {name}");
}
