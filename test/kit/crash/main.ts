/** `npm run test:crash [kills] [files] [seed]`: 200 kills, 1,000 files, a seed of the day unless they are given. */
import { crashRun } from './crash-run.ts';

const [kills = 200, files = 1000, seed = Math.floor(Date.now() / 86_400_000)] = process.argv
  .slice(2)
  .map(Number);
console.log(`crash test: ${files} files, ${kills} kills, seed ${seed}`);
const began = performance.now();
const result = await crashRun({ files, kills, seed, tell: (line) => console.log(line) });
console.log(
  JSON.stringify({
    ...result,
    wrong: result.wrong.length,
    seconds: Math.round((performance.now() - began) / 1000),
  }),
);
for (const line of result.wrong.slice(0, 50)) console.log(`wrong: ${line}`);
if (result.wrong.length > 0) process.exitCode = 1;
