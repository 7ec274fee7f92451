#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) {
  module.enableCompileCache?.(); // absent on Node 20
  try {
    await import(program);
  } catch (error) {
    // Node would exit with 1, which means "no".
    process.stderr.write(`error: iter8ctl cannot be loaded; install it again\n${error?.stack ?? error}\n`);
    process.exit(70);
  }
} else {
  process.stderr.write('error: iter8ctl is not built here\n  build it: npm ci && npm run build\n');
  process.exitCode = 70;
}
