// Finds a Node new enough to run Spillway, and runs it.
// npm starts package scripts with whatever Node the machine has, so this file must parse on very old ones:
// plain old JavaScript, no dependencies.
'use strict';

var fs = require('fs');
var path = require('path');
var childProcess = require('child_process');

var NODE_MAJOR = 24;

/** True when the Node that runs this file can run Spillway. */
function isRecent() {
  return parseInt(process.versions.node, 10) >= NODE_MAJOR;
}

/** Path of a Node that can run Spillway: this one, or the one pinned under `root`/node_modules; null when there is none. */
function findRuntime(root) {
  if (isRecent()) return process.execPath;
  var executable = process.platform === 'win32' ? 'node.exe' : 'node';
  var pinned = path.join(root, 'node_modules', pinnedPackage(), 'bin', executable);
  return fs.existsSync(pinned) ? pinned : null;
}

/** Name of the npm package that holds Node for this platform. */
function pinnedPackage() {
  var platform = process.platform === 'win32' ? 'win' : process.platform;
  return 'node-' + platform + '-' + process.arch;
}

/** The one line a user reads when no Node fits. */
function missingRuntimeLine() {
  return (
    'spillway: needs Node ' +
    NODE_MAJOR +
    ' or newer; this is Node ' +
    process.versions.node +
    ' and no pinned runtime is installed for ' +
    process.platform +
    '-' +
    process.arch +
    '. Install Node ' +
    NODE_MAJOR +
    ' and try again.'
  );
}

/** Runs `node args…` in the foreground: same terminal, signals passed on, its exit code ours. */
function runInForeground(node, args) {
  var child = childProcess.spawn(node, args, { stdio: 'inherit' });
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      // A terminal sends Ctrl-C to the whole group, so the child has it already; twice would read as "quit now".
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  });
  process.on('exit', function () {
    child.kill('SIGTERM');
  });
  child.on('error', function (error) {
    console.error('spillway: cannot run ' + node + ': ' + error.message);
    process.exit(1);
  });
  child.on('exit', function (code, signal) {
    process.exit(signal ? 128 + (require('os').constants.signals[signal] || 0) : code);
  });
}

module.exports = {
  isRecent: isRecent,
  findRuntime: findRuntime,
  pinnedPackage: pinnedPackage,
  missingRuntimeLine: missingRuntimeLine,
  runInForeground: runInForeground,
};
