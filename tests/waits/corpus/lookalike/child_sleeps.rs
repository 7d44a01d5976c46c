use std::process::Command;

fn main() {
    let child = Command::new("sh").args(["-c", "sleep 1; echo done"]).output().unwrap();
    print!("{}", String::from_utf8_lossy(&child.stdout));
}
