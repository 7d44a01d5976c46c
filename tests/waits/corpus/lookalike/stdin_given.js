let size = 0;
process.stdin.on("data", (data) => (size += data.length));
process.stdin.on("end", () => setTimeout(() => console.log(`done: ${size} bytes`), 1000));
