use std::{sync::mpsc, thread, time::Duration};

fn main() {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(1));
        sender.send("done").unwrap();
    });
    println!("{}", receiver.recv().unwrap());
}
