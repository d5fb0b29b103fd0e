// Makes a fresh clone runnable: installs the packages when they are missing or older than the lockfile, then hands over
// to a Node that is new enough. Plain old JavaScript: npm runs it with the machine's own Node.
'use strict';

var fs = require('fs');
var path = require('path');
var crypto = require('crypto');
var url = require('url');
var childProcess = require('child_process');
var runtime = require('../bin/runtime.cjs');

var root = path.dirname(__dirname);

/** Installs what is missing, then runs `file` (relative to the root) with `args`. `needs` lists packages that must be there. */
function launch(file, args, needs) {
  var trouble = install(needs || []);
  var node = trouble ? null : runtime.findRuntime(root);
  if (!node) {
    console.error(trouble || runtime.missingRuntimeLine());
    process.exitCode = 1;
    return false;
  }
  var target = path.join(root, file);
  if (node === process.execPath) {
    process.argv = [process.execPath, target].concat(args);
    void import(url.pathToFileURL(target).href);
  } else {
    runtime.runInForeground(node, [target].concat(args));
  }
  return true;
}

function install(needs) {
  if (isInstalled(needs)) return null;
  if (process.env.SPILLWAY_NO_INSTALL === '1') {
    return 'spillway: packages are missing or out of date and SPILLWAY_NO_INSTALL=1 forbids installing them; run "npm ci".';
  }
  console.error('spillway: installing packages (npm ci), this happens once per lockfile');
  var status = runNpm(['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--loglevel=error']);
  if (status !== 0) return 'spillway: "npm ci" failed; see the lines above.';
  fs.writeFileSync(stampPath(), lockDigest());
  return null;
}

// Current when we installed exactly this lockfile, or when npm ran by hand after the lockfile last changed.
function isInstalled(needs) {
  var present = needs.every(function (name) {
    return fs.existsSync(path.join(root, 'node_modules', name, 'package.json'));
  });
  if (!present || isRuntimeMissing()) return false;
  try {
    if (fs.existsSync(stampPath()) && fs.readFileSync(stampPath(), 'utf8') === lockDigest()) return true;
    var installedAt = fs.statSync(path.join(root, 'node_modules', '.package-lock.json')).mtimeMs;
    return installedAt >= fs.statSync(path.join(root, 'package-lock.json')).mtimeMs;
  } catch (error) {
    return false;
  }
}

// Somebody installed without optional packages, and the Node pinned for this platform is one of them.
function isRuntimeMissing() {
  if (runtime.findRuntime(root)) return false;
  var pins = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).optionalDependencies;
  return Boolean(pins[runtime.pinnedPackage()]);
}

function stampPath() {
  return path.join(root, 'node_modules', '.spillway-lock');
}

function lockDigest() {
  return crypto
    .createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
}

// npm's output goes to stderr: stdout belongs to the command the user asked for.
function runNpm(args) {
  var options = { cwd: root, stdio: ['ignore', 2, 2] };
  var npm = process.env.npm_execpath;
  var result;
  if (npm && /\.c?js$/.test(npm)) {
    result = childProcess.spawnSync(process.env.npm_node_execpath || process.execPath, [npm].concat(args), options);
  } else {
    options.shell = process.platform === 'win32';
    result = childProcess.spawnSync('npm', args, options);
  }
  if (result.error) console.error('spillway: cannot run npm: ' + result.error.message);
  return result.error ? 1 : result.status;
}

module.exports = { launch: launch };
