// Runs a TypeScript file of this repository with the pinned runtime: node scripts/run.cjs FILE ARGUMENTS…
'use strict';

require('./bootstrap.cjs').launch(process.argv[2], process.argv.slice(3), ['typescript']);
