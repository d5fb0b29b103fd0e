// node:http without what comes along when it is imported. To link an `import` Node reads every export of the module, and
// reading one of http's, WebSocket, loads the undici that Node has of its own: 11 MB of a process at rest that never uses it.
// Types may be imported as ever. What the process serves with must come from here.
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');
