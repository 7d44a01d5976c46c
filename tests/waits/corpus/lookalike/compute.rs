use std::time::{Duration, Instant};

fn main() {
    let start = Instant::now();
    let mut total: u64 = 0;
    while start.elapsed() < Duration::from_secs(1) {
        total = total.wrapping_add(1);
    }
    println!("done after {total}");
}
