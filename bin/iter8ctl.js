#!/usr/bin/env node
// CommonJS: what V8 compiled of ES modules cannot be kept between two runs.
'use strict';
const { existsSync } = require('node:fs');
const path = require('node:path');

const program = path.join(__dirname, '../dist/main.cjs');
if (existsSync(program)) {
  try {
    require('./compiled-code.js').load(program);
  } catch (error) {
    // Node would exit with 1, which means "no".
    process.stderr.write(`error: iter8ctl cannot be loaded; install it again\n${error?.stack ?? error}\n`);
    process.exit(70);
  }
} else {
  process.stderr.write('error: iter8ctl is not built here\n  build it: npm ci && npm run build\n');
  process.exitCode = 70;
}
