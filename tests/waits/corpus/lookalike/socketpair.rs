use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::{thread, time::Duration};

fn main() {
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(1));
        theirs.write_all(b"done").unwrap();
    });
    let mut text = String::new();
    ours.read_to_string(&mut text).unwrap();
    println!("{text}");
}
