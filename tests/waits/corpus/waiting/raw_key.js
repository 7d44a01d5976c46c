process.stdin.setRawMode(true);
process.stdout.write("Press a key: ");
process.stdin.once("data", (data) => {
  process.stdin.setRawMode(false);
  console.log(`\ndone: ${data.toString()[0]}`);
  process.exit(0);
});
