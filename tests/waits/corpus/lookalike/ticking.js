let beats = 0;
const beating = setInterval(() => {
  beats += 1;
  if (beats === 20) {
    clearInterval(beating);
    console.log("done");
  }
}, 50);
