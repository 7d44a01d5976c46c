// A conversation in JavaScript: a text, a whole number, and a calculation with two numbers.
const readline = require("node:readline");

const terminal = readline.createInterface({ input: process.stdin, output: process.stdout });
// From an iterator, since question() drops lines that arrive before it asks.
const lines = terminal[Symbol.asyncIterator]();

async function ask(question) {
  terminal.setPrompt(question);
  terminal.prompt();
  return (await lines.next()).value;
}

async function main() {
  const name = await ask("What is your name? ");
  console.log(`Hello, ${name}!`);

  const age = parseInt(await ask("How old are you? "), 10);
  console.log(`Next year you will be ${age + 1}.`);

  const first = parseFloat(await ask("First number? "));
  const second = parseFloat(await ask("Second number? "));
  console.log(`Sum: ${(first + second).toFixed(2)}`);
  console.log(`Product: ${(first * second).toFixed(2)}`);
  console.log(`Goodbye, ${name}!`);
  terminal.close();
}

main();
