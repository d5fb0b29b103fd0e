// `npm test`: every check and every test, from a fresh clone too. Arguments after `--` narrow it to paths.
'use strict';

var launched = require('./bootstrap.cjs').launch('scripts/test.ts', process.argv.slice(2), [
  'typescript',
  'oxlint',
  'knip',
]);
// Without packages no test could run; say so in the line that CI reads.
if (!launched) console.log('0 passed, 1 failed');
