// `npm start`: serves, from a fresh clone too. Arguments after `--` go to `spillway up`.
'use strict';

stopWithNpm();
require('./bootstrap.cjs').launch('bin/spillway.js', ['up'].concat(process.argv.slice(2)), ['undici']);

// npm passes a SIGTERM to the shell between itself and us, and that shell dies without telling us (measured with dash).
// A new parent is how we learn of it; without this a stopped `npm start` would leave the server running.
function stopWithNpm() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return;
  var parent = process.ppid;
  var watch = setInterval(function () {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}
