use std::io::{self, Write};

struct Player {
    number: u64,
    word: u64,
}

fn adler(bytes: &[u8]) -> u64 {
    let (mut a, mut b) = (1u64, 0u64);
    for byte in bytes {
        a = (a + *byte as u64) % 65521;
        b = (b + a) % 65521;
    }
    b * 65536 + a
}

impl Player {
    fn tell(&mut self, text: &str) {
        self.number += 1;
        let body = format!("{} {}", self.number, text);
        println!("{} {}", body, adler(body.as_bytes()));
        io::stdout().flush().unwrap();
    }

    fn turn(&mut self) -> u64 {
        self.word = (self.word * 1103515245 + 12345) % 2147483648;
        self.word
    }

    fn hear(&mut self) {
        let mut line = String::new();
        io::stdin().read_line(&mut line).unwrap();
        self.tell(&format!("heard {}", line.trim_end_matches('\n')));
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut player = Player { number: 0, word: args[1].parse().unwrap() };
    for step in &args[2..] {
        let parts: Vec<&str> = step.split(':').collect();
        match parts[0] {
            "say" => {
                let width: usize = parts[3].parse().unwrap();
                for _ in 0..parts[1].parse::<u64>().unwrap() {
                    let text = format!("{} {}", player.turn(), "ü".repeat(width));
                    player.tell(&text);
                }
            }
            "work" => {
                for _ in 0..parts[1].parse::<u64>().unwrap() {
                    player.turn();
                }
                let text = format!("worked {}", player.word);
                player.tell(&text);
            }
            "ask" => {
                print!("{}? ", player.number + 1);
                io::stdout().flush().unwrap();
                player.hear();
            }
            "read" => player.hear(),
            _ => {}
        }
    }
}
