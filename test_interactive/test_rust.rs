// A conversation in Rust: a text, a whole number, and a calculation with two numbers.
use std::io::{self, Write};

fn ask(question: &str) -> String {
    print!("{question}");
    io::stdout().flush().expect("cannot write");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).expect("cannot read");
    answer.trim().to_string()
}

fn main() {
    let name = ask("What is your name? ");
    println!("Hello, {name}!");

    let age: u32 = ask("How old are you? ").parse().expect("that is not a whole number");
    println!("Next year you will be {}.", age + 1);

    let first: f64 = ask("First number? ").parse().expect("that is not a number");
    let second: f64 = ask("Second number? ").parse().expect("that is not a number");
    println!("Sum: {:.2}", first + second);
    println!("Product: {:.2}", first * second);
    println!("Goodbye, {name}!");
}
