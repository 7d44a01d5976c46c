use std::process::Command;

fn main() {
    let script = "printf 'Name? '; read x; echo hello $x";
    Command::new("sh").args(["-c", script]).status().unwrap();
    println!("done");
}
