const readline = require("readline");

let number = 0;
let word = BigInt(process.argv[2]);

function adler(bytes) {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

function tell(text) {
  number += 1;
  const body = `${number} ${text}`;
  process.stdout.write(`${body} ${adler(Buffer.from(body))}\n`);
}

function turn() {
  word = (word * 1103515245n + 12345n) % 2147483648n;
  return word;
}

async function main() {
  let lines = null;
  async function line() {
    lines ??= readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    return (await lines.next()).value;
  }
  for (const step of process.argv.slice(3)) {
    const [name, ...values] = step.split(":");
    if (name === "say") {
      const [count, pause, width] = values.map(Number);
      for (let i = 0; i < count; i++) {
        tell(`${turn()} ` + "ü".repeat(width));
        if (pause) await new Promise((done) => setTimeout(done, pause));
      }
    } else if (name === "work") {
      for (let i = 0; i < Number(values[0]); i++) turn();
      tell(`worked ${word}`);
    } else if (name === "ask") {
      process.stdout.write(`${number + 1}? `);
      tell("heard " + (await line()));
    } else if (name === "read") {
      tell("heard " + (await line()));
    } else if (name === "rest") {
      const parts = [];
      for await (const part of process.stdin) parts.push(part);
      const rest = Buffer.concat(parts);
      tell(`rest ${rest.length} ${adler(rest)}`);
    }
  }
  if (lines) process.stdin.destroy();
}

main();
