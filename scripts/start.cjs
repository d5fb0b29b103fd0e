// `npm start`: serves, from a fresh clone too. Arguments after `--` go to `spillway up`.
'use strict';

var os = require('os');

stopWithNpm();
require('./bootstrap.cjs').launch('bin/spillway.js', ['up'].concat(process.argv.slice(2)), ['undici']);

// npm passes a SIGTERM to the shell between itself and us, and that shell dies without telling us (measured with dash).
// A new parent is how we learn of it; without this a stopped `npm start` would leave the server running.
// Not after Ctrl-C, which the server got from the terminal itself: a second signal would mean "now" and cut the drain.
function stopWithNpm() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return;
  var parent = process.ppid;
  var signalled = false;
  ['SIGINT', 'SIGTERM'].forEach(function (signal) {
    process.on(signal, function () {
      signalled = true;
      // Nobody else listens yet (still installing or loading): end, as without this listener.
      if (process.listenerCount(signal) === 1) process.exit(128 + os.constants.signals[signal]);
    });
  });
  var watch = setInterval(function () {
    if (process.ppid === parent) return;
    clearInterval(watch);
    if (!signalled) process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}
