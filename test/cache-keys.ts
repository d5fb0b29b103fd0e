// `node test/cache-keys.ts [MILLIONS]`: the long run of the key fuzz, a million requests for each seed (default: 10 of them).
import { fuzzKeys } from './support/key-fuzz.ts';

const millions = Number(process.argv[2] ?? 10);
for (let seed = 1; seed <= millions; seed++) {
  fuzzKeys(seed, 1_000_000);
  console.log(`${seed},000,000 fuzzed keys: none shared by two tenants or two questions`);
}
