use std::io;

fn main() {
    for line in io::stdin().lines() {
        println!("line {}", line.unwrap());
    }
    println!("done");
}
